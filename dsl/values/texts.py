"""The exact meaning of the built-in functions over text, addresses, urls and paths, and of conversions.

What is deceptive has no value: an address without `@`, a url with a backslash, white space or user information hidden in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from urllib.parse import urlsplit

from wfcheck.dsl.core import Value
from wfcheck.dsl.values.matching import Matcher, glob_matcher, regular_matcher
from wfcheck.dsl.values.meanings import EvaluationError, items, number, text
from wfcheck.dsl.values.regular import RegularError

_OPAQUE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!//)(?!\d{1,5}(?:[/?#]|$))")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOST = re.compile(r"[^\s\x00-\x20/?#@\\%<>\"'`{}|^]+")
_URL = re.compile(
    r"(?<![A-Za-z0-9@.])(?:[A-Za-z][A-Za-z0-9+.-]{1,20}://|www\.)[^\s<>\"'`{}|\\^\x00-\x20]{1,2000}"
)
_ADDRESS = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z0-9-]{1,62}[A-Za-z0-9]"
)
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,100})(?:\.\d{1,100})?(?![\w]|\.\d)")
_WORDS_YES = frozenset(
    [
        "yes",
        "yep",
        "yeah",
        "ok",
        "okay",
        "sure",
        "confirm",
        "confirmed",
        "agreed",
        "approve",
        "approved",
        "proceed",
        "correct",
        "right",
        "fine",
    ]
)
_PHRASES_YES = ("go ahead", "please do", "do it", "sounds good")
_PROPOSED = frozenset(["cancel", "stop"])
_WORDS_NO = frozenset(
    ["no", "not", "don't", "dont", "never", "stop", "cancel", "wait", "nope", "but", "if", "unless"]
)


def like(value: Value, pattern: Value) -> bool:
    """Full match of a glob."""
    return _match(glob_matcher, value, pattern)


def matches(value: Value, pattern: Value) -> bool:
    """Full match of a regular expression of the dialect."""
    return _match(regular_matcher, value, pattern)


def _match(automaton: Callable[[str], Matcher], value: Value, pattern: Value) -> bool:
    try:
        return automaton(text(pattern)).matches(text(value))
    except RegularError as error:
        raise EvaluationError(error.message) from None


def starts_with(value: Value, prefix: Value) -> bool:
    """Whether the text begins with the prefix."""
    return text(value).startswith(text(prefix))


def ends_with(value: Value, suffix: Value) -> bool:
    """Whether the text ends with the suffix."""
    return text(value).endswith(text(suffix))


def lower(value: Value) -> str:
    """The text in lower case."""
    return text(value).lower()


def upper(value: Value) -> str:
    """The text in upper case."""
    return text(value).upper()


def trim(value: Value) -> str:
    """The text without white space at its ends."""
    return text(value).strip()


def split(value: Value, separator: Value) -> tuple[Value, ...]:
    """The pieces between separators; an empty separator has no meaning."""
    if not text(separator):
        raise EvaluationError("a text is not split at nothing")
    return tuple(text(value).split(text(separator)))


def domain(value: Value) -> str:
    """What follows the last `@` of an address, in lower case; `Name <a@b>` counts as `a@b`."""
    raw = text(value).strip()
    inside = re.fullmatch(r"[^<>]*<([^<>]*)>", raw)
    raw = inside.group(1) if inside else raw
    local, at, name = raw.rpartition("@")
    name = name.lower().rstrip(".")
    if not at or not local or not re.fullmatch(r"[^\s\x00-\x20<>,;:()\[\]\\\"@]+", name):
        raise EvaluationError("the text is no address")
    return name


def host(value: Value) -> str:
    """The host of a url, in lower case, without port and user information; the scheme may be missing."""
    raw = text(value).strip(" ")
    if re.search(r"[\\\s\x00-\x20\x7f]", raw) or (_OPAQUE.match(raw) and not _SCHEME.match(raw)):
        raise EvaluationError("the url names no host that can be relied on")
    try:
        name = urlsplit(raw if _SCHEME.match(raw) or raw.startswith("//") else "//" + raw).hostname
    except ValueError:
        raise EvaluationError("the text is no url") from None
    name = (name or "").lower().rstrip(".")
    if not _HOST.fullmatch(name):
        raise EvaluationError("the url has no host")
    return name


def segments(value: Value) -> tuple[Value, ...]:
    """The parts of a path between `/`; empty parts and `.` are left out, `..` is kept for all to see."""
    raw = text(value)
    if "\0" in raw:
        raise EvaluationError("the text is no path")
    return tuple(part for part in raw.split("/") if part not in {"", "."})


def urls(value: Value) -> tuple[Value, ...]:
    """The urls in a text, in order, without the punctuation that follows them."""
    return tuple(found.rstrip(".,;:!?)]*_") for found in _URL.findall(text(value)))


def addresses(value: Value) -> tuple[Value, ...]:
    """The mail addresses in a text, in order."""
    return tuple(_ADDRESS.findall(text(value)))


def numbers(value: Value) -> tuple[Value, ...]:
    """The numbers in a text, in order, as decimals; `1,000.50` is one number."""
    return tuple(Fraction(found.replace(",", "")) for found in _NUMBER.findall(text(value)))


def days_between(first: Value, last: Value) -> int:
    """Whole days from the first date or time to the last; negative when the last is earlier."""
    if isinstance(first, datetime) and isinstance(last, datetime):
        if (first.tzinfo is None) != (last.tzinfo is None):
            raise EvaluationError("a time with a zone and one without have no difference")
        gap = last - first
        return gap // timedelta(days=1) if gap >= timedelta() else -(-gap // timedelta(days=1))
    if isinstance(first, date) and isinstance(last, date):
        if isinstance(first, datetime) or isinstance(last, datetime):
            raise EvaluationError("a date and a time have no difference")
        return (last - first).days
    raise EvaluationError("two dates or two times are wanted")


# ---------------------------------------------------------------- conversions


def to_decimal(value: Value) -> Fraction:
    """The decimal of an int, or of a text that is a decimal number."""
    if isinstance(value, str):
        if not re.fullmatch(r"[-+]?\d{1,400}(?:\.\d{1,400})?", value.strip(), re.ASCII):
            raise EvaluationError("the text is no number")
        return Fraction(value.strip())
    return Fraction(number(value))


def to_int(value: Value) -> int:
    """The int that equals a decimal or the number in a text; a fraction has none (`round` first)."""
    exact = to_decimal(value)
    if exact.denominator != 1:
        raise EvaluationError("the number is not whole")
    return int(exact)


def to_text(value: Value) -> str:
    """The text of a scalar: numbers in decimal notation, dates and times in ISO form."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Fraction():
            return decimal_text(value)
        case date():
            return value.isoformat()
        case _:
            raise EvaluationError("the value has no text")


