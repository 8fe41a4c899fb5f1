"""Source text and the places in it. Lines and columns count from 1, in code points; ends are exclusive."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

import attrs


@attrs.frozen
class Span:
    """A half-open piece of one file: `[start, end)` in code points, with its lines and columns."""

    file: str
    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int


@attrs.frozen(slots=False)
class Source:
    """The decoded text of one file; `path` is what messages show."""

    path: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        while (found := self.text.find("\n", starts[-1])) >= 0:
            starts.append(found + 1)
        return starts

    def span(self, start: int, end: int) -> Span:
        """The span of `[start, end)`; both are clamped to the text."""
        start = max(0, min(start, len(self.text)))
        end = max(start, min(end, len(self.text)))
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        return Span(self.path, start, end, line, column, end_line, end_column)

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of a code point offset."""
        row = bisect_right(self._starts, offset) - 1
        return row + 1, offset - self._starts[row] + 1

    def line_text(self, line: int) -> str:
        """The text of a 1-based line, without its end."""
        start = self._starts[line - 1]
        end = self._starts[line] - 1 if line < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r")


def join(first: Span, last: Span) -> Span:
    """The span from the start of `first` to the end of `last` (one file)."""
    return Span(first.file, first.start, last.end, first.line, first.column, last.end_line, last.end_column)
