"""What was measured, as tables and a plot in docs/performance.md, between its markers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log

from measure import ROOT
from promises import Bench, Row, slope

PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "performance.svg"
BEGIN, END = "<!-- measured: begin (make bench writes this) -->", "<!-- measured: end -->"
IMAGE = "![CPU seconds beside floors and peers, and how they grow](performance.svg)"
Series = Mapping[str, float]


def write(rows: Sequence[Row], bench: Bench, *, machine: str) -> None:
    """Put the numbers between the page's markers, and the plot beside it."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    by = "wall time" if bench.by == "wall" else "CPU time, for the machine had other work"
    told = f"{bench.rows:,} rows, {machine}. Ratios are of {by}."
    parts = [told, _promises(rows), IMAGE, _stages(bench), _growth(bench)]
    middle = "\n\n".join(part for part in parts if part)
    PAGE.write_text(f"{before}{BEGIN}\n\n{middle}\n\n{END}{after}", encoding="utf-8")
    PLOT.write_text(_plot(bench), encoding="utf-8")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"


def _promises(rows: Sequence[Row]) -> str:
    listed = [
        [
            row.promise,
            row.what,
            _number(row.value, row.unit),
            row.aim,
            ("yes" if row.met else "no") if row.limit else "",
            row.beside,
        ]
        for row in rows
        if row.promise
    ]
    return _table(["", "what", "measured", "promised", "met", "beside"], listed)


def _stages(bench: Bench) -> str:
    stages = [[f"— {name}", f"{wall:.2f}", f"{cpu:.2f}", ""] for name, (wall, cpu) in bench.steps.items()]
    peers = [
        [name, f"{one.wall:.2f}", f"{one.cpu:.2f}", f"{one.peak:,.0f} ({one.private:,.0f})"]
        for name, one in sorted(bench.peers.items(), key=lambda item: item[1].wall)
    ]
    heads = ["floor, peer, stage", "wall s", "CPU s", "peak MB (without mapped files)"]
    return _table(heads, [*peers, *stages])


def _growth(bench: Bench) -> str:
    sizes = [
        [
            f"{rows:,}",
            f"{one.wall:.2f}",
            f"{one.cpu:.2f}",
            f"{one.cpu / rows * 1e6:.1f}",
            f"{one.private:,.0f}",
        ]
        for rows, one in bench.growth.items()
    ]
    shares = [
        [f"{share:.0%}", f"{one.said['records']:,}", f"{one.wall:.2f}", f"{one.cpu:.2f}"]
        for share, one in bench.changed.items()
    ]
    return "\n\n".join(
        (
            _table(["rows", "wall s", "CPU s", "CPU µs a row", "peak MB"], sizes),
            _table(["changed", "records in the plan", "wall s", "CPU s"], shares),
        )
    )


def _plot(bench: Bench) -> str:
    """Who takes how long, and how cost grows with rows and with changes."""
    peers = {name: one.cpu for name, one in sorted(bench.peers.items(), key=lambda item: item[1].cpu)}
    drawn, height = _panel("CPU seconds", peers, 10)
    grown = {float(rows): one.cpu for rows, one in bench.growth.items()}
    title = "CPU seconds over rows, both logarithmic"
    if len(grown) > 1:
        title += f": slope {slope(bench.growth):.2f}"
    shares = {share * 100: one.cpu for share, one in bench.changed.items()}
    top = 10 + height
    drawn += _line(title, grown, 10, top) + _line("CPU seconds over the share changed, %", shares, 330, top)
    box = f'viewBox="0 0 640 {top + 240}" font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box}>'
    return f'{head}\n<rect width="640" height="{top + 240}" fill="#ffffff"/>\n{drawn}</svg>\n'


def _line(title: str, points: Mapping[float, float], left: int, top: int) -> str:
    """Points on two logarithmic axes, joined."""
    drawn = [f'<text x="{left}" y="{top + 14}" font-weight="bold" font-size="11">{title}</text>\n']
    if len(points) < 2:
        return "".join(drawn)
    across, up = (_axis(values) for values in (list(points), list(points.values())))
    spots = [(left + 30 + 230 * across(x), top + 200 - 150 * up(y), x, y) for x, y in points.items()]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in spots)
    drawn.append(f'<polyline points="{path}" fill="none" stroke="#0b6e4f" stroke-width="2"/>\n')
    for x, y, rows, seconds in spots:
        drawn.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#0b6e4f"/>'
            f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{seconds:.3g} s</text>'
            f'<text x="{x:.1f}" y="{top + 224}" text-anchor="middle">{rows:,.0f}</text>\n'
        )
    return "".join(drawn)


def _axis(values: Sequence[float]) -> Callable[[float], float]:
    """Value → place between 0 and 1, logarithmic."""
    low, high = log(min(values)), log(max(values))
    return lambda value: (log(value) - low) / ((high - low) or 1.0)


def _panel(title: str, series: Series, top: int) -> tuple[str, int]:
    most = max(series.values(), default=1.0) or 1.0
    lines = [f'<text x="10" y="{top + 14}" font-weight="bold">{title}</text>\n']
    for place, (name, value) in enumerate(series.items()):
        y = top + 24 + 22 * place
        width = 340 * value / most
        fill = "#0b6e4f" if name == "ours" else "#9aa5b1"
        lines.append(
            f'<text x="190" y="{y + 12}" text-anchor="end">{name}</text>'
            f'<rect x="200" y="{y}" width="{width:.1f}" height="16" fill="{fill}"/>'
            f'<text x="{206 + width:.1f}" y="{y + 12}">{value:.2f}</text>\n'
        )
    return "".join(lines), 40 + 22 * len(series)
