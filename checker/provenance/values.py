"""What a value is made of, in a form in which equal things are equal: numbers, dates, links, addresses, codes, names.

An *atom* is a pair of a kind and a normalised key. An argument is asked for the atoms that must come from somewhere (`wanted`);
a source is indexed by everything it could lend (`offered`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from fractions import Fraction
from typing import Literal, TypeAlias, assert_never

import attrs

from wfcheck.checker.conditions.compiled import UNKNOWN, Known
from wfcheck.dsl.types import (
    AnyType,
    EnumType,
    ListType,
    MapType,
    OptionType,
    RecordType,
    Scalar,
    SetType,
    Type,
    base,
)
from wfcheck.dsl.values.texts import decimal_text

AtomKind: TypeAlias = Literal["number", "date", "link", "address", "code", "name"]
KINDS: tuple[AtomKind, ...] = ("number", "date", "address", "link", "code")
TEXT_LIMIT = 1 << 20
NAME_WORDS, NAME_LENGTH = 4, 60


@attrs.frozen
class Atom:
    """One thing that must stand in a source. `shown` is how the argument wrote it. `loose`: a few words that may name something
    or may be prose: if they stand nowhere, nothing follows."""

    kind: AtomKind
    key: str
    shown: str = attrs.field(eq=False)
    loose: bool = attrs.field(default=False, eq=False)


_NAMES = (
    ("january", "jan"), ("february", "feb"), ("march", "mar"), ("april", "apr"), ("may",), ("june", "jun"),
    ("july", "jul"), ("august", "aug"), ("september", "sep", "sept"), ("october", "oct"), ("november", "nov"),
    ("december", "dec"),
)  # fmt: skip
_MONTHS = {name: number for number, names in enumerate(_NAMES, 1) for name in names}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ISO = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?!\d)")
_WORDED = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b,? (\d{{4}})", re.IGNORECASE)
_WORDED_US = re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+%-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_LINK = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s<>\"'`{}|\\^\x00-\x20]{1,2000}"
    r"|(?<![\w@.-])(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,8}[A-Za-z]{2,24}(?:[/?#:][^\s<>\"'`{}|\\^\x00-\x20]{0,2000})?(?![\w@]))"
)
_GLUED = re.compile(
    r"(\S*\.[a-z]{2,24})\.[A-Z][a-z]*"
)  # `see www.acme.example.They say`: a sentence end without a space
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"(?<![\w.,])[-+]?(?:\d{1,3}(?:,\d{3}){1,13}|\d{1,40})(?:\.\d{1,40})?(?!\w|[.,]\d)")
_GROUPED = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,8}(?:[ -]?[A-Z0-9]{1,4})?\b")
_CODE = re.compile(r"(?<![\w-])(?=[\w-]*\d)[A-Za-z0-9](?:[\w-]{2,100})[A-Za-z0-9](?![\w-])")
_WORD = re.compile(r"\w+(?:[-_.@+/:']\w+)*")
_QUOTES = str.maketrans(dict.fromkeys("\"'`“”‘’«»"))
_POSSESSIVE = re.compile(r"(?<=\w)['’]s\b")
_SENTENCE = re.compile(r"[.!?;:,\n](?:\s|$)")


def fold(text: str) -> str:
    """Case, white space, quotation marks and possessive endings made even."""
    return " ".join(_POSSESSIVE.sub("", text[:TEXT_LIMIT].casefold()).translate(_QUOTES).split())


def words(text: str) -> list[str]:
    """The words of folded text; inner `-_.@/:` join."""
    return _WORD.findall(text)


def link_key(url: str) -> str:
    """A url without scheme, `www.`, letter case of the host, punctuation after it and a slash at its end."""
    bare = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]{1,20}://", "", url.rstrip(".,;:!?)]*_"))
    host, slash, rest = bare.partition("/")
    return (host.lower().removeprefix("www.") + slash + rest).rstrip("/")


def number_key(number: int | Fraction) -> str:
    """One text for equal numbers."""
    return decimal_text(Fraction(number))


def code_key(code: str) -> str:
    """A code without spaces and hyphens, in one letter case."""
    return re.sub(r"[\s-]", "", code).upper()


def _dates(text: str) -> Iterator[str]:
    for pattern, order in (
        (_ISO, "ymd"),
        (_DAY_FIRST, "dmy"),
        (_DAY_FIRST, "mdy"),
        (_WORDED, "dmy"),
        (_WORDED_US, "mdy"),
    ):
        for found in pattern.findall(text):
            parts = dict(zip(order, found, strict=True))
            month = _MONTHS.get(parts["m"].lower()) or int(parts["m"])
            try:
                yield date(int(parts["y"]), month, int(parts["d"])).isoformat()
            except ValueError:
                continue


def _numbers(text: str) -> Iterator[str]:
    for found in _NUMBER.findall(text):
        yield number_key(Fraction(found.replace(",", "")))


def offers(kind: AtomKind, text: str) -> Iterator[str]:
    """The keys of every atom of a kind that a text could lend; names are searched for, not listed."""
    text = text[:TEXT_LIMIT]
    match kind:
        case "number":
            return _numbers(text) if _DIGIT.search(text) else iter(())
        case "date":
            return _dates(text) if _DIGIT.search(text) else iter(())
        case "address":
            return (found.casefold() for found in _ADDRESS.findall(text)) if "@" in text else iter(())
        case "link":
            return _links(text)
        case "code":
            return _codes(text) if _DIGIT.search(text) else iter(())
        case "name":
            return iter(())
        case _:
            assert_never(kind)


def _links(text: str) -> Iterator[str]:
    for found in _LINK.findall(text):
        yield link_key(found)
        if glued := _GLUED.fullmatch(found):
            yield link_key(glued.group(1))


def _codes(text: str) -> Iterator[str]:
    for pattern in (_CODE, _GROUPED):
        for found in pattern.findall(text):
            yield code_key(found)


def offered(text: str) -> Iterator[tuple[AtomKind, str]]:
    """Every atom but names that a text could lend."""
    for kind in KINDS:
        for key in offers(kind, text):
            yield kind, key


# ---------------------------------------------------------------- what an argument is asked for


def wanted(value: Known, type_: Type) -> Iterator[Atom]:
    """The atoms of an argument of the declared type, in order. An absent value, a truth value, free text without links,
    addresses and codes have none."""
    bare = base(type_)
    match value:
        case None | bool():
            return
        case tuple():
            inner = bare.item if isinstance(bare, ListType | SetType) else AnyType()
            for element in value:
                yield from wanted(element, inner)
        case dict():
            for name, element in value.items():
                yield from wanted(element, _field(bare, name))
        case str():
            inner = base(bare.base) if isinstance(bare, OptionType) else bare
            yield from _wanted_text(value, inner)
        case int() | Fraction():
            yield Atom("number", number_key(value), decimal_text(Fraction(value)))
        case datetime():
            yield Atom("date", value.date().isoformat(), value.isoformat())
        case date():
            yield Atom("date", value.isoformat(), value.isoformat())
        case _:
            return


def _field(type_: Type, name: str) -> Type:
    match type_:
        case RecordType():
            return type_.field(name) or AnyType()
        case MapType(value=item):
            return item
        case OptionType(base=inner):
            return _field(base(inner), name)
        case _:
            return AnyType()


def _wanted_text(text: str, type_: Type) -> Iterator[Atom]:
    stripped = text.strip()
    if not stripped:
        return
    if isinstance(type_, EnumType) or type_ == Scalar("path"):
        yield Atom("name", fold(stripped), stripped)
    elif type_ == Scalar("address"):
        key = stripped.casefold()
        yield Atom("address" if _ADDRESS.fullmatch(stripped) else "name", key, stripped)
    elif type_ == Scalar("url"):
        yield Atom("link", link_key(stripped), stripped)
    elif (atom := _whole(stripped)) is not None:
        yield atom
        if atom.kind == "name" and " " in stripped:
            yield from parts(stripped)
    else:
        yield from parts(stripped)


def _whole(text: str) -> Atom | None:
    """The text as one atom, or None where it is free text."""
    if any(_dates(text)) and (_ISO.fullmatch(text) or _WORDED.fullmatch(text) or _WORDED_US.fullmatch(text)):
        return Atom("date", next(_dates(text)), text)
    if _NUMBER.fullmatch(text):
        return Atom("number", next(_numbers(text)), text)
    if _ADDRESS.fullmatch(text):
        return Atom("address", text.casefold(), text)
    if _LINK.fullmatch(text):
        return Atom("link", link_key(text), text)
    if _GROUPED.fullmatch(text) or _CODE.fullmatch(text):
        return Atom("code", code_key(text), text)
    return Atom("name", fold(text), text, not _is_title(text)) if is_name(text) else None


def is_name(text: str) -> bool:
    """One word, or a few without the punctuation of a sentence: what may well identify something is asked for as a whole."""
    pieces = len(text.split())
    return len(text) <= NAME_LENGTH and (pieces == 1 or (pieces <= NAME_WORDS and not _SENTENCE.search(text)))


def _is_title(text: str) -> bool:
    """One word, or words that are all capitalised or numbered."""
    pieces = text.split()
    return len(pieces) == 1 or all(piece[0].isupper() or piece[0].isdigit() for piece in pieces)


def parts(text: str) -> Iterator[Atom]:
    """The links, addresses and codes in free text."""
    seen: set[tuple[str, str]] = set()
    for atom in _parts(text[:TEXT_LIMIT]):
        if (atom.kind, atom.key) not in seen:
            seen.add((atom.kind, atom.key))
            yield atom


def _parts(text: str) -> Iterator[Atom]:
    for found in _ADDRESS.findall(text):
        yield Atom("address", found.casefold(), found)
    rest = _ADDRESS.sub(" ", text)
    for found in _LINK.findall(rest):
        glued = _GLUED.fullmatch(found)
        yield Atom("link", link_key(glued.group(1) if glued else found), found)
    rest = _LINK.sub(" ", rest)
    for found in _GROUPED.findall(rest):
        yield Atom("code", code_key(found), found)
    rest = _GROUPED.sub(" ", rest)
    rest = _ISO.sub(" ", rest)
    for found in _CODE.findall(rest):
        if _is_code(found):
            yield Atom("code", code_key(found), found)


def _is_code(token: str) -> bool:
    """Letters and digits mixed, or a long run of digits; not `5th`, `2nd-floor` or a year."""
    digits = sum(c.isdigit() for c in token)
    letters = sum(c.isalpha() for c in token)
    return (digits >= 5 and letters == 0) or (letters > 0 and digits >= 2 and len(token) >= 6)


def unknown_inside(value: Known) -> bool:
    """Whether the value, or a part of it, is not known."""
    if isinstance(value, tuple):
        return any(unknown_inside(v) for v in value)
    if isinstance(value, dict):
        return any(unknown_inside(v) for v in value.values())
    return value is UNKNOWN
