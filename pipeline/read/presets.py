"""Where a mapping lies: beside the settings, in the current folder, or among those we ship."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import SettingsError

_HERE = Path(__file__).resolve()
#: The configs of a source tree, and those of an installed package.
_CONFIGS = (_HERE.parents[2] / "configs", _HERE.parents[1] / "_configs")
_SHIPPED = tuple(folder / "mappings" for folder in _CONFIGS)
_PREFIX = "configs/mappings/"


def find_mapping(name: str, base: Path) -> Path:
    """The file of a mapping: a path, or the bare name of a preset such as "woocommerce".

    Raises:
        SettingsError: neither; names the presets there are.
    """
    bare = name.removeprefix(_PREFIX).removesuffix(".toml")
    places = [base / name, Path(name), *(folder / f"{bare}.toml" for folder in _SHIPPED if "/" not in bare)]
    for place in places:
        if place.is_file():
            return place.resolve()
    known = ", ".join(presets())
    raise SettingsError(f"no mapping {name!r}", hint=f"a path to a mapping file, or one of: {known}")


def shipped(name: str) -> Path:
    """A file of `configs/`, wherever the package lies.

    Raises:
        SettingsError: the package was installed without it.
    """
    found = next((folder / name for folder in _CONFIGS if (folder / name).is_file()), None)
    if found is None:
        raise SettingsError(f"configs/{name} isn't there", hint="install sellercenter-pipeline anew")
    return found


def presets() -> tuple[str, ...]:
    """Names of the mappings that we ship."""
    return tuple(
        sorted({path.stem for folder in _SHIPPED if folder.is_dir() for path in folder.glob("*.toml")})
    )