def decimal_text(value: Fraction) -> str:
    """Exact decimal notation; `n/d` where there is none."""
    rest, places = value.denominator, 0
    for factor in (2, 5):
        count = 0
        while rest % factor == 0:
            rest, count = rest // factor, count + 1
        places = max(places, count)
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (digits if not places else f"{digits[:-places]}.{digits[-places:]}")


def to_date(value: Value) -> date:
    """The day of a time, or of a text in ISO form."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(text(value))
    except ValueError:
        raise EvaluationError("the text is no date") from None


def to_time(value: Value) -> datetime:
    """The time that a text in ISO form names."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(text(value))
    except ValueError:
        raise EvaluationError("the text is no time") from None


# ---------------------------------------------------------------- the heuristic layer


def _stands(words: str, text_: str) -> bool:
    """Whether whole words stand in a text."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text_) is not None


def _folded(value: str) -> str:
    return " ".join(value.casefold().split())


def mentions(value: Value, what: Value) -> bool:
    """Heuristic: whether the value stands in the text, by its kind (numbers as numbers, text as whole words, all of a list)."""
    body = text(value)
    match what:
        case bool() | None:
            raise EvaluationError("this kind of value is not looked for in text")
        case int() | Fraction():
            return Fraction(what) in numbers(body)
        case tuple():
            return all(mentions(body, element) for element in what)
        case dict():
            return all(mentions(body, element) for element in what.values())
        case str():
            wanted = _folded(what)
            return bool(wanted) and _stands(wanted, _folded(body))
        case date():
            return what.isoformat() in body
        case timedelta():
            raise EvaluationError("a duration is not looked for in text")


def consents(answer: Value, question: Value) -> str:
    """Heuristic: `yes` when the answer says so without a reservation, `chose` when it repeats a line of the question, else `none`."""
    said, asked = _folded(_said(answer)), _said(question)
    words = set(re.findall(r"[\w']+", said))
    if words & _WORDS_NO - _asked_for(asked):
        return "none"
    if words & _WORDS_YES or any(_stands(phrase, said) for phrase in _PHRASES_YES):
        return "yes"
    offers = [_folded(re.sub(r"^\s*(?:[-*]|\d+[.)])\s*", "", line)) for line in asked.splitlines()]
    return (
        "chose" if said and said.strip(".! ") in {offer.strip(".! ") for offer in offers if offer} else "none"
    )


def _asked_for(question: str) -> set[str]:
    """What would be a refusal, were it not what the last line of the question proposes: \"Shall I cancel it?\" \"Yes, cancel it.\""""
    lines = _folded(question.strip().rpartition("\n")[2])
    words = set(re.findall(r"[\w']+", lines))
    return set() if "or" in words else words & _PROPOSED


def _said(value: Value) -> str:
    return text(value.get("text")) if isinstance(value, dict) else text(value)


def keys(value: Value) -> tuple[Value, ...]:
    """The keys of a map, or the elements of a list, as a list."""
    return tuple(items(value))
