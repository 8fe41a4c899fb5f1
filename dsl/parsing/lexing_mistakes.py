"""What the lexer says about text that is no token, and which token it puts in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import attrs


@attrs.frozen
class Mistake:
    """A diagnostic less its span: `start` and `end` count from the beginning of the piece."""

    code: str
    message: str
    help: str
    start: int
    end: int


def mistake(kind: str, piece: str) -> Mistake:
    """The mistake in a piece of text that the token pattern calls `kind`."""
    return _MISTAKES[kind](piece)


def stand_in(kind: str, piece: str) -> tuple[str, str] | None:
    """Kind and text of the token that goes in place of the piece; None where it is stepped over."""
    match kind:
        case "BAD_NUMBER":
            return "INT", "0"
        case "BAD_TEXT" | "BAD_QUOTES":
            return "STRING", '""'
        case "BAD_NAME":
            return "NAME", piece.strip("`") or "_"
    return None


def _number(piece: str) -> Mistake:
    shown = piece if len(piece) <= 40 else piece[:37] + "..."
    help_ = "write `10_000`, `0.5`, or a duration such as `500ms`, `60s`, `5m`, `24h`, `7d`"
    return Mistake("WF107", f"`{shown}` is not a number", help_, 0, len(piece))


def _quotes(piece: str) -> Mistake:
    help_ = 'write texts in plain double quotes, `"like this"`'
    return Mistake("WF106", "these are not the quotes of a text", help_, 0, len(piece))


def _name(piece: str) -> Mistake:
    return Mistake("WF108", "this name in back-quotes has no end", "close it on the same line", 0, len(piece))


def _text(piece: str) -> Mistake:
    if len(piece) < 2 or not piece.endswith('"'):
        return Mistake("WF106", "this text has no end", 'close it with `"` on the same line', 0, len(piece))
    escape = re.search(r"\\(?:u(?![0-9a-fA-F]{4})|[^\"\\/bfnrtu])", re.sub(r"\\\\", "__", piece))
    if escape:
        help_ = 'the escapes are `\\"` `\\\\` `\\/` `\\b` `\\f` `\\n` `\\r` `\\t` and `\\u0041`'
        return Mistake(
            "WF106", f"a text has no escape `{escape.group()}`", help_, escape.start(), escape.end()
        )
    help_ = "write it as an escape, such as `\\t`"
    return Mistake("WF106", "this text holds a raw control character", help_, 0, len(piece))


def _character(piece: str) -> Mistake:
    shown = f"`{piece}`" if piece.isprintable() else f"the character U+{ord(piece):04X}"
    return Mistake("WF105", f"{shown} has no meaning here", _HELP.get(piece, "remove it"), 0, 1)


_MISTAKES: Mapping[str, Callable[[str], Mistake]] = {
    "BAD_NUMBER": _number,
    "BAD_QUOTES": _quotes,
    "BAD_NAME": _name,
    "BAD_TEXT": _text,
    "BAD": _character,
}
_HELP = {
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
