"""The table as text, for a terminal 80 columns wide."""

import textwrap
from collections.abc import Iterator, Sequence

from examples.demo.situations import SITUATIONS, Situation
from examples.demo.verdicts import Cell

_WIDTH = 78
_INDENT = 16
_GREEN, _RED, _BOLD = "\x1b[32m", "\x1b[31m", "\x1b[1m"


class Style:
    """What the terminal can show: colours or none, ticks or plain ASCII."""

    def __init__(self, *, colours: bool = False, encoding: str = "utf-8") -> None:
        self._colours = colours
        try:
            "✓✗".encode(encoding)
        except UnicodeEncodeError:
            self._right, self._wrong = "+", "!"
        else:
            self._right, self._wrong = "✓", "✗"

    def mark(self, text: str, *, ok: bool) -> str:
        """Return the text after a mark that says whether it is as expected."""
        return f"{self._right if ok else self._wrong} {text}"

    def paint(self, text: str, colour: str) -> str:
        """Return the text in a colour, where there are any."""
        return f"{colour}{text}\x1b[0m" if self._colours else text


def table(cells: Sequence[Cell], style: Style) -> str:
    """Return frameworks x situations and, under them, what was done and why it came out so."""
    lines = [*_grid(cells, style), ""]
    for situation in SITUATIONS:
        lines += _legend(situation, [cell for cell in cells if cell.situation == situation], style)
    wrong = sum(not cell.ok for cell in cells)
    verdict = f"{len(cells) - wrong} of {len(cells)} verdicts are as expected"
    lines += ["", style.paint(style.mark(verdict, ok=not wrong), _RED if wrong else _GREEN)]
    return "\n".join(lines)


def _grid(cells: Sequence[Cell], style: Style) -> Iterator[str]:
    rows: dict[str, list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.framework, []).append(cell)
    titles = [(*situation.name.split(), "")[:2] for situation in SITUATIONS]
    heads = [[first for first, _ in titles], [second for _, second in titles]]
    texts = [
        [style.mark(_short(cell.verdict), ok=cell.ok) for cell in row] for row in rows.values()
    ]
    widths = [max(map(len, column)) for column in zip(*heads, *texts, strict=True)]
    side = max(map(len, rows))
    for head in heads:
        line = [title.ljust(width) for title, width in zip(head, widths, strict=True)]
        yield style.paint("  ".join(["".ljust(side), *line]).rstrip(), _BOLD)
    yield "  ".join("-" * width for width in (side, *widths))
    for (framework, row), row_texts in zip(rows.items(), texts, strict=True):
        line = [
            style.paint(text.ljust(width), _GREEN if cell.ok else _RED)
            for cell, text, width in zip(row, row_texts, widths, strict=True)
        ]
        yield "  ".join([style.paint(framework.ljust(side), _BOLD), *line]).rstrip()


def _short(verdict: str) -> str:
    """Return a verdict as it fits the table: what is readable goes by its status."""
    return verdict.replace("readable ", "")


def _legend(situation: Situation, cells: Sequence[Cell], style: Style) -> Iterator[str]:
    yield _hanging(situation.name, situation.story)
    right = dict.fromkeys(cell.reason for cell in cells if cell.ok)
    for reason in right:
        yield _hanging("", f"{situation.expected}: {reason}")
    for cell in cells:
        if not cell.ok:
            told = f"{cell.framework}: {cell.verdict}, not {situation.expected}: {cell.reason}"
            yield style.paint(_hanging("", told), _RED)


def _hanging(title: str, text: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=title.ljust(_INDENT),
        subsequent_indent=" " * _INDENT,
        break_on_hyphens=False,
    )
