"""A table as neutral rows; ``render`` draws it."""

from __future__ import annotations

from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows under columns, in sections that are drawn apart.

    Attributes:
        title: Above it.
        columns: Names.
        sections: Rows, grouped.
        text: Cells are words rather than numbers.
        footnotes: Lines below it, which its cells refer to.
    """

    title: str
    columns: Row
    sections: tuple[tuple[Row, ...], ...]
    text: bool = False
    footnotes: Row = ()
