"""Draws results.svg for the README: what a CORS layer adds to an allowed request, per framework.

Written by hand, for a chart of ten bars needs no library. Colours are set for a light and for a
dark page by a media query; where a viewer knows none, the light ones show, on no background.
"""

from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from benchmarks.compare import Row

_WIDTH, _LABELS, _NOTES, _BAR, _GAP, _TOP = 760, 220, 200, 16, 20, 64
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #3d444d }
.title { font-size: 16px; font-weight: 600 }
.note { font-size: 12px; fill: #6b7480 }
.peer { fill: #a8b1bc }
.ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #d1d7e0 }
  .note { fill: #9198a1 }
  .peer { fill: #656c76 }
  .ours { fill: #4493f8 }
}
"""


class _Bars(NamedTuple):
    framework: str
    peer: str
    peer_us: float
    ours_us: float


def chart(rows: list[Row]) -> str:
    """Return the SVG of the rows with 3 origins and an allowed actual request."""
    bars = [
        _Bars(row["title"], row["peer"], *_microseconds(row))
        for row in rows
        if row["origins"] == 3 and row["situation"] == "actual"
    ]
    height = _TOP + len(bars) * (2 * _BAR + _GAP) + 8
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}"'
        f' viewBox="0 0 {_WIDTH} {height}" role="img">',
        "<title>What a CORS layer adds to a request, in microseconds</title>",
        f"<style>{_STYLE}</style>",
        _text(0, 18, "What a CORS layer adds to an allowed request", "title"),
        _text(0, 40, "microseconds above the same app without one, 3 origins; shorter is better",
              "note"),
    ]  # fmt: skip
    longest = max((max(bar.peer_us, bar.ours_us) for bar in bars), default=1)
    per_us = (_WIDTH - _LABELS - _NOTES) / longest
    for index, bar in enumerate(bars):
        lines += _pair(bar, _TOP + index * (2 * _BAR + _GAP), per_us)
    return "\n".join([*lines, "</svg>", ""])


def _microseconds(row: Row) -> tuple[float, float]:
    return row["overhead"]["peer"] / 1e3, row["overhead"]["ours"] / 1e3


def _pair(bar: _Bars, top: float, per_us: float) -> list[str]:
    lines = [_text(0, top + 12, bar.framework, "")]
    for row, (name, us, kind) in enumerate(
        ((bar.peer, bar.peer_us, "peer"), ("cors-core", bar.ours_us, "ours"))
    ):
        y = top + row * _BAR
        width = max(1.0, us * per_us)
        size = f'width="{width:.1f}" height="{_BAR - 3}"'
        lines.append(f'<rect class="{kind}" x="{_LABELS}" y="{y}" {size} rx="2"/>')
        lines.append(_text(_LABELS + width + 6, y + 11, f"{us:.1f} {name}", "note"))
    return lines


def _text(x: float, y: float, text: Any, kind: str) -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{shown}>{escape(str(text))}</text>'
