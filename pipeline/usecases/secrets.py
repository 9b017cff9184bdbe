"""References to secrets → the secrets, at the moment they are needed and not before.

The settings hold `env:NAME`, `file:PATH`, `cmd:COMMAND` or `keyring:SERVICE/USER`. Messages name the
reference, never what it leads to. A file that every user of the machine can read is refused.
"""

from __future__ import annotations

import os
import shlex
import stat
import string
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.market.secret import Secret

CMD_TIMEOUT = 30.0  # seconds


def resolve(
    reference: str, *, base: Path, environ: Mapping[str, str], timeout: float = CMD_TIMEOUT
) -> Secret:
    """The secret behind a reference; relative files lie beside the settings (`base`).

    Raises:
        SettingsError: it leads nowhere, to nothing, or to a file that others can read.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        value = _from_env(rest, environ)
    elif scheme == "file":
        value = _from_file(secret_file(rest, base=base, environ=environ))
    elif scheme == "cmd":
        value = _from_command(rest, timeout)
    elif scheme == "keyring":
        value = _from_keyring(rest)
    else:
        raise SettingsError("a secret must be given by env:, file:, cmd: or keyring:")
    return Secret(_one_line(reference, value))


def secret_file(rest: str, *, base: Path, environ: Mapping[str, str]) -> Path:
    """The file that `file:…` names; `~` and variables such as $CREDENTIALS_DIRECTORY are resolved.

    Raises:
        SettingsError: a variable in it isn't set.
    """
    try:
        text = rest if os.name == "nt" and "$" not in rest else string.Template(rest).substitute(environ)
    except (KeyError, ValueError) as error:
        raise SettingsError(f"secret file:{rest}: variable {error} isn't set", hint=_HINT) from None
    return base / Path(text).expanduser()


def exposure(file: Path) -> str:
    """Who else may read a secret file: "world", "group", or "" where only its owner (or Windows decides)."""
    if os.name != "posix":
        return ""
    mode = file.stat().st_mode
    if mode & (stat.S_IRWXO):
        return "world"
    return "group" if mode & stat.S_IRWXG else ""


_HINT = "the settings' api_key says where the key is; correct the reference, or put the key there"


def _from_env(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "")
    if not value.strip():
        raise SettingsError(f"secret env:{name}: the environment variable isn't set", hint=f"export {name}=…")
    return value


def _from_file(file: Path) -> str:
    try:
        if exposure(file) == "world":
            raise SettingsError(f"secret file:{file}: every user can read it", hint=f"chmod 600 {file}")
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"secret file:{file}: no such file", hint=_HINT) from None
    except UnicodeDecodeError:
        raise SettingsError(f"secret file:{file}: not text", hint=_HINT) from None
    except OSError as error:
        raise SettingsError(f"secret file:{file}: {error.strerror}", hint=_HINT) from None


def _from_command(command: str, timeout: float) -> str:
    """Its standard output; what it says on standard error is not ours to repeat."""
    try:
        words = shlex.split(command, posix=os.name == "posix")
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=True
        )
        return done.stdout.decode("utf-8-sig")
    except subprocess.TimeoutExpired:
        problem = f"no answer within {timeout:g} s"
    except subprocess.CalledProcessError as error:
        problem = f"ended with status {error.returncode}"
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except (ValueError, IndexError):
        problem = "can't be read as a command, or its answer isn't text"
    raise SettingsError(
        f"secret cmd:{command}: {problem}", hint="run the command by hand to see why"
    ) from None


def _from_keyring(rest: str) -> str:
    service, _, user = rest.rpartition("/")
    return _ask_keyring(_keyring(), service, user)


def _keyring() -> Callable[[str, str], str | None]:
    try:
        import keyring
    except ImportError:
        hint = "install the extra: sellercenter-pipeline[keyring]"
        raise SettingsError("secret keyring:… needs the package keyring", hint=hint) from None
    get: Callable[[str, str], str | None] = keyring.get_password
    return get


def _ask_keyring(get: Callable[[str, str], str | None], service: str, user: str) -> str:
    try:
        value = get(service, user)
    except Exception as error:  # noqa: BLE001 - every backend raises its own
        problem = f"secret keyring:{service}/{user}: {type(error).__name__}"
        raise SettingsError(problem, hint="is a keyring unlocked here? env: and file: need none") from None
    if not value:
        raise SettingsError(
            f"secret keyring:{service}/{user}: nothing stored", hint=f"keyring set {service} {user}"
        )
    return value


def _one_line(reference: str, value: str) -> str:
    text = value.strip()
    if not text or len(text.splitlines()) != 1:
        raise SettingsError(f"secret {reference}: must be one line, and not empty", hint=_HINT)
    return text
