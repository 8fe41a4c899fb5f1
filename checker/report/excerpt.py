"""Source lines with carets under the part that matters."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from wfcheck.checker.report.escape import show_char, visible, width
from wfcheck.checker.report.sources import Sources
from wfcheck.checker.report.style import Style
from wfcheck.dsl.source import Source, Span

_WIDEST = 160
_MOST_LINES = 12


@attrs.frozen
class Mark:
    """A span to underline, the word beside it, and whether it is the main one."""

    span: Span
    text: str
    primary: bool


@attrs.frozen
class _Row:
    line: int
    start: int  # 0-based code points, half open
    end: int
    text: str
    primary: bool


def place(span: Span) -> str:
    """`file:line:column`, inert."""
    return f"{visible(span.file)}:{span.line}:{span.column}"


def excerpt(marks: Sequence[Mark], sources: Sources, style: Style) -> list[str]:
    """The excerpt of every file the marks are in, that of the first mark first. Each starts with its place."""
    files = list(dict.fromkeys(mark.span.file for mark in marks))
    gutter = max(len(str(mark.span.end_line)) for mark in marks)
    lines: list[str] = []
    for index, file in enumerate(files):
        here = [mark for mark in marks if mark.span.file == file]
        arrow = "-->" if index == 0 else ":::"
        lines.append(" " * gutter + style.paint("blue", arrow) + " " + place(here[0].span))
        lines += _file_excerpt(here, sources(file), gutter, style)
    return lines


def _file_excerpt(marks: Sequence[Mark], source: Source | None, gutter: int, style: Style) -> list[str]:
    bar = " " * gutter + " " + style.paint("blue", "|")
    if source is None:
        return [f"{bar} {visible(m.text)} ({place(m.span)})" for m in marks if m.text and not m.primary]
    rows = sorted(
        (row for mark in marks for row in _rows(mark, source)), key=lambda r: (r.line, not r.primary)
    )
    lines = [bar]
    last = None
    view = _View("", 0, 0)
    for row in rows[: 2 * _MOST_LINES]:
        if row.line != last:
            if last is not None and row.line > last + 1:
                lines.append(style.paint("blue", "..."))
            view = _view(row, source.line_text(row.line))
            number = style.paint("blue", f"{row.line:>{gutter}} |")
            lines.append(f"{number} {view.shown()}".rstrip())
            last = row.line
        lines.append(f"{bar} {_underline(row, view, style)}")
    return lines


def _rows(mark: Mark, source: Source) -> list[_Row]:
    """The lines a mark underlines: all of it on one line, else its first and its last line."""
    span = mark.span
    last_line = source.position(len(source.text))[0]
    if span.line > last_line:
        return []
    first = source.line_text(span.line)
    if span.end_line <= span.line:
        return [
            _Row(span.line, span.column - 1, max(span.end_column - 1, span.column), mark.text, mark.primary)
        ]
    top = _Row(span.line, span.column - 1, max(len(first), span.column), "", mark.primary)
    bottom = source.line_text(min(span.end_line, last_line))
    indent = len(bottom) - len(bottom.lstrip())
    end = max(span.end_column - 1, indent + 1)
    return [top, _Row(min(span.end_line, last_line), indent, end, mark.text, mark.primary)]


@attrs.frozen
class _View:
    """The part `[start, end)` of a line that is shown: all of it unless it is long."""

    text: str
    start: int
    end: int

    def shown(self) -> str:
        middle = "".join(map(_cell, self.text[self.start : self.end]))
        return ("…" if self.start else "") + middle + ("…" if self.end < len(self.text) else "")

    def columns(self, start: int, end: int) -> int:
        """Terminal columns of a piece; places beyond the end of the line count one each."""
        beyond = max(0, end - max(start, self.end))
        return width("".join(map(_cell, self.text[start : min(end, self.end)]))) + beyond


def _view(row: _Row, text: str) -> _View:
    if len(text) <= _WIDEST:
        return _View(text, 0, len(text))
    start = max(0, min(row.start - _WIDEST // 4, len(text) - _WIDEST))
    return _View(text, start, start + _WIDEST)


def _underline(row: _Row, view: _View, style: Style) -> str:
    start = max(row.start, view.start)
    if view.end < len(view.text):  # a place in the part that is cut off is marked where the cut is
        start = min(start, view.end)
    end = max(min(row.end, view.end), start + 1)
    before = view.columns(view.start, start) + (1 if view.start else 0)
    marks = ("^" if row.primary else "-") * max(1, view.columns(start, end))
    label = f" {visible(row.text)}" if row.text else ""
    return " " * before + style.paint("red" if row.primary else "blue", marks + label)


def _cell(char: str) -> str:
    return "    " if char == "\t" else show_char(char)
