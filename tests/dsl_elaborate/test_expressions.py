"""Expressions: what they become in the core, and what they are worth."""

from __future__ import annotations

from fractions import Fraction

import pytest

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.context import Context, Env, Names
from wfcheck.dsl.elaboration.expression import elaborate_condition, elaborate_expression
from wfcheck.dsl.elaboration.folding import constant, evaluate
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import BOOL, DECIMAL, INT, OptionType
from wfcheck.dsl.values.meanings import EvaluationError

HEAD = """
type Color = enum {red, blue, "dark red"}
type Order = { id: text, amount: decimal, note: text?, color: Color, tags: list<text>, prices: map<text, decimal> }
table limits: {who: text, most: decimal} = [{who: "junior", most: 100}, {who: "senior", most: 1_000.50}]
define double(x) = x + x
define quad(x) = double(double(x))
define has(xs, y) = any x in xs: x == y
define warm(c) = c == red or c in {"dark red", red}
define cheap(order, most) = order.amount <= most
"""
ORDER = {
    "id": "o1",
    "amount": Fraction(50),
    "note": None,
    "color": "red",
    "tags": ("a", "b"),
    "prices": {"x": Fraction(1, 2)},
}


def requirement(load_text, condition: str) -> core.Expr:
    made = load_text(
        HEAD + f"tool t(o: Order, n: int, d: decimal, x: text, any_: any) {{ requires {condition} }}\n"
    )
    assert not made.diagnostics, [(d.code, d.message) for d in made.diagnostics]
    return made.program.tools["t"].requires[0].condition


KNOWN = {"o": ORDER, "n": 3, "d": Fraction(5, 2), "x": "b", "any_": 7}

VALUES = [
    ("n + 1 == 4", True),
    ("d * 2 == 5", True),
    ("n / 2 == 1.5", True),
    ("1 < d and d < 3", True),
    ("0.1 + 0.2 == 0.3", True),
    ("o.color == red", True),
    ("red == o.color", True),
    ("red == o.color and n == 3 and blue != o.color", True),
    ("blue == o.color or none == o.note", True),
    ('o.color != "dark red"', True),
    ("o.color in {red, blue}", True),
    ("o.color not in {blue}", True),
    ("o.note == none", True),
    ("o.note != none and length(o.note) > 2", False),
    ("o.note == none or length(o.note) > 2", True),
    ('if o.note == none then true else o.note like "*"', True),
    ('o.note != none implies o.note contains "x"', True),
    ("x in o.tags", True),
    ('o.prices["x"] == 0.5', True),
    ('"x" in o.prices', True),
    ('"y" in o.prices', False),
    ("o.tags[1] == x", True),
    ("any t in o.tags: t == x", True),
    ("all t in o.tags: length(t) == 1", True),
    ("(count t in o.tags: t == x) == 1", True),
    ("(sum t in o.tags: length(t)) == 2", True),
    ('all a, b in zip(o.tags, ["a", "b", "c"]): a == b', True),
    ("double(n) == 6", True),
    ("quad(n) == 12", True),
    ("has(o.tags, x)", True),
    ("any x in o.tags: has(o.tags, x)", True),
    ("all x in [1, 2]: has([x], x)", True),
    ("warm(o.color)", True),
    ("cheap(most: 60, order: o)", True),
    ("any_ > 5", True),
    ("any_ + 1 == 8", True),
    ("min(n, 2) == 2", True),
    ("max(d, 2) == 2.5", True),
    ("-n < 0 and - -n == 3", True),
    ("2024-05-15 + 7d == 2024-05-22", True),
    ("days_between(2024-05-15, 2024-05-22) == 7", True),
    ("x matches /[a-c]/", True),
    ('x like "?"', True),
    ('not x startswith "z"', True),
    ("60s == 1m", True),
    ("1_000 == 1000", True),
    ("round(d, 0) == 2", True),
    ("{a: 1, b: {c: [2]}}.b.c[0] == 2", True),
    ("length(o.tags + [x]) == 3", True),
    ("if n > 2 then d > 2 else d > 9", True),
]


@pytest.mark.parametrize(("condition", "expected"), VALUES)
def test_value(load_text, condition: str, expected: bool) -> None:
    assert evaluate(requirement(load_text, condition), KNOWN) is expected


@pytest.mark.parametrize(
    "condition",
    [
        'o.prices["y"] == 1',
        "o.tags[2] == x",
        "o.tags[n - 4] == x",
        "n / (n - 3) > 1",
        "any_.field == 1",
        'any_ == "7"',
    ],
)
def test_no_value(load_text, condition: str) -> None:
    made = requirement(load_text, condition)
    with pytest.raises(EvaluationError):
        evaluate(made, KNOWN)


def test_an_error_on_the_left_is_never_skipped(load_text) -> None:
    made = requirement(load_text, 'any_ == "7" or true')
    with pytest.raises(EvaluationError):
        evaluate(made, KNOWN)
    assert evaluate(requirement(load_text, 'true or any_ == "7"'), KNOWN) is True


def test_tables_become_lookups(load_text) -> None:
    made = requirement(load_text, 'limits["junior"].most >= d')
    assert isinstance(made, core.Apply)
    field = made.args[0]
    assert isinstance(field, core.Field)
    assert isinstance(field.base, core.Lookup)
    assert evaluate(requirement(load_text, "x in limits"), KNOWN) is False


