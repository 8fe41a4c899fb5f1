"""From text to tokens: one pass, total (what is no token is reported and stepped over), brackets paired.

What a soft keyword is, the state of the parser decides (`lalr.py`); a word after `.` always is a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

import attrs

from wfcheck.dsl.diagnostic import Diagnostic, Label
from wfcheck.dsl.parsing import literals
from wfcheck.dsl.parsing.lexing_mistakes import mistake, stand_in
from wfcheck.dsl.parsing.tokens import Tokens, words
from wfcheck.dsl.source import Source, Span
from wfcheck.dsl.syntax import Comment

MAX_NESTING = 100
MAX_NAME = 255
MAX_LEXICAL = 50

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


def tokenize(source: Source, keywords: Mapping[str, str], signs: Mapping[str, str]) -> Tokens:
    """All tokens of a text. Never raises."""
    lexer = _Lexer(source, keywords, signs)
    lexer.run()
    if lexer.unbalanced and lexer.tokens.complete:
        lexer = _Lexer(source, keywords, signs, repairs=True, surplus=lexer.surplus)
        lexer.run()
    return lexer.tokens


@attrs.define
class _Lexer:
    """`repairs`: the text is known to be unbalanced; the indentation tells where brackets should have been
    closed, and closing ones of no width are put there. `surplus`: it closes more than it opens somewhere."""

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
    doc: list[Comment] = attrs.Factory(list)
    comment_line: int = -1
    stack: list[int] = attrs.Factory(list)
    indents: list[int] = attrs.Factory(list)
    indent: int = 1

    def run(self) -> None:
        """Read the whole text."""
        text, position, end = self.source.text, 0, len(self.source.text)
        match = _TOKEN.match
        while position < end and self.tokens.complete:
            found = match(text, position)
            assert found is not None
            kind, piece = found.lastgroup, found.group()
            if kind == "SPACE":
                if "\n" in piece:
                    self._break(piece, position)
            elif kind == "WORD":
                self._word(piece, position)
            elif kind == "SIGN":
                if piece == "/" and self._after_matches():
                    piece = self._regex(position)
                else:
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
        if self.fresh:
            self.indent = start - self.line_start + 1
            self.fresh = False
        tokens = self.tokens
        tokens.kinds.append(kind)
        tokens.texts.append(text)
        tokens.values.append(value)
        tokens.starts.append(start)
        tokens.lines.append(self.line)

    def _break(self, piece: str, start: int) -> None:
        for index, char in enumerate(piece):
            if char == "\n":
                self.line += 1
                self.line_start = start + index + 1
                self.tokens.line_starts.append(self.line_start)
        self.fresh = True

    def _word(self, piece: str, start: int) -> None:
        kinds = self.tokens.kinds
        if len(piece) > MAX_NAME or not piece.isascii():
            self._check_name(piece, start)
        if self.repairs and self.stack and start == self.line_start and piece in _BEGINNINGS:
            self._abandon(0, start, f"`{piece}` begins a declaration")
        kind = self.keywords.get(piece, "NAME")
        self._add("NAME" if kinds and kinds[-1] == "DOT" else kind, piece, piece, start)

    def _check_name(self, piece: str, start: int) -> None:
        end = start + len(piece)
        if len(piece) > MAX_NAME:
            self._note("WF110", f"this name is longer than {MAX_NAME} characters", start, end, "shorten it")
        elif unicodedata.normalize("NFKC", piece) != piece:
            plain = unicodedata.normalize("NFKC", piece)
            self._note(
                "WF122", f"the name `{piece}` uses look-alike characters", start, end, f"write `{plain}`"
            )

    def _sign(self, piece: str, start: int) -> None:
        if piece in _CLOSERS:
            self._close(piece, start)
            return
        self._add(self.signs[piece], piece, piece, start)
        if piece in _PARTNERS:
            self.stack.append(len(self.tokens.kinds) - 1)
            self.indents.append(self.indent)
            if len(self.stack) > MAX_NESTING:
                message = f"brackets are nested deeper than {MAX_NESTING}"
                self._note("WF111", message, start, start + 1, "give the inner parts names of their own")
                self.tokens.complete = False

    def _close(self, piece: str, start: int) -> None:
        depth = self._opener_of(piece, start)
        if depth is None:
            self.unbalanced = self.surplus = True
            if self.repairs or not self.stack:
                help_ = f"remove it, or write the `{_CLOSERS[piece]}` it closes"
                self._note("WF104", f"nothing opens this `{piece}`", start, start + 1, help_)
            return
        if depth + 1 < len(self.stack):
            self._abandon(depth + 1, start, f"this `{piece}` comes first")
        self.stack.pop()
        self.indents.pop()
        self._add(self.signs[piece], piece, piece, start)

    def _opener_of(self, piece: str, start: int) -> int | None:
        """The place in the stack of the bracket that `piece` closes."""
        texts, opener = self.tokens.texts, _CLOSERS[piece]
        if not self.repairs and self.stack and texts[self.stack[-1]] == opener:
            return len(self.stack) - 1
        fitting = [i for i, row in enumerate(self.stack) if texts[row] == opener]
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
            opener = self.tokens.texts[row]
            help_ = f"add the missing `{_PARTNERS[opener]}`"
            message, span = f"this `{opener}` is never closed", self.tokens.span(row, row)
            self.tokens.diagnostics.append(Diagnostic("WF103", message, span, labels=(here,), help=help_))
            self._add(self.signs[_PARTNERS[opener]], "", "", start)

    def _after_matches(self) -> bool:
        return bool(self.tokens.kinds) and self.tokens.kinds[-1] == "MATCHES"

    def _regex(self, start: int) -> str:
        found = _REGEX.match(self.source.text, start)
        if found is not None:
            self._literal("REGEX", found.group(), found.group(), start)
            return found.group()
        bad = _BAD_REGEX.match(self.source.text, start)
        assert bad is not None
        piece = bad.group().rstrip()
        help_ = "close it with `/` on the same line"
        self._note("WF109", "this regular expression has no end", start, start + len(piece), help_)
        self._literal("REGEX", piece, "//", start)
        return bad.group()

    def _literal(self, kind: str, piece: str, meant: str, start: int) -> None:
        span = self.source.span(start, start + len(piece))
        self._add(kind, piece, _LITERALS[kind](meant, span, self.tokens.diagnostics.append), start)

    def _comment(self, piece: str, start: int) -> None:
        comment = Comment(piece, self.fresh, span=self.source.span(start, start + len(piece)))
        self.tokens.comments.append(comment)
        if not self.fresh:
            return
        if self.comment_line != self.line - 1:
            self.doc.clear()
        if piece.startswith("##") and not piece.startswith("###"):
            self.doc.append(comment)
        self.comment_line = self.line

    def _emit_doc(self, before: str) -> None:
        """Documentation counts directly above something that can bear it."""
        lines, first = [c.text[2:].removeprefix(" ") for c in self.doc], self.doc[0].span
        self.doc.clear()
        if self.comment_line == self.line - 1 and before not in {"$END", "RBRACE"}:
            line, fresh, self.line, self.fresh = self.line, self.fresh, first.line, False
            self._add("DOC", "##", "\n".join(lines), first.start)
            self.line, self.fresh = line, fresh

    def _other(self, kind: str, piece: str, start: int) -> None:
        if kind in _LITERALS:
            self._literal(kind, piece, piece, start)
        elif kind == "QUOTED":
            self._check_name(piece[1:-1], start)
            self._add("NAME", piece, piece[1:-1], start)
        else:
            self._bad(kind, piece, start)

    def _bad(self, kind: str, piece: str, start: int) -> None:
        found = mistake(kind, piece)
        self._note(found.code, found.message, start + found.start, start + found.end, found.help)
        token = stand_in(kind, piece)
        if token is None:
            return
        if token[0] == "NAME":
            self._add("NAME", piece, token[1], start)
        else:
            self._literal(token[0], piece, token[1], start)

    def _note(self, code: str, message: str, start: int, end: int, help_: str) -> None:
        diagnostics = self.tokens.diagnostics
        diagnostics.append(Diagnostic(code, message, self.source.span(start, end), help=help_))
        if len(diagnostics) >= MAX_LEXICAL:
            help_ = "mend the first ones and check again"
            message = f"more than {MAX_LEXICAL} mistakes: the rest of the file is not read"
            diagnostics.append(Diagnostic("WF124", message, self.source.span(start, end), help=help_))
            self.tokens.complete = False
