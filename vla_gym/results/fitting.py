"""Tables in the width that there is: no word is cut, what does not fit goes into a second table."""

from __future__ import annotations

from collections.abc import Iterator

from vla_gym.results.table import Row, Table

_WIDE, _NARROW = 3, 1
"""Characters that a column takes beside its words, with lines between the columns or without."""
_TEXT, _NUMBERS = 40, 26
"""Most characters that the first column may claim without being wrapped."""


class Footnotes:
    """Collects what stands below a table; equal texts share a mark."""

    def __init__(self) -> None:
        """Nothing is noted yet."""
        self._marks: dict[str, str] = {}

    def mark(self, text: str) -> str:
        """Return the mark of a text, such as ``"[1]"``; none of an empty one."""
        return self._marks.setdefault(text, f"[{len(self._marks) + 1}]") if text else ""

    @property
    def lines(self) -> Row:
        """The texts behind their marks."""
        return tuple(f"{mark} {text}" for text, mark in self._marks.items())


def fitted(table: Table, width: int) -> Iterator[Table]:
    """Yield a table in parts that are no wider than ``width`` characters, if words allow it.

    Each part has the first column.
    """
    least = [least_width(table, place) + _NARROW for place in range(len(table.columns))]
    groups: list[list[int]] = [[]]
    for place in range(1, len(least)):
        if groups[-1] and sum(least[i] for i in (0, *groups[-1], place)) + 1 > width:
            groups.append([])
        groups[-1].append(place)
    for number, places in enumerate(groups):
        title = f"{table.title} (continued)" if number else table.title
        yield _part(table, (0, *places), title)


def unwrapped(table: Table) -> bool:
    """Whether the names in the first column stay on one line."""
    return _longest(table, 0) <= (_TEXT if table.text else _NUMBERS)


def roomy(table: Table, width: int) -> bool:
    """Whether there is room for lines between the columns without wrapping numbers."""
    longest = [_longest(table, place) for place in range(len(table.columns))]
    return table.text or sum(longest) + _WIDE * len(longest) + 1 <= width


def _part(table: Table, places: tuple[int, ...], title: str) -> Table:
    def kept(row: Row) -> Row:
        return tuple(row[place] for place in places)

    sections = tuple(tuple(map(kept, section)) for section in table.sections)
    return Table(title, kept(table.columns), sections, table.text)


def least_width(table: Table, place: int) -> int:
    """Return the width that a column needs so that no word of it is cut."""
    if place == 0 and unwrapped(table):
        return _longest(table, 0)
    words = (word for cell in _cells(table, place) for word in cell.split())
    longest = max(map(len, words), default=1)
    return longest if place else min(longest, _NUMBERS)


def _longest(table: Table, place: int) -> int:
    return max((len(cell) for cell in _cells(table, place)), default=0)


def _cells(table: Table, place: int) -> Iterator[str]:
    yield table.columns[place]
    for section in table.sections:
        for row in section:
            yield row[place]