def test_literals_are_exact_and_typed(load_text) -> None:
    made = requirement(load_text, "d < 1")
    assert isinstance(made, core.Apply)
    assert made.args[1] == core.Literal(Fraction(1), DECIMAL, span=made.span)
    assert isinstance(made.args[1].value, Fraction)


def test_binders_inside_definitions_do_not_capture(load_text) -> None:
    made = requirement(load_text, "all x in [1, 2]: any y in [2, 3]: has([x], y)")
    assert evaluate(made, KNOWN) is False


# ---------------------------------------------------------------- narrowing


@pytest.mark.parametrize(
    "condition",
    [
        "length(o.note) > 2",
        "o.note != none or length(o.note) > 2",
        "(o.note != none implies true) and length(o.note) > 2",
        "o.note != none and true or length(o.note) > 2",
        "any q in [1]: o.note != none and (all o in [any_]: true) or length(o.note) > 1",
        "not (o.note != none and n > 1) and length(o.note) > 1",
    ],
)
def test_what_may_be_absent_is_reported(load_text, condition: str) -> None:
    made = load_text(HEAD + f"tool t(o: Order, n: int, any_: any) {{ requires {condition} }}\n")
    assert "WF304" in [d.code for d in made.diagnostics]


def test_a_new_binder_is_not_known_to_be_present(load_text) -> None:
    text = "tool t(a: list<text?>) { requires any x in a: x != none and any x in a: length(x) > 1 }\n"
    assert [d.code for d in load_text(text).diagnostics] == ["WF304"]


# ---------------------------------------------------------------- depth, built by hand


SPAN = Span("x.wf", 0, 1, 1, 1, 1, 2)
X = syntax.Name("x", span=SPAN)


def place() -> tuple[Context, Env]:
    context = Context()
    context.names["x.wf"] = Names("x.wf")
    variable = core.Variable("x", "argument", BOOL, span=SPAN)
    return context, Env("x.wf", {"x": variable, "n": core.Variable("n", "argument", INT, span=SPAN)})


def chain(operator: str, operand: syntax.Expr, count: int) -> syntax.Expr:
    made = operand
    for _ in range(count - 1):
        made = syntax.Binary(operator, made, operand, span=SPAN)
    return made


def depth(expression: core.Expr) -> int:
    level, deepest = [expression], 0
    while level:
        deepest += 1
        level = [arg for e in level if isinstance(e, core.Apply) for arg in e.args]
    return deepest


@pytest.mark.parametrize("operator", ["and", "or"])
def test_long_conditions_stay_shallow(operator: str) -> None:
    context, env = place()
    made = elaborate_condition(context, env, chain(operator, X, 10_000))
    assert not context.diagnostics
    assert depth(made) < 60
    assert evaluate(made, {"x": operator == "and"}) is (operator == "and")


def test_long_sums_stay_shallow() -> None:
    context, env = place()
    made = elaborate_expression(context, env, chain("+", syntax.Name("n", span=SPAN), 10_000))
    assert not context.diagnostics
    assert evaluate(made, {"n": 2}) == 20_000
    assert depth(made) < 60


@pytest.mark.parametrize("operator", ["-", "implies", "/"])
def test_other_long_chains_are_refused(operator: str) -> None:
    context, env = place()
    elaborate_expression(
        context, env, chain(operator, X if operator == "implies" else syntax.Name("n", span=SPAN), 10_000)
    )
    assert {d.code for d in context.diagnostics} == {"WF340"}


def test_deep_nesting_is_refused() -> None:
    context, env = place()
    made: syntax.Expr = X
    for _ in range(5_000):
        made = syntax.Unary("not", made, span=SPAN)
    elaborate_condition(context, env, made)
    assert [d.code for d in context.diagnostics] == ["WF340"]


def test_doubling_definitions_are_refused_quickly(load_text) -> None:
    lines = ["define d0(x) = x", *(f"define d{i}(x) = d{i - 1}(x) + d{i - 1}(x)" for i in range(1, 40))]
    codes = {d.code for d in load_text("\n".join(lines)).diagnostics}
    assert codes == {"WF341"}


def test_loops_over_constants_end(load_text) -> None:
    digits = "[" + ", ".join(str(i) for i in range(200)) + "]"
    body = "a + b + c + d + e >= 0"
    for name in "edcba":
        body = f"all {name} in {digits}: {body}"
    assert not load_text(f"type T = int where {body}\n").diagnostics


def test_absent_is_not_a_constant_of_another_type() -> None:
    context, env = place()
    made = elaborate_expression(context, env, syntax.NoneLit(span=SPAN), OptionType(INT))
    assert made.type == OptionType(INT)
    found = constant(made)
    assert found is not None
    assert found.value is None


@pytest.mark.parametrize(
    "body",
    ["d{0}(x) + 1 - 1 + 1 - 1 + 1 - 1 + 1 - 1 + 1 - 1", "[d{0}(x)][0]", "if x > 1 then d{0}(x) else 1"],
)
def test_deep_definitions_are_refused(load_text, body: str) -> None:
    lines = ["define d0(x) = x", *(f"define d{i}(x) = {body.format(i - 1)}" for i in range(1, 120))]
    made = load_text("\n".join(lines) + "\ntool t(a: int) { requires d119(a) > 0 }\n")
    assert {d.code for d in made.diagnostics} == {"WF340"}
    assert len(made.diagnostics) < 12
