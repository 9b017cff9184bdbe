"""Wheel and sdist hold what the program needs at run time, and the wheel alone runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, built by the backend as pip would."""
    out = tmp_path_factory.mktemp("dist")
    code = "import sys; from hatchling.build import *; build_wheel(sys.argv[1]); build_sdist(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", code, str(out)], cwd=Path(__file__).parents[2], check=True, timeout=100
    )
    return out


def tracked(root: Path, *folders: str) -> set[str]:
    """Files of these folders that belong to the project."""
    return {
        str(file.relative_to(root).as_posix())
        for folder in folders
        for file in (root / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith(".")
    }


def moved(name: str) -> str:
    """Where a file of the checkout lies in the wheel."""
    folder = name.split("/")[0]
    return f"pipeline/_{name}" if folder in ("configs", "sample_data") else name


def test_the_wheel_holds_code_data_and_types(built: Path, root: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {moved(name) for name in tracked(root, "pipeline", "schemas", "configs", "sample_data")}
    assert {"pipeline/py.typed", "pipeline/_configs/default.toml"} <= names


def test_the_sdist_holds_what_builds_and_tests_it(built: Path, root: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    folders = ("pipeline", "schemas", "configs", "sample_data", "tests", "docs")
    files = {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "Makefile",
        "requirements.lock",
        "requirements-dev.lock",
    }
    assert (tracked(root, *folders) | files) - names == set()


def test_the_wheel_alone_finds_its_data(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import pipeline; from pipeline.read.presets import presets; "
        "print(pipeline.__file__); print(len(presets()))"
    )
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    origin, found = done.stdout.splitlines()
    presets = len(list((Path(__file__).parents[2] / "configs" / "mappings").glob("*.toml")))
    assert (Path(origin).parent, found) == (tmp_path / "site" / "pipeline", str(presets))
