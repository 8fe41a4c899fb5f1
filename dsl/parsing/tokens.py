"""Tokens in columns, and the words that are never names."""

from __future__ import annotations

from functools import cached_property

import attrs

from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.source import Source, Span
from wfcheck.dsl.syntax import Comment


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


RESERVED = words(
    "if else match case for in while return and or not implies then when where requires ensures invariant "
    "always max matches like contains startswith endswith until since any all"
)
OPENERS = words("LPAR LSQB LBRACE")
CLOSERS = words("RPAR RSQB RBRACE")
_NAMING = frozenset({":", "=", "(", "."})


@attrs.define(slots=False)
class Tokens:
    """Parallel columns, one row per token; the last is `$END`. A closing bracket that the author forgot has no
    text. `line_starts` are offsets, by line from 0. `complete` is false where a limit cut the text short."""

    source: Source
    kinds: list[str] = attrs.Factory(list)
    texts: list[str] = attrs.Factory(list)
    values: list[object] = attrs.Factory(list)
    starts: list[int] = attrs.Factory(list)
    lines: list[int] = attrs.Factory(list)
    line_starts: list[int] = attrs.Factory(lambda: [0])
    comments: list[Comment] = attrs.Factory(list)
    diagnostics: list[Diagnostic] = attrs.Factory(list)
    complete: bool = True

    def span(self, first: int, last: int) -> Span:
        """From the start of one token to the end of another; empty where the second ends first."""
        start, line = self.starts[first], self.lines[first]
        end, end_line = self.starts[last] + len(self.texts[last]), self.lines[last]
        if end < start:
            end, end_line = start, line
        path, line_starts = self.source.path, self.line_starts
        column, end_column = start - line_starts[line - 1] + 1, end - line_starts[end_line - 1] + 1
        return Span(path, start, end, line, column, end_line, end_column)

    def end(self, row: int) -> int:
        """The offset after a token."""
        return self.starts[row] + len(self.texts[row])

    def first(self, row: int) -> bool:
        """Whether a token is the first of its line."""
        before = row - 1
        while before >= 0 and not self.texts[before]:
            before -= 1
        return before < 0 or self.lines[row] != self.lines[before]

    def named(self, row: int) -> bool:
        """Whether a soft keyword stands as a name: directly before `:` `=` `(` `.`. Before `:`, `true`, `false` and
        `none` are names only where a field or an argument begins."""
        texts = self.texts
        if row + 1 >= len(texts) or texts[row + 1] not in _NAMING or texts[row] in RESERVED:
            return False
        if texts[row] not in {"true", "false", "none"} or texts[row + 1] != ":":
            return True
        return row > 0 and texts[row - 1] in {"{", "(", ","}

    def partner(self, row: int) -> int:
        """The row of the bracket that closes the one in `row`."""
        depth = 0
        for later in range(row, len(self.kinds)):
            depth += (self.kinds[later] in OPENERS) - (self.kinds[later] in CLOSERS)
            if depth == 0:
                return later
        return len(self.kinds) - 2

    @cached_property
    def openers(self) -> list[int]:
        """For each token the row of the innermost bracket open at it, or -1; a bracket is not inside itself."""
        found: list[int] = []
        stack: list[int] = [-1]
        for row, kind in enumerate(self.kinds):
            if kind in CLOSERS:
                stack.pop()
            found.append(stack[-1])
            if kind in OPENERS:
                stack.append(row)
        return found
