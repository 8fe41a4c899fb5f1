"""Regular expressions of `matches /.../`: a dialect that is regular, so that proofs can use it, matched in linear time.

Literals, `.` (any character, line ends included), classes, `\\d \\w \\s` and their negations (ASCII), groups, `|`, `* + ? {n} {n,}
{n,m}`. Always a full match. No back-references, no look-around, no anchors, no flags. A glob of `like` is the same thing with
`*` for `.*` and `?` for `.`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

import attrs

MAX_REPEAT = 1_000
MAX_NESTING = 50
_CLASSES = {
    "d": (("0", "9"),),
    "w": (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")),
    "s": (("\t", "\r"), (" ", " ")),
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}


class RegularError(Exception):
    """The text is no regular expression of the dialect; `offset` counts code points from its start."""

    def __init__(self, message: str, offset: int, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.help = help


@attrs.frozen
class Chars:
    """One character in (or, `negated`, outside) the inclusive ranges."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def __contains__(self, char: str) -> bool:
        return any(low <= char <= high for low, high in self.ranges) != self.negated


@attrs.frozen
class Sequence:
    parts: tuple[Regular, ...]


@attrs.frozen
class Choice:
    options: tuple[Regular, ...]


@attrs.frozen
class Repeat:
    """`maximum` None: without end."""

    body: Regular
    minimum: int
    maximum: int | None


Regular: TypeAlias = Chars | Sequence | Choice | Repeat
ANY_CHAR = Chars((), negated=True)


@lru_cache(maxsize=1024)
def parse_regular(pattern: str) -> Regular:
    """The tree of a regular expression; raises RegularError."""
    parser = _Parser(pattern)
    tree = parser.choice(0)
    if parser.at < len(pattern):
        raise RegularError("this `)` closes nothing", parser.at)
    return tree


@lru_cache(maxsize=1024)
def parse_glob(pattern: str) -> Regular:
    """The tree of a glob: `*` is any run of characters, `?` any one, everything else itself."""
    wild: dict[str, Regular] = {"*": Repeat(ANY_CHAR, 0, None), "?": ANY_CHAR}
    return Sequence(tuple(wild.get(char, Chars(((char, char),))) for char in pattern))


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def peek(self) -> str:
        return self.pattern[self.at] if self.at < len(self.pattern) else ""

    def take(self) -> str:
        char = self.peek()
        if not char:
            raise RegularError("the regular expression ends too early", self.at)
        self.at += 1
        return char

    def choice(self, depth: int) -> Regular:
        if depth > MAX_NESTING:
            raise RegularError("the regular expression is nested too deeply", self.at)
        options = [self.sequence(depth)]
        while self.peek() == "|":
            self.at += 1
            options.append(self.sequence(depth))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self, depth: int) -> Regular:
        parts: list[Regular] = []
        while self.peek() not in {"", "|", ")"}:
            parts.append(self.repeated(depth))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def repeated(self, depth: int) -> Regular:
        tree = self.atom(depth)
        while self.peek() in {"*", "+", "?", "{"}:
            start = self.at
            minimum, maximum = self.bounds()
            if self.peek() in {"?", "+"} or (self.peek() in {"*", "{"}):
                raise RegularError(
                    "two repetitions follow each other", self.at, "put the first into brackets `( )`"
                )
            if maximum is not None and minimum > maximum:
                raise RegularError("the repetition has its bounds the wrong way round", start)
            tree = Repeat(tree, minimum, maximum)
        return tree

    def bounds(self) -> tuple[int, int | None]:
        char = self.take()
        if char != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        minimum = self.count()
        if self.peek() == "}":
            self.at += 1
            return minimum, minimum
        if self.take() != ",":
            raise RegularError("`,` or `}` is wanted", self.at - 1)
        maximum = None if self.peek() == "}" else self.count()
        if self.take() != "}":
            raise RegularError("`}` is wanted", self.at - 1)
        return minimum, maximum

    def count(self) -> int:
        start = self.at
        while self.peek().isascii() and self.peek().isdigit():
            self.at += 1
        digits = self.pattern[start : self.at]
        if not digits:
            raise RegularError("a number is wanted", start, "write `\\{` for the character itself")
        if len(digits) > 4 or int(digits) > MAX_REPEAT:
            raise RegularError(f"a repetition goes up to {MAX_REPEAT}", start)
        return int(digits)

    def atom(self, depth: int) -> Regular:
        start = self.at
        char = self.take()
        match char:
            case ".":
                return ANY_CHAR
            case "(":
                return self.group(depth)
            case "[":
                return self.char_class()
            case "\\":
                return self.escape()
            case "^" | "$":
                raise RegularError(
                    f"`{char}` has no use", start, "leave it out: `matches` is always a full match"
                )
            case "*" | "+" | "?" | "{":
                raise RegularError(f"`{char}` repeats nothing", start)
            case _:
                return Chars(((char, char),))

    def group(self, depth: int) -> Regular:
        start = self.at - 1
        if self.peek() == "?":
            if self.pattern[self.at : self.at + 2] != "?:":
                raise RegularError("only plain groups `( )` are regular", start, self._group_help())
            self.at += 2
        tree = self.choice(depth + 1)
        if self.peek() != ")":
            raise RegularError("this group is not closed", start)
        self.at += 1
        return tree

    def _group_help(self) -> str:
        if self.pattern[self.at : self.at + 2] in {"?=", "?!", "?<"}:
            return "look-around is not supported: write the condition as a second `matches`"
        return "flags and named groups are not supported: use `lower(x)`, `( )`"

    def escape(self) -> Chars:
        start = self.at - 1
        char = self.take()
        if char.lower() in _CLASSES:
            return Chars(_CLASSES[char.lower()], negated=char.isupper())
        single = self.escaped(char, start)
        return Chars(((single, single),))

    def escaped(self, char: str, start: int) -> str:
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in {"x", "u"}:
            digits = self.pattern[self.at : self.at + (2 if char == "x" else 4)]
            self.at += len(digits)
            if not re.fullmatch("[0-9a-fA-F]{2}|[0-9a-fA-F]{4}", digits):
                raise RegularError("hexadecimal digits are wanted", start)
            return chr(int(digits, 16))
        if char.isalnum():
            what = "back-references are not regular" if char.isdigit() else f"`\\{char}` is not known"
            raise RegularError(what, start, "write the condition with operators of the language instead")
        return char

    def char_class(self) -> Chars:
        start = self.at - 1
        negated = self.peek() == "^"
        self.at += negated
        ranges: list[tuple[str, str]] = []
        while self.peek() != "]" or not ranges:
            if not self.peek():
                raise RegularError("this class is not closed", start)
            if self.peek() == "]":
                raise RegularError("this class is empty", start)
            ranges.extend(self.class_item())
        self.at += 1
        return Chars(tuple(ranges), negated)

    def class_item(self) -> tuple[tuple[str, str], ...]:
        start = self.at
        low = self.class_char()
        if isinstance(low, tuple):
            return low
        if self.peek() != "-" or self.pattern[self.at + 1 : self.at + 2] in {"]", ""}:
            return ((low, low),)
        self.at += 1
        high = self.class_char()
        if isinstance(high, tuple) or high < low:
            raise RegularError("the range has its ends the wrong way round", start)
        return ((low, high),)

    def class_char(self) -> str | tuple[tuple[str, str], ...]:
        start = self.at
        char = self.take()
        if char != "\\":
            return char
        char = self.take()
        if char in _CLASSES:
            return _CLASSES[char]
        if char.lower() in _CLASSES:
            raise RegularError("a negated class cannot stand inside a class", start)
        return self.escaped(char, start)
