"""How each operator is typed: a rule takes the types of the operands and gives the type of the result, or says what is wanted.

`any` fits everywhere. An option (`T?`) fits only where absence has a meaning: `==`, `!=` and the left of `in`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from wfcheck.dsl.core import Value
from wfcheck.dsl.elaboration.consistency import (
    ORDERED,
    TEXTS,
    comparable,
    consistent,
    is_any,
    is_option,
    item_of,
    join,
    present,
    scalar,
)
from wfcheck.dsl.types import (
    ADDRESS,
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DURATION,
    INT,
    PATH,
    TEXT,
    TIME,
    URL,
    EnumType,
    ListType,
    MapType,
    Type,
    base,
)
from wfcheck.dsl.values import meanings


@attrs.frozen
class Wanted:
    """The operands do not fit; `what` they should be, as in "`+` wants ..."."""

    what: str
    help: str | None = None


Rule: TypeAlias = Callable[..., Type | Wanted]
CONSENT = EnumType(None, ("yes", "chose", "none"))


def _fits(type_: Type, *names: str) -> bool:
    return is_any(type_) or scalar(type_) in names


def _bare(type_: Type) -> Type:
    """Without refinements: a result need not satisfy those of its operands."""
    return base(type_)


_TABLE_PLUS: dict[tuple[str, str], Type] = {
    ("int", "int"): INT,
    ("decimal", "decimal"): DECIMAL,
    ("text", "text"): TEXT,
    ("duration", "duration"): DURATION,
    ("date", "duration"): DATE,
    ("duration", "date"): DATE,
    ("time", "duration"): TIME,
    ("duration", "time"): TIME,
}
_TABLE_MINUS: dict[tuple[str, str], Type] = {
    ("int", "int"): INT,
    ("decimal", "decimal"): DECIMAL,
    ("duration", "duration"): DURATION,
    ("date", "date"): DURATION,
    ("time", "time"): DURATION,
    ("date", "duration"): DATE,
    ("time", "duration"): TIME,
}


def mixed(left: Type, right: Type) -> str | None:
    """The help for an int beside a decimal."""
    if {scalar(left), scalar(right)} == {"int", "decimal"}:
        return "write `decimal(x)` around the int: numbers are not converted silently"
    if {scalar(left), scalar(right)} <= TEXTS and scalar(left) is not None:
        return "convert one side with `text(x)`, `address(x)`, `url(x)` or `path(x)`"
    return None


def _arithmetic(left: Type, right: Type, table: dict[tuple[str, str], Type], what: str) -> Type | Wanted:
    found = table.get((scalar(left) or "", scalar(right) or ""))
    if found is not None:
        return found
    possible = {name for pair in table for name in pair}
    if is_any(left) or is_any(right):
        known = right if is_any(left) else left
        return ANY if is_any(known) or scalar(known) in possible else Wanted(what)
    return Wanted(what, mixed(left, right))


def addition(left: Type, right: Type) -> Type | Wanted:
    """`+`"""
    bare_left, bare_right = base(left), base(right)
    if isinstance(bare_left, ListType) and isinstance(bare_right, ListType):
        item = join(bare_left.item, bare_right.item)
        return Wanted("two lists of one type") if item is None else ListType(item)
    return _arithmetic(
        left,
        right,
        _TABLE_PLUS,
        "two numbers, texts, durations or lists of one type, or a date and a duration",
    )


def subtraction(left: Type, right: Type) -> Type | Wanted:
    """`-`"""
    return _arithmetic(
        left, right, _TABLE_MINUS, "two numbers or durations of one type, or a date and a duration"
    )


def multiplication(left: Type, right: Type) -> Type | Wanted:
    """`*`"""
    return _arithmetic(
        left, right, {("int", "int"): INT, ("decimal", "decimal"): DECIMAL}, "two numbers of one type"
    )


def division(left: Type, right: Type) -> Type | Wanted:
    """`/`, always exact"""
    if not _fits(left, "int", "decimal") or not _fits(right, "int", "decimal"):
        return Wanted("two numbers")
    return DECIMAL


def negative(operand: Type) -> Type | Wanted:
    """prefix `-`"""
    return (
        _bare(operand) if _fits(operand, "int", "decimal", "duration") else Wanted("a number or a duration")
    )


def equality(left: Type, right: Type) -> Type | Wanted:
    """`==` and `!=`"""
    return BOOL if comparable(left, right) else Wanted("two values of one type", mixed(left, right))


def ordering(left: Type, right: Type) -> Type | Wanted:
    """`< <= > >=`"""
    what = "two numbers, dates, times or durations of one type"
    if not _fits(left, *ORDERED) or not _fits(right, *ORDERED):
        return Wanted(what)
    return BOOL if consistent(left, right) else Wanted(what, mixed(left, right))


def boolean(*operands: Type) -> Type | Wanted:
    """`and or implies not`"""
    return BOOL if all(_fits(operand, "bool") for operand in operands) else Wanted("conditions (type `bool`)")


def conditional(condition: Type, then: Type, otherwise: Type) -> Type | Wanted:
    """`if c then a else b`"""
    if not _fits(condition, "bool"):
        return Wanted("a condition (type `bool`) after `if`")
    joined = join(then, otherwise)
    return Wanted("one type in both branches", mixed(then, otherwise)) if joined is None else joined


def membership(item: Type, collection: Type) -> Type | Wanted:
    """`in`"""
    element = item_of(collection)
    if element is None or is_option(collection):
        return Wanted("a set, a list or a map on the right")
    return (
        BOOL
        if comparable(item, element)
        else Wanted("an element of the type of the collection", mixed(item, element))
    )


def text_test(left: Type, right: Type) -> Type | Wanted:
    """`like matches startswith endswith`"""
    return BOOL if _fits(left, *TEXTS) and _fits(right, *TEXTS) else Wanted("a text on both sides")


def containment(left: Type, right: Type) -> Type | Wanted:
    """`contains`: a text in a text, an element in a list."""
    if scalar(left) in TEXTS:
        return BOOL if _fits(right, *TEXTS) else Wanted("a text on both sides")
    element = item_of(left)
    if element is None:
        return Wanted("a text or a list on the left")
    return (
        BOOL
        if comparable(right, element)
        else Wanted("an element of the type of the list", mixed(right, element))
    )


def contains(whole: Value, part: Value) -> bool:
    """A text in a text, an element in a list."""
    if isinstance(whole, str):
        return meanings.text(part) in whole
    return meanings.member(part, whole)


def length(operand: Type) -> Type | Wanted:
    """`length`, `count`"""
    return (
        INT if _fits(operand, *TEXTS) or item_of(operand) is not None else Wanted("a text, a list or a map")
    )


def _from(names: frozenset[str] | set[str], result: Type, what: str) -> Rule:
    def rule(operand: Type) -> Type | Wanted:
        return result if _fits(operand, *names) else Wanted(what)

    return rule


text_to_text = _from(TEXTS, TEXT, "a text")
address_to_text = _from({"address", "text"}, TEXT, "an address")
url_to_text = _from({"url", "text"}, TEXT, "a url")
path_to_texts = _from({"path", "text"}, ListType(TEXT), "a path")
text_to_urls = _from(TEXTS, ListType(URL), "a text")
text_to_addresses = _from(TEXTS, ListType(ADDRESS), "a text")
text_to_decimals = _from(TEXTS, ListType(DECIMAL), "a text")
to_decimal = _from({"int", "decimal", "text"}, DECIMAL, "a number or a text")
to_int = _from({"int", "decimal", "text"}, INT, "a number or a text")
to_address = _from(TEXTS, ADDRESS, "a text")
to_url = _from(TEXTS, URL, "a text")
to_path = _from(TEXTS, PATH, "a text")
to_date = _from({"time", "date", "text"}, DATE, "a time or a text")
to_time = _from({"time", "text"}, TIME, "a text")


def to_text(operand: Type) -> Type | Wanted:
    """`text(x)`"""
    names = TEXTS | {"int", "decimal", "bool", "date", "time"}
    return TEXT if _fits(operand, *names) or isinstance(base(operand), EnumType) else Wanted("a scalar")


def splitting(operand: Type, separator: Type) -> Type | Wanted:
    """`split(text, separator)`"""
    return (
        ListType(TEXT)
        if _fits(operand, *TEXTS) and _fits(separator, "text")
        else Wanted("a text and a separator")
    )


def day_count(first: Type, last: Type) -> Type | Wanted:
    """`days_between(a, b)`"""
    dated = _fits(first, "date", "time") and _fits(last, "date", "time")
    return INT if dated and consistent(first, last) else Wanted("two dates or two times")


def rounding(value: Type, digits: Type = INT) -> Type | Wanted:
    """`round(x, n)`"""
    return (
        DECIMAL
        if _fits(value, "int", "decimal") and _fits(digits, "int")
        else Wanted("a number and a number of digits")
    )


def _numeric_item(operand: Type, names: frozenset[str] | set[str]) -> Type | None:
    element = item_of(operand)
    if element is None or isinstance(base(operand), MapType) or not _fits(element, *names):
        return None
    return _bare(element)


def summation(operand: Type) -> Type | Wanted:
    """`sum(list)`"""
    return _numeric_item(operand, {"int", "decimal", "duration"}) or Wanted("a list of numbers or durations")


def extreme(*operands: Type) -> Type | Wanted:
    """`min` and `max` of a list, or of two or more operands"""
    if len(operands) == 1:
        return _numeric_item(operands[0], ORDERED) or Wanted("a list of numbers, dates, times or durations")
    joined: Type | None = operands[0]
    for operand in operands[1:]:
        joined = None if joined is None else join(joined, operand)
    fits = all(_fits(operand, *ORDERED) for operand in operands)
    return (
        _bare(joined)
        if fits and joined is not None
        else Wanted("numbers, dates, times or durations of one type")
    )


def key_list(operand: Type) -> Type | Wanted:
    """`keys(map)`"""
    bare = base(operand)
    if is_any(operand):
        return ListType(ANY)
    return ListType(bare.key) if isinstance(bare, MapType) else Wanted("a map")


def mention(where: Type, _what: Type) -> Type | Wanted:
    """`mentions(text, value)`"""
    return BOOL if _fits(present(where), *TEXTS) else Wanted("a text first")


def consent(answer: Type, question: Type) -> Type | Wanted:
    """`consents(last(input), last(say))`"""
    del answer, question
    return CONSENT
