"""A word that is no command → what to say to whoever typed it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

#: What people type who know other programs, and what it is called here.
ELSEWHERE = {
    "import": "run", "sync": "run", "upload": "push", "send": "push", "apply": "push", "publish": "push",
    "plan": "diff", "compare": "diff", "preview": "diff", "dry-run": "diff",
    "check": "validate", "lint": "validate", "verify": "validate",
    "download": "snapshot", "export": "snapshot", "pull": "snapshot", "fetch": "snapshot",
    "undo": "rollback", "revert": "rollback", "list": "runs", "status": "runs", "log": "history",
    "mapping": "map", "config": "init", "setup": "init", "server": "sandbox", "serve": "sandbox",
    "limits": "budget", "continue": "resume", "why": "explain",
}  # fmt: skip


def meant(word: str, commands: Collection[str], program: str) -> str:
    """Words to stand behind "No such command": the command that was probably meant, or ""."""
    import difflib

    if Path(word).is_file():
        return f"{word} is a file: `{program} validate {word}` reads it"
    known = ELSEWHERE.get(word.lower())
    near = [known] if known else difflib.get_close_matches(word.lower(), commands, n=2)
    return f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
