"""Where a mapping lies: beside the settings, in the current folder, or among those we ship."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import SettingsError

_HERE = Path(__file__).resolve()
#: The configs of a source tree, and those of an installed package.
_SHIPPED = (_HERE.parents[2] / "configs" / "mappings", _HERE.parents[1] / "_configs" / "mappings")
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


def presets() -> tuple[str, ...]:
    """Names of the mappings that we ship."""
    return tuple(
        sorted({path.stem for folder in _SHIPPED if folder.is_dir() for path in folder.glob("*.toml")})
    )
