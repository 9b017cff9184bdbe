"""`make bench`: every promise of speed and memory, measured beside floors and peers in the same run.

    python tests/bench/run.py [--size 10k|100k|1m] [--only P1,P6] [--by cpu] [--no-write]

Table and plot go into docs/performance.md where all promises were measured. Seconds mean nothing by
themselves: what counts, and what `limits.toml` holds, are ratios of one run.
Exit 1 where a ratio is over its limit.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path

import promises
import render
from promises import Bench, Row

SIZES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
DATA = Path(__file__).resolve().parents[2] / "build" / "bench"


def main() -> int:
    """Measure, print, write where asked, judge."""
    said = _arguments()
    bench = Bench(folder=said.data, size=said.size, rows=SIZES[said.size], by=said.by)
    rows: list[Row] = []
    for name, promise in promises.PROMISES.items():
        if said.only and name not in said.only.split(","):
            continue
        begun = time.perf_counter()
        found = list(promise(bench))
        rows += found
        for row in found:
            print(f"{row.promise:4} {row.what:58} {row.shown}", flush=True)
        print(f"     ({name} took {time.perf_counter() - begun:.0f} s)", file=sys.stderr, flush=True)
    if not said.only and not said.no_write:
        render.write(rows, bench, machine=f"{platform.system()} {platform.machine()}, "
                     f"Python {platform.python_version()}")  # fmt: skip
    over = [row for row in rows if not row.fits]
    for row in over:
        print(f"over its limit: {row.promise} {row.what}: {row.shown}", file=sys.stderr)
    return 1 if over else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="100k", help="rows of the catalog")
    parser.add_argument("--by", choices=("wall", "cpu"), default="wall", help="what ratios are made of")
    parser.add_argument("--only", default="", help="promises, by their numbers: P1,P6")
    parser.add_argument("--data", type=Path, default=DATA, help="where generated files are kept")
    parser.add_argument("--no-write", action="store_true", help="leave docs/performance.md as it is")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
