"""One table of every operator and built-in function of the language: its name, how it is typed, what it means exactly.

Every evaluator (the concrete one, the three-valued one, the solver's) follows this table or is tested against it. A meaning is
a plain function on core values that raises `EvaluationError` where there is no value. Operators are *strict* (an error or an
unknown in any operand is an error or unknown of the whole) unless `lazy`:

* `and`, `or`, `implies` evaluate left to right and stop as soon as the left side decides; an error on the left is an error
  of the whole;
* `ite(c, a, b)` (`if c then a else b`) evaluates only the branch that is taken.

Under three values `unknown and false` is false, `unknown or true` is true (Kleene), `ite(unknown, a, b)` is unknown unless a
equals b. Comparisons with `none` are defined (`none == none` only); every other operator errs on an absent operand.
`x not in s` is `not (x in s)`. `/` is exact and always a decimal. All infix operators take exactly two operands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import attrs

from wfcheck.dsl.core import Value
from wfcheck.dsl.elaboration import typing_rules
from wfcheck.dsl.elaboration.typing_rules import Rule
from wfcheck.dsl.values import meanings, texts
from wfcheck.dsl.values.meanings import EvaluationError

__all__ = ["FUNCTIONS", "INFIX", "OPERATORS", "EvaluationError", "Operator", "apply"]


@attrs.frozen
class Operator:
    """`name` is `core.Apply.op`. `form`: infix, prefix, or function (called by its name). `minimum` and `maximum` count operands
    (None: any number). `typing` gives the type of the result, or what is wanted. `errs`: when it has no value, on operands
    of the right types, in words; empty: never."""

    name: str
    form: str
    minimum: int
    maximum: int | None
    typing: Rule
    meaning: Callable[..., Value]
    errs: str = ""
    lazy: bool = False
    heuristic: bool = False


def _infix(
    name: str, typing: Rule, meaning: Callable[..., Value], errs: str = "", *, lazy: bool = False
) -> Operator:
    return Operator(name, "infix", 2, 2, typing, meaning, errs, lazy)


def _function(
    name: str,
    typing: Rule,
    meaning: Callable[..., Value],
    errs: str = "",
    *,
    least: int = 1,
    most: int | None = 1,
) -> Operator:
    return Operator(name, "function", least, most, typing, meaning, errs)


_ALL = (
    _infix("+", typing_rules.addition, meanings.add, "a date moved by part of a day, or out of range"),
    _infix(
        "-", typing_rules.subtraction, meanings.subtract, "a date moved by part of a day, or out of range"
    ),
    _infix("*", typing_rules.multiplication, meanings.multiply),
    _infix("/", typing_rules.division, meanings.divide, "the divisor is 0"),
    Operator("neg", "prefix", 1, 1, typing_rules.negative, meanings.negate),
    _infix("==", typing_rules.equality, meanings.equal),
    _infix("!=", typing_rules.equality, meanings.unequal),
    _infix("<", typing_rules.ordering, meanings.less),
    _infix("<=", typing_rules.ordering, meanings.less_equal),
    _infix(">", typing_rules.ordering, meanings.greater),
    _infix(">=", typing_rules.ordering, meanings.greater_equal),
    _infix("and", typing_rules.boolean, meanings.both, lazy=True),
    _infix("or", typing_rules.boolean, meanings.either, lazy=True),
    _infix("implies", typing_rules.boolean, meanings.implication, lazy=True),
    Operator("not", "prefix", 1, 1, typing_rules.boolean, meanings.negation),
    Operator("ite", "mixfix", 3, 3, typing_rules.conditional, meanings.choose, lazy=True),
    _infix("in", typing_rules.membership, meanings.member),
    _infix("like", typing_rules.text_test, texts.like),
    _infix("matches", typing_rules.text_test, texts.matches),
    _infix("startswith", typing_rules.text_test, texts.starts_with),
    _infix("endswith", typing_rules.text_test, texts.ends_with),
    _infix("contains", typing_rules.containment, typing_rules.contains),
    _function("length", typing_rules.length, meanings.length),
    _function("lower", typing_rules.text_to_text, texts.lower),
    _function("upper", typing_rules.text_to_text, texts.upper),
    _function("trim", typing_rules.text_to_text, texts.trim),
    _function("split", typing_rules.splitting, texts.split, "the separator is empty", least=2, most=2),
    _function("domain", typing_rules.address_to_text, texts.domain, "the text is no address"),
    _function("host", typing_rules.url_to_text, texts.host, "the url has no host that can be relied on"),
    _function("segments", typing_rules.path_to_texts, texts.segments, "the path holds a NUL"),
    _function("urls", typing_rules.text_to_urls, texts.urls),
    _function("addresses", typing_rules.text_to_addresses, texts.addresses),
    _function("numbers", typing_rules.text_to_decimals, texts.numbers),
    _function(
        "days_between",
        typing_rules.day_count,
        texts.days_between,
        "only one time has a zone",
        least=2,
        most=2,
    ),
    _function("round", typing_rules.rounding, meanings.round_to, "more than 1000 digits", most=2),
    _function("count", typing_rules.length, meanings.length),
    _function("sum", typing_rules.summation, meanings.total),
    _function("min", typing_rules.extreme, meanings.smallest, "the list is empty", most=None),
    _function("max", typing_rules.extreme, meanings.largest, "the list is empty", most=None),
    _function("keys", typing_rules.key_list, texts.keys),
    _function("decimal", typing_rules.to_decimal, texts.to_decimal, "the text is no number"),
    _function("int", typing_rules.to_int, texts.to_int, "the number is not whole"),
    _function("text", typing_rules.to_text, texts.to_text),
    _function("address", typing_rules.to_address, texts.to_text),
    _function("url", typing_rules.to_url, texts.to_text),
    _function("path", typing_rules.to_path, texts.to_text),
    _function("date", typing_rules.to_date, texts.to_date, "the text is no date"),
    _function("time", typing_rules.to_time, texts.to_time, "the text is no time"),
    Operator("mentions", "function", 2, 2, typing_rules.mention, texts.mentions, heuristic=True),
    Operator("consents", "function", 2, 2, typing_rules.consent, texts.consents, heuristic=True),
)

OPERATORS: Mapping[str, Operator] = MappingProxyType({operator.name: operator for operator in _ALL})
"""By the name used in `core.Apply.op`."""

FUNCTIONS: Mapping[str, Operator] = MappingProxyType({o.name: o for o in _ALL if o.form == "function"})
"""What is called by its name."""

INFIX: frozenset[str] = frozenset(o.name for o in _ALL if o.form == "infix")


def apply(name: str, *operands: Value) -> Value:
    """The value of an operator on operands that all have a value; raises EvaluationError."""
    return OPERATORS[name].meaning(*operands)
