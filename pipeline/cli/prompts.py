"""Questions put to a person at a terminal; on stderr, so that stdout stays a result."""

from __future__ import annotations

from collections.abc import Sequence

import click


class Prompts:
    """`usecases.init.Prompt` over a terminal."""

    def text(self, question: str, default: str) -> str:
        answer: str = click.prompt(question, default=default or None, err=True)
        return answer.strip()

    def choice(self, question: str, choices: Sequence[str], default: str) -> str:
        answer: str = click.prompt(question, type=click.Choice(choices), default=default, err=True)
        return answer
