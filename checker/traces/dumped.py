"""Structured values that a host printed as text: JSON, the block form of YAML without its extensions, printed dictionaries.

Nothing is evaluated, no anchors, tags or references exist. Text that is not plainly structured is left alone."""

from __future__ import annotations

import re
from typing import Final

from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.reading import DEPTH_LIMIT, MalformedError, decode

SIZE_LIMIT = 4 * 2**20


class Unstructured:
    """The text is no structured value."""


UNSTRUCTURED: Final = Unstructured()
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,3})?")
_KEY = re.compile(
    r"((?:[^\s:'\"\[\]{}#&*!|>%@`,-]|-(?=\S))[^:\n]*?|'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"):(?=\s|$)"
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v",
            "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}  # fmt: skip
_HEX = {"x": 2, "u": 4, "U": 8}


class _NotDumpedError(ValueError):
    pass


def parse_dumped(text: str) -> Json | Unstructured:
    """The list, mapping, number, truth value or null that the text prints; UNSTRUCTURED for anything else."""
    stripped = text.strip()
    if not stripped or len(text) > SIZE_LIMIT:
        return UNSTRUCTURED
    if stripped[0] in '[{"' or _NUMBER.fullmatch(stripped):
        try:
            return decode(stripped.encode("utf-8", "surrogatepass"))
        except MalformedError:
            pass
    try:
        return _document(text)
    except (_NotDumpedError, RecursionError):
        return UNSTRUCTURED


def _document(text: str) -> Json:
    lines = [line for line in text.split("\n") if line.strip() != "---"]
    block = _Block(lines)
    block.skip_blank()
    if block.row >= len(lines):
        raise _NotDumpedError
    first = lines[block.row]
    if not (
        first.lstrip().startswith(("- ", "{", "[")) or first.strip() == "-" or _KEY.match(first.lstrip())
    ):
        return _plain(text.strip(), strict=True)
    value = block.node(_indent(first), 0)
    block.skip_blank()
    if block.row < len(lines):
        raise _NotDumpedError
    return value


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


class _Block:
    """A cursor over lines; `lines` may be rewritten in place where `- ` opens a nested block."""

    def __init__(self, lines: list[str]) -> None:
        self.lines, self.row = lines, 0

    def skip_blank(self) -> None:
        while self.row < len(self.lines) and not self.lines[self.row].strip():
            self.row += 1

    def node(self, indent: int, depth: int) -> Json:
        """The list, mapping or scalar that starts at the cursor, whose lines are indented by `indent`."""
        if depth > DEPTH_LIMIT:
            raise _NotDumpedError
        line = self.lines[self.row]
        body = line[indent:]
        if body.startswith("- ") or body == "-":
            return self._sequence(indent, depth)
        if _KEY.match(body):
            return self._mapping(indent, depth)
        return self._scalar(body, indent - 1)

    def _at(self, indent: int) -> str | None:
        self.skip_blank()
        if self.row >= len(self.lines) or _indent(self.lines[self.row]) != indent:
            return None
        return self.lines[self.row][indent:]

    def _sequence(self, indent: int, depth: int) -> list[Json]:
        items: list[Json] = []
        while (body := self._at(indent)) is not None and (body.startswith("- ") or body == "-"):
            rest = body[1:]
            inner = indent + 1 + _indent(rest)
            if rest.strip():
                self.lines[self.row] = " " * inner + rest.lstrip(" ")
                items.append(self._item(inner, indent, depth))
            else:
                items.append(self._below(indent, depth))
        return items

    def _item(self, inner: int, outer: int, depth: int) -> Json:
        body = self.lines[self.row][inner:]
        if body.startswith("- ") or body == "-" or _KEY.match(body):
            return self.node(inner, depth + 1)
        return self._scalar(body, outer)

    def _mapping(self, indent: int, depth: int) -> dict[str, Json]:
        fields: dict[str, Json] = {}
        while (body := self._at(indent)) is not None and (match := _KEY.match(body)):
            key = str(_plain(match.group(1), strict=False) if match.group(1)[0] in "'\"" else match.group(1))
            rest = body[match.end() :].lstrip(" ")
            if key in fields:
                raise _NotDumpedError
            fields[key] = self._scalar(rest, indent) if rest else self._below(indent, depth)
        return fields

    def _below(self, indent: int, depth: int) -> Json:
        """The value on the lines after a bare `key:` or `-`; a list may stand at the key's own indent."""
        self.row += 1
        self.skip_blank()
        if self.row >= len(self.lines):
            return None
        inner = _indent(self.lines[self.row])
        listed = self.lines[self.row][inner:].startswith("-")
        if inner > indent or (inner == indent and listed and not self._is_item(indent)):
            return self.node(inner, depth + 1)
        return None

    def _is_item(self, indent: int) -> bool:
        """Whether the line above the cursor was itself a list item at this indent."""
        above = next((s for s in reversed(self.lines[: self.row]) if s.strip()), "")
        return above[indent:].startswith("-")

    def _scalar(self, first: str, indent: int) -> Json:
        """A scalar that starts with `first` and goes on over lines indented deeper than `indent`."""
        if first[:1] in "|>":
            return self._literal(first, indent)
        pieces = [first.strip()]
        self.row += 1
        quote = first[:1] if first[:1] in "'\"" else ""
        while self.row < len(self.lines) and not (quote and _closed(pieces, quote)):
            line = self.lines[self.row]
            if not quote and line.strip() and _indent(line) <= indent:
                break
            pieces.append(line.strip())
            self.row += 1
        return _plain(_fold(pieces, quote), strict=False)

    def _literal(self, first: str, indent: int) -> str:
        lines: list[str] = []
        self.row += 1
        while self.row < len(self.lines):
            line = self.lines[self.row]
            if line.strip() and _indent(line) <= indent:
                break
            lines.append(line)
            self.row += 1
        width = min((_indent(line) for line in lines if line.strip()), default=0)
        text = ("\n" if first[0] == "|" else " ").join(line[width:] for line in lines)
        return text.rstrip("\n") if "-" in first else text.rstrip("\n") + "\n"


