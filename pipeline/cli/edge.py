"""The one place where an outcome or an error becomes output and an exit code."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from pipeline.cli.shell import Shell
from pipeline.errors import Exit, Interrupted, PipelineError, UsageError
from pipeline.report.text import visible
from pipeline.usecases.outcome import Outcome


class Terminated(KeyboardInterrupt):
    """SIGTERM stops us the way Ctrl-C does."""


def guarded(shell: Shell, call: Callable[[], object]) -> int:
    """Run a call, show what came of it, and give its exit code; nothing passes this line."""
    try:
        result = call()
        return _show(shell, result) if isinstance(result, Outcome) else _code(result)
    except (KeyboardInterrupt, click.Abort) as error:
        return _fail(shell, _interrupted(error), error)
    except click.ClickException as error:
        return _fail(shell, _misused(shell, error), error)
    except PipelineError as error:
        return _fail(shell, error, error)
    except Exception as error:  # noqa: BLE001 - the last line of defence: whatever it is, it's said in words
        return _fail(shell, _unexpected(shell, error), error)


def listen_to_signals() -> None:
    """SIGTERM, and a terminal that is closed, end a run as Ctrl-C does; under nohup nothing is closed."""

    def stop(number: int, _: object) -> None:
        raise Terminated(number)

    for name in ("SIGTERM", "SIGBREAK", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def speak_safely(stream: TextIO | None) -> None:
    """A terminal that lacks a character shows its escape instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def typed(words: Sequence[str]) -> list[str]:
    """The words of a real command line: where the terminal leaves `*.csv` to us (Windows), expand it."""
    if os.name != "nt":
        return list(words)
    return [name for word in words for name in (_files(word) or [word])]


def _files(word: str) -> list[str]:
    if word.startswith("-") or not set("*?[") & set(word):
        return []
    pattern = Path(word)
    root = Path(pattern.anchor)
    return sorted(map(str, root.glob(str(pattern.relative_to(pattern.anchor)))))


def write(stream: TextIO, text: str) -> None:
    """Write and flush; who closed the pipe has read enough, and that is no error of the run."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _hush(stream)


def _hush(stream: TextIO) -> None:
    """Let the interpreter flush into nothing at exit, instead of complaining."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
    except (OSError, ValueError):
        return


def _show(shell: Shell, outcome: Outcome) -> int:
    if shell.json:
        write(shell.stdout, _document(shell, outcome.document))
        return int(outcome.exit_code)
    for heading, part in outcome.parts:
        write(shell.stdout, f"== {heading} ==\n")
        _show(shell, part)
    if outcome.report is not None:
        from pipeline.cli.render import rendered

        write(shell.stdout, rendered(outcome.report, shell.stdout))
    if outcome.lines:
        write(shell.stdout, "\n".join(outcome.lines) + "\n")
    return int(outcome.exit_code)


def _document(shell: Shell, content: Any) -> str:
    whole = {"schema": f"sellercenter/{shell.command or 'error'}/1", **content}
    ascii_only = (shell.stdout.encoding or "").lower().replace("-", "") != "utf8"
    indent = 2 if shell.stdout.isatty() else None
    return json.dumps(whole, default=str, ensure_ascii=ascii_only, indent=indent) + "\n"


def _fail(shell: Shell, error: PipelineError, origin: BaseException) -> int:
    message, hint = shell.redact(error.message), shell.redact(error.hint)
    if shell.debug:
        import traceback

        write(shell.stderr, shell.redact("".join(traceback.format_exception(origin))))
    if shell.json:
        told = {"code": error.code, "message": message, "hint": hint}
        write(shell.stdout, _document(shell, {"error": told, "exit_code": int(error.exit_code)}))
    told_plainly = f"error: {message}\n" + (f"hint: {hint}\n" if hint else "")
    write(shell.stderr, visible(told_plainly, keep="\n\t"))
    return int(error.exit_code)


def _code(result: object) -> int:
    """What a command that renders for itself (sandbox, --help, --version) ended with."""
    return result if isinstance(result, int) else Exit.DONE


def _interrupted(error: BaseException) -> Interrupted:
    cause = error if isinstance(error, KeyboardInterrupt) else error.__cause__
    if isinstance(cause, Terminated):
        return Interrupted("stopped by a signal", signal_exit=Exit.SIGTERM, hint=_RESUME)
    return Interrupted("interrupted", signal_exit=Exit.SIGINT, hint=_RESUME)


_RESUME = "`sellercenter runs` lists what was under way, `sellercenter resume RUN` goes on with it"


def _misused(shell: Shell, error: click.ClickException) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "sellercenter"
    if context is not None and not shell.command and context.parent is not None:
        shell.command = context.info_name or ""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return UsageError("Missing command.", hint=f"{path} --help")
    return UsageError(error.format_message(), hint=f"{path} --help")


def _unexpected(shell: Shell, error: Exception) -> PipelineError:
    from pipeline.cli.crash import write_crash

    file = write_crash(shell, error)
    said = " ".join(str(error).split())[:300]
    message = f"unexpected {type(error).__name__}" + (f": {said}" if said else "")
    where = f"a report for the developers lies in {file}" if file else "--debug shows where it happened"
    return PipelineError(message, hint=where)


def prepare() -> None:
    """Streams, signals and warnings of a real process: what a library deprecates is no user's business.

    Imports make a hundred thousand objects that stay, and tables lie outside of Python's heap: looking for
    cycles as often as Python does by default would be a tenth of start-up, and finds nothing.
    """
    gc.set_threshold(100_000, 20, 100)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    for stream in (sys.stdout, sys.stderr):
        speak_safely(stream)
    listen_to_signals()
