"""From text to tokens: one pass, total (what is no token is reported and stepped over), brackets paired.

A soft keyword directly before `:` `=` `(` `.` is marked as a name; a word after `.` always is one. What any
other soft keyword is, the state of the parser decides (`lalr.py`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

import attrs

from wfcheck.dsl import literals
from wfcheck.dsl.diagnostic import Diagnostic, Label
from wfcheck.dsl.source import Source, Span
from wfcheck.dsl.syntax import Comment


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


RESERVED = words(
    "if else match case for in while return and or not implies then when where requires ensures invariant "
    "always max matches like contains startswith endswith until since any all"
)
MAX_NESTING = 100
MAX_NAME = 255

_TOKEN = re.compile(
    r"""(?P<SPACE>[ \t\r\n\f]+)
      | (?P<WORD>[^\W\d]\w*)
      | (?P<SIGN>:=|==|!=|<=|>=|\+=|->|[:=<>+\-*/()\[\]{},.?@])
      | (?P<COMMENT>\#[^\n]*)
      | (?P<STRING>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")
      | (?P<DATETIME>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?
            (?:Z|[+-][0-9]{2}:[0-9]{2})?(?!\w))
      | (?P<DATE>[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\w))
      | (?P<CLOCK>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?!\w))
      | (?P<DURATION>[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:ms|s|m|h|d)(?!\w))
      | (?P<DECIMAL>[0-9]+(?:_[0-9]+)*\.[0-9]+(?!\w))
      | (?P<INT>[0-9]+(?:_[0-9]+)*(?!\w))
      | (?P<QUOTED>`[^`\n]+`)
      | (?P<BAD_NUMBER>[0-9]\w*(?:\.\w+)?)
      | (?P<BAD_TEXT>"(?:[^"\\\n]|\\[^\n])*["\\]?)
      | (?P<BAD_QUOTES>'[^'\n]*'|[\u2018\u201c\u201d][^\u2019\u201c\u201d\n]*[\u2019\u201c\u201d])
      | (?P<BAD_NAME>`[^`\n]*`?)
      | (?P<BAD>.)""",
    re.VERBOSE,
)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+/")
_BAD_REGEX = re.compile(r"/[^\n]*")
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_PARTNERS = {"(": ")", "[": "]", "{": "}"}
_BEGINNINGS = words(
    "import secrecy influence group type principal channel store tool release track table define assume workflow "
    "policy test"
)
_NAMING = frozenset({":", "=", "(", "."})
_LITERALS: Mapping[str, Callable[[str, Span, literals.Note], object]] = {
    "STRING": literals.text,
    "INT": literals.integer,
    "DECIMAL": literals.decimal,
    "DURATION": literals.duration,
    "DATE": literals.date,
    "DATETIME": literals.time,
    "CLOCK": literals.time,
    "REGEX": literals.regex,
}


@attrs.define
class Tokens:
    """Parallel columns, one row per token; the last is `$END`. `named`: a soft keyword that stands as a name.
    `opener`: the row of the innermost bracket open at the token, or -1. `first`: the first of its line.
    `complete` is false where the nesting limit cut the text."""

    source: Source
    kinds: list[str] = attrs.Factory(list)
    texts: list[str] = attrs.Factory(list)
    values: list[object] = attrs.Factory(list)
    starts: list[int] = attrs.Factory(list)
    ends: list[int] = attrs.Factory(list)
    lines: list[int] = attrs.Factory(list)
    columns: list[int] = attrs.Factory(list)
    named: list[bool] = attrs.Factory(list)
    opener: list[int] = attrs.Factory(list)
    first: list[bool] = attrs.Factory(list)
    comments: list[Comment] = attrs.Factory(list)
    diagnostics: list[Diagnostic] = attrs.Factory(list)
    complete: bool = True

    def span(self, first: int, last: int) -> Span:
        """From the start of one token to the end of another; empty where the second ends first."""
        line, column = self.lines[first], self.columns[first]
        start, end = self.starts[first], self.ends[last]
        if end < start:
            return Span(self.source.path, start, start, line, column, line, column)
        width = end - self.starts[last]
        return Span(self.source.path, start, end, line, column, self.lines[last], self.columns[last] + width)

    def depth(self, row: int) -> int:
        """How many brackets are open at a token."""
        count = 0
        while (row := self.opener[row]) >= 0:
            count += 1
        return count


def tokenize(source: Source, keywords: Mapping[str, str], signs: Mapping[str, str]) -> Tokens:
    """All tokens of a text. Never raises."""
    lexer = _Lexer(source, keywords, signs)
    lexer.run()
    if lexer.unbalanced and lexer.tokens.complete:
        lexer = _Lexer(source, keywords, signs, repairs=True, surplus=lexer.surplus)
        lexer.run()
    _mark_names(lexer.tokens)
    return lexer.tokens


@attrs.define
class _Lexer:
    """`repairs`: the text is known to be unbalanced; the indentation tells where brackets should have been
    closed, and closing ones of no width are put there."""

    source: Source
    keywords: Mapping[str, str]
    signs: Mapping[str, str]
    repairs: bool = False
    surplus: bool = False
    unbalanced: bool = False
    tokens: Tokens = attrs.field(default=attrs.Factory(lambda self: Tokens(self.source), takes_self=True))
    line: int = 1
    line_start: int = 0
    fresh: bool = True
    doc: list[str] = attrs.Factory(list)
    doc_start: tuple[int, int, int] = (0, 0, 0)
    doc_line: int = -1
    stack: list[int] = attrs.Factory(list)
    indents: list[int] = attrs.Factory(list)
    indent: int = 1

    def run(self) -> None:
        text, position, end = self.source.text, 0, len(self.source.text)
        match = _TOKEN.match
        while position < end and self.tokens.complete:
            found = match(text, position)
            assert found is not None
            kind, piece = found.lastgroup, found.group()
            if kind == "SIGN" and piece == "/" and self._after_matches():
                piece = self._regex(position)
            elif kind == "SPACE":
                self._space(piece, position)
            elif kind == "WORD":
                self._word(piece, position)
            elif kind == "SIGN":
                self._sign(piece, position)
            elif kind == "COMMENT":
                self._comment(piece.rstrip(), position)
            else:
                self._other(kind or "BAD", piece, position)
            position += len(piece)
        if self.tokens.complete and self.stack:
            self._abandon(0, position, "the file ends here")
        self._add("$END", "", "", position)

    def _add(self, kind: str, text: str, value: object, start: int) -> None:
        if self.doc:
            self._emit_doc(kind)
        self._append(kind, text, value, start, self.line, start - self.line_start + 1)

    def _append(self, kind: str, text: str, value: object, start: int, line: int, column: int) -> None:
        tokens = self.tokens
        tokens.kinds.append(kind)
        tokens.texts.append(text)
        tokens.values.append(value)
        tokens.starts.append(start)
        tokens.ends.append(start + len(text))
        tokens.lines.append(line)
        tokens.columns.append(column)
        tokens.named.append(False)
        tokens.opener.append(self.stack[-1] if self.stack else -1)
        tokens.first.append(self.fresh)
        if self.fresh:
            self.indent = column
        self.fresh = False

    def _space(self, piece: str, start: int) -> None:
        breaks = piece.count("\n")
        if breaks:
            self.line += breaks
            self.line_start = start + piece.rfind("\n") + 1
            self.fresh = True

    def _word(self, piece: str, start: int) -> None:
        previous = self.tokens.kinds[-1] if self.tokens.kinds else ""
        if len(piece) > MAX_NAME or not piece.isascii():
            self._check_name(piece, start)
        kind = "NAME" if previous == "DOT" else self.keywords.get(piece, "NAME")
        if self.repairs and self.stack and start == self.line_start and piece in _BEGINNINGS:
            self._abandon(0, start, f"`{piece}` begins a declaration")
        self._add(kind, piece, piece, start)

    def _check_name(self, piece: str, start: int) -> None:
        if len(piece) > MAX_NAME:
            self._note(
                "WF110", f"this name is longer than {MAX_NAME} characters", start, len(piece), "shorten it"
            )
        elif unicodedata.normalize("NFKC", piece) != piece:
            plain = unicodedata.normalize("NFKC", piece)
            self._note(
                "WF122",
                f"the name `{piece}` uses look-alike characters",
                start,
                len(piece),
                f"write `{plain}`",
            )

    def _sign(self, piece: str, start: int) -> None:
        if piece in "([{":
            self._add(self.signs[piece], piece, piece, start)
            self.stack.append(len(self.tokens.kinds) - 1)
            self.indents.append(self.indent)
            if len(self.stack) > MAX_NESTING:
                message = f"brackets are nested deeper than {MAX_NESTING}"
                self._note("WF111", message, start, 1, "give the inner parts names of their own")
                self.tokens.complete = False
            return
        if piece in ")]}":
            self._close(piece, start)
            return
        self._add(self.signs[piece], piece, piece, start)

    def _close(self, piece: str, start: int) -> None:
        depth = self._opener_of(piece, start)
        if depth is None:
            self.unbalanced = self.surplus = True
            if self.repairs or not self.stack:
                help_ = f"remove it, or write the `{_CLOSERS[piece]}` it closes"
                self._note("WF104", f"nothing opens this `{piece}`", start, 1, help_)
            return
        if depth + 1 < len(self.stack):
            self._abandon(depth + 1, start, f"this `{piece}` comes first")
        self.stack.pop()
        self.indents.pop()
        self._add(self.signs[piece], piece, piece, start)

    def _opener_of(self, piece: str, start: int) -> int | None:
        """The place in the stack of the bracket that `piece` closes."""
        fitting = [i for i, row in enumerate(self.stack) if self.tokens.texts[row] == _CLOSERS[piece]]
        if self.repairs and self.fresh and fitting:
            column = start - self.line_start + 1
            aligned = [i for i in fitting if self.indents[i] == column]
            if self.surplus and not aligned and column > self.indents[fitting[-1]]:
                return None
            return (aligned or fitting)[-1]
        return fitting[-1] if fitting else None

    def _abandon(self, depth: int, start: int, why: str) -> None:
        """Close what is open from `depth` on, and report it."""
        self.unbalanced = True
        here = Label(self.source.span(start, start + 1), why)
        while len(self.stack) > depth:
            row = self.stack.pop()
            self.indents.pop()
            closer = _PARTNERS[self.tokens.texts[row]]
            message = f"this `{self.tokens.texts[row]}` is never closed"
            span = self.tokens.span(row, row)
            self.tokens.diagnostics.append(
                Diagnostic("WF103", message, span, labels=(here,), help=f"add the missing `{closer}`")
            )
            self._add(self.signs[closer], closer, closer, start)
            self.tokens.ends[-1] = start

    def _after_matches(self) -> bool:
        return bool(self.tokens.kinds) and self.tokens.kinds[-1] == "MATCHES"

    def _regex(self, start: int) -> str:
        found = _REGEX.match(self.source.text, start) or _BAD_REGEX.match(self.source.text, start)
        assert found is not None
        piece = found.group()
        if found.re is _BAD_REGEX:
            self._note(
                "WF109",
                "this regular expression has no end",
                start,
                len(piece),
                "close it with `/` on the same line",
            )
            piece = piece.rstrip()
            value = literals.regex(
                "//", self.source.span(start, start + len(piece)), self.tokens.diagnostics.append
            )
        else:
            value = literals.regex(
                piece, self.source.span(start, start + len(piece)), self.tokens.diagnostics.append
            )
        self._add("REGEX", piece, value, start)
        return piece

    def _comment(self, piece: str, start: int) -> None:
        span = self.source.span(start, start + len(piece))
        self.tokens.comments.append(Comment(piece, self.fresh, span=span))
        if not self.fresh:
            return
        if self.doc and self.doc_line != self.line - 1:
            self.doc.clear()
        if piece.startswith("##") and not piece.startswith("###"):
            if not self.doc:
                self.doc_start = (start, self.line, start - self.line_start + 1)
            self.doc.append(piece[2:].removeprefix(" "))
        self.doc_line = self.line

    def _emit_doc(self, before: str) -> None:
        start, line, column = self.doc_start
        text = "\n".join(self.doc)
        self.doc.clear()
        if self.doc_line == self.line - 1 and before not in {"$END", "RBRACE"}:
            fresh, self.fresh = self.fresh, True
            self._append("DOC", "##", text, start, line, column)
            self.fresh = fresh

    def _other(self, kind: str, piece: str, start: int) -> None:
        if kind in _LITERALS:
            span = self.source.span(start, start + len(piece))
            self._add(kind, piece, _LITERALS[kind](piece, span, self.tokens.diagnostics.append), start)
        elif kind == "QUOTED":
            self._check_name(piece[1:-1], start)
            self._add("NAME", piece, piece[1:-1], start)
        else:
            self._bad(kind, piece, start)

    def _bad(self, kind: str, piece: str, start: int) -> None:
        span = self.source.span(start, start + len(piece))
        if kind == "BAD_NUMBER":
            help_ = "write `10_000`, `0.5`, or a duration such as `500ms`, `60s`, `5m`, `24h`, `7d`"
            self._note("WF107", f"`{_shorten(piece)}` is not a number", start, len(piece), help_)
            self._add("INT", piece, literals.integer("0", span, self.tokens.diagnostics.append), start)
        elif kind == "BAD_QUOTES":
            help_ = 'write texts in plain double quotes, `"like this"`'
            self._note("WF106", "these are not the quotes of a text", start, len(piece), help_)
            self._add("STRING", piece, literals.text('""', span, self.tokens.diagnostics.append), start)
        elif kind == "BAD_TEXT":
            self._note(*_text_mistake(piece, start))
            self._add("STRING", piece, literals.text('""', span, self.tokens.diagnostics.append), start)
        elif kind == "BAD_NAME":
            self._note(
                "WF108", "this name in back-quotes has no end", start, len(piece), "close it on the same line"
            )
            self._add("NAME", piece, piece.strip("`") or "_", start)
        else:
            shown = f"`{piece}`" if piece.isprintable() else f"the character U+{ord(piece):04X}"
            self._note(
                "WF105", f"{shown} has no meaning here", start, 1, _CHARACTER_HELP.get(piece, "remove it")
            )

    def _note(self, code: str, message: str, start: int, width: int, help_: str) -> None:
        span = self.source.span(start, start + width)
        self.tokens.diagnostics.append(Diagnostic(code, message, span, help=help_))


_CHARACTER_HELP = {
    "'": 'write texts in double quotes, `"like this"`',
    "\u201c": 'write texts in plain double quotes, `"like this"`',
    "\u201d": 'write texts in plain double quotes, `"like this"`',
    ";": "nothing ends a statement, leave it out",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`, or `!=`",
    "%": "there is no remainder operator",
    "$": "write the name alone",
    "\\": "escapes stand only inside texts",
}


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def _text_mistake(piece: str, start: int) -> tuple[str, str, int, int, str]:
    if len(piece) < 2 or not piece.endswith('"'):
        return "WF106", "this text has no end", start, len(piece), 'close it with `"` on the same line'
    escape = re.search(r"\\(?!u[0-9a-fA-F]{4})[^\"\\/bfnrt]", piece)
    if escape:
        place = start + escape.start()
        help_ = 'the escapes are `\\"` `\\\\` `\\/` `\\b` `\\f` `\\n` `\\r` `\\t` and `\\u0041`'
        return "WF106", f"a text has no escape `{escape.group()}`", place, len(escape.group()), help_
    return (
        "WF106",
        "this text holds a raw control character",
        start,
        len(piece),
        "write it as an escape, such as `\\t`",
    )


def _mark_names(tokens: Tokens) -> None:
    kinds, texts = tokens.kinds, tokens.texts
    for row in range(len(kinds) - 1):
        if texts[row + 1] in _NAMING and kinds[row] != "NAME" and texts[row].isidentifier():
            tokens.named[row] = texts[row] not in RESERVED and _is_marked(tokens, row)


def _is_marked(tokens: Tokens, row: int) -> bool:
    """`true`, `false` and `none` before `:` are names only where a field or an argument begins."""
    if tokens.texts[row] not in {"true", "false", "none"} or tokens.texts[row + 1] != ":":
        return True
    return row > 0 and tokens.texts[row - 1] in {"{", "(", ","}