def _closed(pieces: list[str], quote: str) -> bool:
    last = pieces[-1]
    if not last.endswith(quote) or (len(pieces) == 1 and len(last) < 2):
        return False
    inside = last[1:-1] if len(pieces) == 1 else last[:-1]
    if quote == "'":
        return (len(inside) - len(inside.rstrip("'"))) % 2 == 0
    return (len(inside) - len(inside.rstrip("\\"))) % 2 == 0


def _fold(pieces: list[str], quote: str) -> str:
    """Line folding: one line end is a space, n + 1 line ends are n; a trailing backslash joins in double quotes."""
    while not quote and pieces and not pieces[-1]:
        pieces = pieces[:-1]
    text, blanks = pieces[0], 0
    for piece in pieces[1:]:
        if not piece:
            blanks += 1
            continue
        if quote == '"' and (len(text) - len(text.rstrip("\\"))) % 2 == 1:
            text = text[:-1] + piece.removeprefix("\\" if piece.startswith("\\ ") else "")
        else:
            text += ("\n" * blanks if blanks else " ") + piece
        blanks = 0
    return text


_STOPS = {(q, True): re.compile(rf"[{q}\\]") for q in "'\""} | {("'", False): re.compile("'")}
_WORDS: dict[str, Json] = {"null": None, "~": None, "none": None, "true": True, "false": False}


def _plain(text: str, strict: bool) -> Json:
    """A scalar or a one-line collection. `strict`: words that are no value of their own are refused."""
    if text[:1] in ("{", "["):
        value, end = _flow(text, 0, 0)
        if text[end:].strip():
            raise _NotDumpedError
        return value
    if text[:1] in ("'", '"'):
        value, end = _quoted(text, 0, printed=False)
        if text[end:].strip():
            raise _NotDumpedError
        return value
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _NUMBER.fullmatch(text):
        return _number(text)
    if strict:
        raise _NotDumpedError
    return text


def _number(text: str) -> Json:
    try:
        return decode(text.lstrip("+").replace("_", "").removesuffix(".").encode())
    except MalformedError:
        return text


def _quoted(text: str, start: int, printed: bool = True) -> tuple[str, int]:
    """`printed`: single quotes know backslashes (as in a printed dictionary), else only doubled quotes."""
    quote, at, out = text[start], start + 1, []
    stop = _STOPS[quote, quote == '"' or printed]
    while found := stop.search(text, at):
        out.append(text[at : found.start()])
        at = found.end()
        if found.group() == "\\":
            piece, at = _escape(text, at)
            out.append(piece)
        elif quote == "'" and text[at : at + 1] == "'":
            out.append("'")
            at += 1
        else:
            return "".join(out), at
    raise _NotDumpedError


def _escape(text: str, at: int) -> tuple[str, int]:
    char = text[at : at + 1]
    width = _HEX.get(char)
    if width is None:
        return _ESCAPES.get(char, char), at + 1
    digits = text[at + 1 : at + 1 + width]
    try:
        return chr(int(digits, 16)), at + 1 + width
    except (ValueError, OverflowError):
        raise _NotDumpedError from None


def _flow(text: str, at: int, depth: int) -> tuple[Json, int]:
    """A printed collection or scalar inside one."""
    at = _blank(text, at)
    if depth > DEPTH_LIMIT or at >= len(text):
        raise _NotDumpedError
    if text[at] == "[":
        return _flow_list(text, at + 1, depth)
    if text[at] == "{":
        return _flow_dict(text, at + 1, depth)
    if text[at] in "'\"":
        return _quoted(text, at)
    end = at
    while end < len(text) and text[end] not in ",]}":
        end += 1
    return _plain(text[at:end].strip(), strict=True), end


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _flow_list(text: str, at: int, depth: int) -> tuple[Json, int]:
    items: list[Json] = []
    while True:
        at = _blank(text, at)
        if text[at : at + 1] == "]":
            return items, at + 1
        value, at = _flow(text, at, depth + 1)
        items.append(value)
        at = _separator(text, at, "]")


def _flow_dict(text: str, at: int, depth: int) -> tuple[Json, int]:
    fields: dict[str, Json] = {}
    while True:
        at = _blank(text, at)
        if text[at : at + 1] == "}":
            return fields, at + 1
        if text[at : at + 1] not in ("'", '"'):
            raise _NotDumpedError
        key, at = _quoted(text, at)
        at = _blank(text, at)
        if text[at : at + 1] != ":":
            raise _NotDumpedError
        fields[key], at = _flow(text, at + 1, depth + 1)
        at = _separator(text, at, "}")


def _separator(text: str, at: int, close: str) -> int:
    at = _blank(text, at)
    if text[at : at + 1] == ",":
        return at + 1
    if text[at : at + 1] == close:
        return at
    raise _NotDumpedError
