"""The reference is what the program says of itself."""

from __future__ import annotations

from pathlib import Path

from pipeline.cli.reference import MEANING, main, reference
from pipeline.errors import PRECEDENCE, Exit

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_every_exit_code_is_explained() -> None:
    assert set(MEANING) == set(Exit)


def test_the_order_of_codes_is_the_order_in_use() -> None:
    order = [
        int(code) for code in PRECEDENCE if code not in (Exit.SIGINT, Exit.SIGTERM, Exit.USAGE, Exit.DONE)
    ]
    assert f"the first of {', '.join(map(str, order))} is" in reference()


def test_it_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    main([str(tmp_path / "cli.md")])
    assert (tmp_path / "cli.md").read_text(encoding="utf-8") == reference()
