"""Untrusted text made inert: nothing that a terminal, a log viewer or a markup reader would act on."""

from __future__ import annotations

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str, *, limit: int | None = None) -> str:
    """The text on one line, with control, format and unassigned characters written as escapes.

    With `limit`, at most that many characters of the input are shown, and an ellipsis."""
    if limit is not None and len(text) > limit:
        return visible(text[:limit]) + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(show_char, text))


def show_char(char: str) -> str:
    """A character as itself, or escaped where a terminal could act on it or a reader could not see it."""
    if char == " " or (char.isascii() and char.isprintable()):
        return char
    if unicodedata.category(char) not in _UNSAFE:
        return char
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    code = ord(char)
    return short or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def paragraphs(text: str) -> list[str]:
    """The lines of a text, each made inert."""
    return [visible(line) for line in text.split("\n")]


def width(text: str) -> int:
    """How many terminal columns the (already inert) text takes."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def counted(number: int, word: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{number} {word}{'' if number == 1 else 's'}"
