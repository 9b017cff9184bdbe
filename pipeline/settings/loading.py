"""configs/*.toml → Settings, or an error that names what to correct."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from pipeline.errors import SettingsError
from pipeline.settings.explain import explained, misfits
from pipeline.settings.meant import meant_file
from pipeline.settings.whole import Settings

_ALL = "`sellercenter init --full all-settings.toml` writes a file with every setting and its default"


def load_settings(path: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        SettingsError: missing, no TOML, an unknown key, a value out of range; names file, line and key.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = meant_file(path)
        hint = f"{near} " if near.startswith("Did") else ""
        hint += "`sellercenter init` writes one; --config FILE names another"
        raise SettingsError(f"no settings file {path}", hint=hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"can't read settings file {path}: {error}") from error
    return parse_settings(text, path)


def parse_settings(text: str, path: Path) -> Settings:
    """Check the text of a settings file; `path` is the name it has, or will have.

    Raises:
        SettingsError: as `load_settings`.
    """
    try:
        settings = Settings.model_validate({**tomllib.loads(text), "path": path})
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from error
    except ValidationError as error:
        raise SettingsError(explained(path, text, error), hint=_ALL) from None
    if wrong := misfits(path, text, settings):
        raise SettingsError(wrong, hint=_ALL)
    return settings
