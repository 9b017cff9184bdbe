"""Every error a user can meet, and the exit code each one ends with.

    PipelineError                1  unexpected: a fault of ours, or of the disk under us
    ├── StateError               1  the journal or a state file can't be trusted or written
    ├── UsageError               2  a wrong option, name or file given by the caller
    │   └── SettingsError        2  the settings file says something it can't mean
    ├── InputRefused             4  no usable header, no accepted row, too many findings
    ├── GuardRefused             5  readable but suspicious: a guard said no
    ├── PlanRefused              6  stale, tampered, too old or already used
    ├── Incomplete               7  finished, some records refused, skipped or not applied
    ├── OutcomeUnknown           8  something sent has no known outcome yet: resume
    ├── ShopError                9  the shop can't be reached or won't let us in
    │   ├── Unreachable          9  no answer, and proof that nothing was sent
    │   ├── AnswerLost           9  the request left, its answer didn't arrive or can't be read
    │   ├── Refused              9  the shop answered with an ErrorResponse
    │   │   ├── LoginRefused     9  E007, E009: wrong key, user or role
    │   │   └── Throttled        9  E429 or HTTP 429: too many requests or feeds
    │   └── SnapshotIncomplete   9  what was downloaded isn't proven whole
    ├── Locked                  10  another run holds this shop
    └── Interrupted        130/143  a signal stopped us: resume

Foreign exceptions are translated where they enter (market/transport, store, read) and nowhere else.
A message says what happened and where; a hint says what to do next.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line (design contract: users script against them)."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    CHANGES = 3
    INPUT = 4
    GUARD = 5
    PLAN = 6
    INCOMPLETE = 7
    UNKNOWN = 8
    SHOP = 9
    LOCKED = 10
    SIGINT = 130
    SIGTERM = 143


#: Where several codes hold at once, the first in this order is the one to report.
PRECEDENCE = (
    Exit.SIGINT,
    Exit.SIGTERM,
    Exit.UNEXPECTED,
    Exit.UNKNOWN,
    Exit.SHOP,
    Exit.LOCKED,
    Exit.PLAN,
    Exit.GUARD,
    Exit.INPUT,
    Exit.INCOMPLETE,
    Exit.CHANGES,
    Exit.USAGE,
    Exit.DONE,
)


def worst(*codes: int) -> Exit:
    """The one code that stands for several, by the order of the contract."""
    return min((Exit(code) for code in codes), key=PRECEDENCE.index, default=Exit.DONE)


class PipelineError(Exception):
    """Base of all errors that reach a user; never raised itself.

    Attributes:
        message: what happened, naming file, place and value.
        hint: what to do next, or "".
    """

    exit_code = Exit.UNEXPECTED
    code = "unexpected"

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code


class StateError(PipelineError):
    """State on disk can't be trusted or written: nothing more is sent."""

    code = "state"


class UsageError(PipelineError):
    """The caller asked for something that can't be meant: correct the command."""

    exit_code = Exit.USAGE
    code = "usage"


class SettingsError(UsageError):
    """The settings file can't be used: correct the key that is named."""

    code = "settings"


class InputRefused(PipelineError):
    """The catalog can't be used: correct the file."""

    exit_code = Exit.INPUT
    code = "input-refused"


class GuardRefused(PipelineError):
    """A guard refused: read the report, then correct the file or allow the rule."""

    exit_code = Exit.GUARD
    code = "guard-refused"


class PlanRefused(PipelineError):
    """The plan can't be pushed: make a new one."""

    exit_code = Exit.PLAN
    code = "plan-refused"


class Incomplete(PipelineError):
    """Finished, but not everything was applied: read the result."""

    exit_code = Exit.INCOMPLETE
    code = "incomplete"


class OutcomeUnknown(PipelineError):
    """Something that was sent has no known outcome yet: resume the run."""

    exit_code = Exit.UNKNOWN
    code = "outcome-unknown"


class ShopError(PipelineError):
    """The shop didn't give what was asked."""

    exit_code = Exit.SHOP
    code = "shop"


class Unreachable(ShopError):
    """No byte of the request can have reached the shop: sending again is safe."""

    code = "unreachable"


class AnswerLost(ShopError):
    """The request may have been accepted: reconcile before sending again."""

    code = "answer-lost"


class Refused(ShopError):
    """The shop answered with an ErrorResponse.

    Attributes:
        number: ErrorCode as an integer (7 for E007), 0 where it can't be read.
        platform: True where ErrorType is Platform (their fault, outcome unknown for a POST).
        details: ErrorDetail rows as (field, message, value, sku).
    """

    code = "refused"

    def __init__(
        self,
        message: str,
        *,
        number: int = 0,
        platform: bool = False,
        details: tuple[tuple[str, str, str, str], ...] = (),
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.number = number
        self.platform = platform
        self.details = details


class LoginRefused(Refused):
    """Wrong key, user or role (E007, E009): never retried in a loop, accounts get locked out."""

    code = "login-refused"


class Throttled(Refused):
    """E429, or HTTP 429 whatever its body: nothing was accepted.

    Attributes:
        retry_after: seconds the shop asked for, or None.
    """

    code = "throttled"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message, number=429)
        self.retry_after = retry_after


class SnapshotIncomplete(ShopError):
    """Pages disagree: what the shop holds isn't known well enough to conclude from it."""

    code = "snapshot-incomplete"


class Locked(PipelineError):
    """Another run holds this shop: wait for it."""

    exit_code = Exit.LOCKED
    code = "locked"


class Interrupted(PipelineError):
    """A signal stopped us at a safe point: resume."""

    code = "interrupted"

    def __init__(self, message: str, *, signal_exit: Exit, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit_code = signal_exit
