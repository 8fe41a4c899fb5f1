"""The part of YAML that front matter and workflow files use: block and flow collections, scalars, block texts, comments.

Everything is read as text, number, truth value, list or mapping; anchors, tags and directives are none of it and are taken as text.
What has no shape at all is skipped: an importer makes the worst of what it does not know."""

from __future__ import annotations

import re
from typing import Any

import attrs

_DEEPEST = 60
_LONGEST = 200_000
_KEY = re.compile(
    r"""(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#:\[\]{}"',-][^:#]*?|[^\s:#]+?)\s*:(?:\s+(?P<rest>.*))?$"""
)
_FLOW = re.compile(
    r"""\s*(?:(?P<sign>[\[\]{},:])|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(?P<plain>[^\[\]{},:#]+(?::(?=\S)[^\[\]{},#]*)?))"""
)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


@attrs.frozen
class _Line:
    indent: int
    text: str
    raw: str


def load(text: str) -> Any:
    """The value of a document; never raises."""
    lines = [_line(raw) for raw in text.splitlines()[:_LONGEST]]
    value, _ = _block(lines, 0, 0, 0)
    return value


def front_matter(text: str) -> str | None:
    """What stands between the first two lines of three dashes; None where there is no such thing."""
    found = re.match(r"\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*$", text, re.DOTALL | re.MULTILINE)
    return found[1] if found else None


def _line(raw: str) -> _Line:
    bare = raw.expandtabs(2)
    return _Line(len(bare) - len(bare.lstrip()), _uncommented(bare.strip()), bare)


def _uncommented(text: str) -> str:
    """Without a comment: a `#` at the start or after a space, outside quotes."""
    quote = ""
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and text[at - 1] != "\\" else quote
        elif letter in "\"'" and (at == 0 or text[at - 1] in " [{,:"):
            quote = letter
        elif letter == "#" and (at == 0 or text[at - 1] == " "):
            return text[:at].rstrip()
    return text


def _block(lines: list[_Line], at: int, indent: int, depth: int) -> tuple[Any, int]:
    """The value that begins at a line and is indented so much or more; and the line after it."""
    at = _next(lines, at)
    if at >= len(lines) or lines[at].indent < indent or depth > _DEEPEST:
        return None, at if depth <= _DEEPEST else len(lines)
    first = lines[at]
    if first.text.startswith("- ") or first.text == "-":
        return _sequence(lines, at, first.indent, depth)
    if _KEY.match(first.text):
        return _mapping(lines, at, first.indent, depth)
    return _scalar(first.text), at + 1


def _next(lines: list[_Line], at: int) -> int:
    while at < len(lines) and not lines[at].text:
        at += 1
    return at


def _sequence(lines: list[_Line], at: int, indent: int, depth: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    while (at := _next(lines, at)) < len(lines):
        line = lines[at]
        if line.indent != indent or not (line.text.startswith("- ") or line.text == "-"):
            break
        rest = line.text[1:].lstrip()
        if not rest:
            value, at = _block(lines, at + 1, indent + 1, depth + 1)
        elif _KEY.match(rest) and rest[0] not in "[{\"'":
            inner = indent + len(line.text) - len(rest)
            lines[at] = _Line(inner, rest, line.raw)
            value, at = _mapping(lines, at, inner, depth + 1)
        else:
            value, at = _after(lines, at, rest, indent, depth)
        found.append(value)
    return found, at


def _mapping(lines: list[_Line], at: int, indent: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while (at := _next(lines, at)) < len(lines):
        line = lines[at]
        if line.indent < indent:
            break
        match = _KEY.match(line.text) if line.indent == indent else None
        if match is None:
            if line.text.startswith("- ") and line.indent == indent:
                break
            at += 1
            continue
        value, at = _after(lines, at, match["rest"] or "", indent, depth)
        found[str(_unquoted(match["key"]))] = value
    return found, at


def _after(lines: list[_Line], at: int, rest: str, indent: int, depth: int) -> tuple[Any, int]:
    """The value behind a key or a dash, and the line after it."""
    if not rest:
        following = _next(lines, at + 1)
        listed = (
            following < len(lines)
            and lines[following].text.startswith("-")
            and lines[following].indent == indent
        )
        return _block(lines, at + 1, indent if listed else indent + 1, depth + 1)
    if rest[0] in "|>" and re.fullmatch(r"[|>][+-]?\d?[+-]?", rest):
        return _text(lines, at + 1, indent, folded=rest[0] == ">")
    if rest[0] in "[{":
        joined, at = _joined(lines, at, rest)
        return _flow(joined), at
    return _scalar(rest), at + 1


def _text(lines: list[_Line], at: int, indent: int, *, folded: bool) -> tuple[str, int]:
    found = []
    while at < len(lines) and (lines[at].indent > indent or not lines[at].raw.strip()):
        found.append(lines[at].raw.strip())
        at += 1
    return (" " if folded else "\n").join(found).strip(), at


def _joined(lines: list[_Line], at: int, rest: str) -> tuple[str, int]:
    """A flow collection that may go on over several lines."""
    parts, at = [rest], at + 1
    opened = _balance(rest)
    while opened > 0 and at < len(lines):
        parts.append(lines[at].text)
        opened += _balance(lines[at].text)
        at += 1
    return " ".join(parts), at


def _balance(text: str) -> int:
    bare = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'", "", text)
    return sum((letter in "[{") - (letter in "]}") for letter in bare)


def _flow(text: str) -> Any:
    tokens = [(found["sign"], found["text"] or found["plain"]) for found in _FLOW.finditer(text)]
    value, _ = _flow_value(tokens, 0, 0)
    return value


_Token = tuple[str | None, str | None]


def _flow_value(tokens: list[_Token], at: int, depth: int) -> tuple[Any, int]:
    if at >= len(tokens) or depth > _DEEPEST:
        return None, len(tokens)
    sign, text = tokens[at]
    if sign not in {"[", "{"}:
        return (None, at) if sign is not None else (_scalar((text or "").strip()), at + 1)
    found: list[Any] = []
    pairs: dict[str, Any] = {}
    at += 1
    while at < len(tokens) and tokens[at][0] not in {"]", "}"}:
        if tokens[at][0] in {",", ":"}:
            at += 1
            continue
        value, at = _flow_value(tokens, at, depth + 1)
        if at < len(tokens) and tokens[at][0] == ":":
            pairs[str(value)], at = _flow_value(tokens, at + 1, depth + 1)
        else:
            found.append(value)
    if sign == "{":
        return pairs, at + 1
    return ([*found, pairs] if pairs else found), at + 1


def _scalar(text: str) -> Any:
    if text[:1] in {'"', "'"}:
        return _unquoted(text)
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    return text


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text
