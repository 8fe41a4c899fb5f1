"""How the formatter spaces two neighbouring tokens of a line, and which tokens begin something."""

from __future__ import annotations

import attrs

from wfcheck.dsl.parsing.lalr import Mark
from wfcheck.dsl.parsing.tokens import Tokens, words

_TIGHT_AFTER = words("LPAR LSQB DOT AT_SIGN")
_TIGHT_BEFORE = words("RPAR RSQB COMMA COLON DOT QMARK")
_VALUES = words(
    "NAME INT DECIMAL DURATION DATE DATETIME CLOCK STRING REGEX TRUE FALSE NONE RPAR RSQB RBRACE QMARK"
)
_CALLED = words("NAME RPAR RSQB COUNT CONSECUTIVE BITS SUM DISTINCT EFFECTIVE DEPTH")
_OPENERS = words("LPAR LSQB LBRACE")
_CLOSERS = words("RPAR RSQB RBRACE")
_BLOCKS = words("block tool_body principal_body")


@attrs.frozen
class Context:
    """What the parse tells: rows that begin a construct, the `<` and `>` of types, the partner of each bracket."""

    tokens: Tokens
    starts: frozenset[int]
    angles: frozenset[int]
    partners: dict[int, int]
    openers: dict[int, int]
    blocks: frozenset[int]
    imports: frozenset[int]

    @classmethod
    def of(cls, tokens: Tokens, marks: tuple[Mark, ...]) -> Context:
        """From the marks of a parse."""
        partners = _partners(tokens)
        starts = frozenset(b for action, b, _ in marks if action not in {"type_generic", "block"})
        starts |= {last + 1 for action, _, last in marks if action == "annotation"}
        return cls(
            tokens,
            starts,
            frozenset(
                row
                for action, b, last in marks
                if action == "type_generic"
                for row in _angles(tokens, b, last)
            ),
            partners,
            {closer: opener for opener, closer in partners.items()},
            frozenset(row for row in partners if _next(tokens, row) in starts),
            frozenset(
                last for action, b, e in marks if action.endswith("_import") for last in range(b, e + 1)
            ),
        )

    def begins(self, row: int) -> bool:
        """Whether a line that starts with the token is no continuation of the line before."""
        tokens = self.tokens
        if row in self.starts or row == 0 or tokens.kinds[row] == "LBRACE":
            return True
        before = row - 1
        if tokens.kinds[before] == "DOC" or before in self.partners:
            return True
        if tokens.kinds[row] in {"ELSE", "ON"} and tokens.kinds[before] == "RBRACE":
            return True
        opener = tokens.openers[row]
        return tokens.kinds[before] == "COMMA" and opener >= 0 and opener not in self.blocks


def _next(tokens: Tokens, row: int) -> int:
    return row + 2 if tokens.kinds[row + 1] == "DOC" else row + 1


def _angles(tokens: Tokens, begin: int, last: int) -> tuple[int, int]:
    opening = next(row for row in range(begin, last) if tokens.kinds[row] == "LT")
    return opening, last


def _partners(tokens: Tokens) -> dict[int, int]:
    found: dict[int, int] = {}
    stack: list[int] = []
    for row, kind in enumerate(tokens.kinds):
        if kind in _OPENERS:
            stack.append(row)
        elif kind in _CLOSERS:
            found[stack.pop()] = row
    return found


def gap(context: Context, left: int, right: int, spaced: bool) -> int:
    """The blanks between two neighbours, 0 or 1; `spaced`: whether the author left any."""
    kinds = context.tokens.kinds
    a, b = kinds[left], kinds[right]
    if a == "LBRACE" or b == "RBRACE":
        return _brace(context, left, right)
    if a in _TIGHT_AFTER or b in _TIGHT_BEFORE or right in context.angles:
        return 0
    if left in context.angles:
        return 0 if a == "LT" else 1
    if b in {"LPAR", "LSQB"}:
        return _bracket(context, left, right, spaced)
    if a == "MINUS" and (left == 0 or kinds[left - 1] not in _VALUES):
        return 0
    return 1


def _brace(context: Context, left: int, right: int) -> int:
    """Inside braces the author chooses, by the opening one; blocks are always spaced, `{}` never."""
    tokens = context.tokens
    opener = left if tokens.kinds[left] == "LBRACE" else tokens.openers[right]
    if tokens.kinds[right] == "RBRACE":
        opener = context.openers[right]
    closer = context.partners[opener]
    if closer == opener + 1:
        return 0
    if opener in context.blocks:
        return 1
    return int(tokens.starts[opener + 1] > tokens.end(opener))


def _bracket(context: Context, left: int, right: int, spaced: bool) -> int:
    kinds = context.tokens.kinds
    if right in context.imports:
        return 1
    if context.tokens.texts[left] in {"max", "send"} or _is_emitted(kinds, left):
        return int(spaced)
    if kinds[left] not in _CALLED:
        return 1
    return int(kinds[left] == "NAME" and _head(kinds, left) in {"ASK", "INPUT", "TO"})


def _head(kinds: list[str], row: int) -> str:
    """The kind before a dotted name."""
    while row >= 2 and kinds[row - 1] == "DOT":
        row -= 2
    return kinds[row - 1] if row else ""


def _is_emitted(kinds: list[str], row: int) -> bool:
    return kinds[row] == "NAME" and _head(kinds, row) == "EMITS"
