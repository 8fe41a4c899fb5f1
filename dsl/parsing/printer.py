"""The formatter. It keeps every token, comment and line break of the author and settles the space between them:
two blanks of indentation per open bracket, four more for a line that goes on with the line before, one blank line
at most, one way of spacing. Runs of blanks stay where they align something with the line above or below."""

from __future__ import annotations

import attrs

from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.parsing.lalr import Mark
from wfcheck.dsl.parsing.parser import layout_of
from wfcheck.dsl.parsing.printer_spacing import Context, gap
from wfcheck.dsl.parsing.tokens import Tokens, words
from wfcheck.dsl.source import Source
from wfcheck.dsl.syntax import Module

_INDENT = 2
_CONTINUATION = 2
_COMMENT_GAP = 2
_OPENERS = words("LPAR LSQB LBRACE")
_CLOSERS = words("RPAR RSQB RBRACE")


@attrs.define
class _Piece:
    """A token (`row`) or a comment (`row` -1) and the blanks before it."""

    text: str
    row: int
    blanks: int
    fixed: bool


@attrs.define
class _Line:
    pieces: list[_Piece]
    number: int
    indent: int = 0
    base: int = 0  # the indentation of the line it goes on with, else its own


def format_source(source: Source) -> str | tuple[Diagnostic, ...]:
    """The formatted text, or the mistakes for which it cannot be formatted."""
    tokens, marks, diagnostics = layout_of(source)
    if any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
        return diagnostics
    return _formatted(tokens, marks)


def format_module(module: Module, source: Source) -> str:  # noqa: ARG001 - both are what a caller has
    """The formatted text of a file that parses; its tree is that of `source`, and formatting it again changes
    nothing."""
    tokens, marks, _ = layout_of(source)
    return _formatted(tokens, marks)


def _formatted(tokens: Tokens, marks: tuple[Mark, ...]) -> str:
    context = Context.of(tokens, marks)
    lines = _lines(tokens, context)
    _indent(lines, tokens, context)
    while _drop_vain_runs(lines):
        pass
    return _render(lines, tokens)


def _lines(tokens: Tokens, context: Context) -> list[_Line]:
    """The lines of the text, each with its pieces in order; spacing settled but for runs of blanks."""
    found = [(tokens.starts[row], tokens.lines[row], tokens.texts[row], row)
             for row in range(len(tokens.kinds) - 1) if tokens.kinds[row] != "DOC"]  # fmt: skip
    found += [(c.span.start, c.span.line, c.text, -1) for c in tokens.comments]
    lines: list[_Line] = []
    end = 0
    for start, number, text, row in sorted(found):
        blanks = tokens.source.text[end:start]
        if not lines or lines[-1].number != number:
            lines.append(_Line([_Piece(text, row, 0, True)], number))
        else:
            previous = lines[-1].pieces[-1].row
            lines[-1].pieces.append(_piece(text, row, previous, blanks, context))
        end = start + len(text)
    return lines


def _piece(text: str, row: int, previous: int, blanks: str, context: Context) -> _Piece:
    width = 0 if blanks.strip(" ") else len(blanks)
    if row < 0:
        return _Piece(text, row, max(_COMMENT_GAP, width), True)
    wanted = gap(context, previous, row, bool(blanks))
    if wanted == 1 and width >= 2:
        return _Piece(text, row, width, width == 2 and row in context.starts)
    return _Piece(text, row, wanted, True)


def _indent(lines: list[_Line], tokens: Tokens, context: Context) -> None:
    """Set the indentation of every line."""
    opened: list[int] = []
    waiting: list[_Line] = []
    for line in lines:
        first = line.pieces[0].row
        if first < 0:
            line.indent = (opened[-1] + 1) if opened else 0
            waiting.append(line)
            continue
        line.base = _base(first, opened, tokens)
        goes_on = tokens.kinds[first] not in _CLOSERS and not context.begins(first)
        line.indent = line.base + (_CONTINUATION if goes_on else 0)
        if tokens.kinds[first] not in _CLOSERS:
            for comment in waiting:
                comment.indent = line.indent
        waiting.clear()
        _track(line, opened, tokens, context)


def _base(first: int, opened: list[int], tokens: Tokens) -> int:
    if tokens.kinds[first] in _CLOSERS:
        return opened[-1]
    return opened[-1] + 1 if opened else 0


def _track(line: _Line, opened: list[int], tokens: Tokens, context: Context) -> None:
    """Follow the brackets of a line; each remembers the indentation of the line that opened it."""
    for piece in line.pieces:
        if piece.row < 0:
            continue
        if tokens.kinds[piece.row] in _OPENERS:
            opened.append(line.base if piece.row in context.blocks else line.indent)
        elif tokens.kinds[piece.row] in _CLOSERS:
            opened.pop()


def _columns(line: _Line) -> list[int]:
    """Where the tokens of a line begin."""
    columns, column = [], line.indent * _INDENT
    for piece in line.pieces:
        column += piece.blanks
        if piece.row >= 0:
            columns.append(column)
        column += len(piece.text)
    return columns


def _drop_vain_runs(lines: list[_Line]) -> bool:
    """Shorten the runs of blanks that align with nothing; whether there were any."""
    code = [line for line in lines if line.pieces[0].row >= 0]
    columns = [_columns(line) for line in code]
    changed = False
    for i, line in enumerate(code):
        near = {c for j in (i - 1, i + 1) if 0 <= j < len(code) for c in columns[j]}
        for piece, column in zip(line.pieces, columns[i], strict=False):
            if not piece.fixed and column not in near:
                piece.blanks, piece.fixed, changed = 1, True, True
                break
    return changed


def _render(lines: list[_Line], tokens: Tokens) -> str:
    out: list[str] = []
    last: _Line | None = None
    for line in lines:
        if last is not None and line.number > last.number + 1 and not _hugs(last, line, tokens):
            out.append("")
        out.append(" " * (line.indent * _INDENT) + "".join(" " * p.blanks + p.text for p in line.pieces))
        last = line
    return "".join(text + "\n" for text in out)


def _hugs(last: _Line, line: _Line, tokens: Tokens) -> bool:
    """No blank line after an opening and before a closing bracket."""
    final = max(piece.row for piece in last.pieces)
    opens = final >= 0 and tokens.kinds[final] in _OPENERS
    first = line.pieces[0].row
    return opens or (first >= 0 and tokens.kinds[first] in _CLOSERS)
