"""Expressions: labels, the third truth value, and depth."""

from __future__ import annotations

from fractions import Fraction

import pytest
from generators import build as b

from wfcheck.checker.reference.codec import decode, encode
from wfcheck.checker.reference.evaluate import Environment, evaluate, judged, truth
from wfcheck.checker.reference.minimal import NoValueError, conforms, minimal
from wfcheck.checker.reference.values import Atom, Items, Record, Unknown, build, plain, total
from wfcheck.dsl import core, types
from wfcheck.dsl.values.operators import EvaluationError

A, B = frozenset({"a"}), frozenset({"b"})
UNKNOWN = Atom(Unknown("not recorded"), frozenset())
ENV = Environment(
    {
        ("local", "yes"): build(True, A),
        ("local", "no"): build(False, B),
        ("local", "some"): UNKNOWN,
        ("local", "xs"): Items((build(1, A), build(2, B)), frozenset({"n"})),
        ("local", "r"): Record({"f": build("x", A), "g": UNKNOWN}, B),
    }
)


def label(expr: core.Expr) -> frozenset[str]:
    """All tags of the value."""
    return total(evaluate(expr, ENV))


def test_labels_are_of_what_was_evaluated() -> None:
    assert label(b.op("and", "$no", "$yes")) == B
    assert label(b.op("and", "$yes", "$no")) == A | B
    assert label(b.op("ite", "$yes", 1, "$no")) == A
    assert label(b.op("length", "$xs")) == {"n"}
    assert label(b.op("sum", "$xs")) == A | B | {"n"}
    assert label(core.Index(b.expr("$xs"), b.lit(0), b.INT, span=b.SPAN)) == A
    assert label(b.path("r.f")) == A
    assert label(b.op("==", "$r", None)) == B


@pytest.mark.parametrize(
    ("op", "left", "right", "value"),
    [
        ("and", "$some", False, False),
        ("and", False, "$some", False),
        ("and", "$some", True, None),
        ("or", "$some", True, True),
        ("or", "$some", False, None),
        ("implies", "$some", True, True),
        ("implies", "$some", False, None),
        ("implies", False, "$some", True),
        ("==", "$some", 1, None),
    ],
)
def test_unknown_is_kleenes(op: str, left: object, right: object, value: bool | None) -> None:
    found = truth(b.op(op, left, right), ENV)
    assert isinstance(found, Unknown) if value is None else found is value


def test_unknown_conditions_and_parts() -> None:
    assert isinstance(truth(b.op("ite", "$some", True, False), ENV), Unknown)
    assert truth(b.op("ite", "$some", True, True), ENV) is True
    assert truth(b.op("==", "$r.f", "x"), ENV) is True
    assert isinstance(truth(b.op("==", "$r.g", "x"), ENV), Unknown)


def test_an_error_on_the_left_is_an_error_of_the_whole_and_a_rule_calls_it_unknown() -> None:
    wrong = b.op("==", b.op("/", 1, 0), 1)
    with pytest.raises(EvaluationError):
        truth(b.op("and", wrong, False), ENV)
    assert truth(b.op("and", False, wrong), ENV) is False
    assert isinstance(judged(b.op("or", wrong, True), ENV), Unknown)
    with pytest.raises(EvaluationError):
        evaluate(b.expr("$missing"), ENV)


def quantified(kind: str, body: core.Expr, *sources: object) -> core.Quantified:
    """kind x, y in sources: body"""
    names = ("x", "y")[: len(sources)]
    return core.Quantified(kind, names, tuple(map(b.expr, sources)), body, b.BOOL, span=b.SPAN)  # type: ignore[arg-type]


def test_quantifiers() -> None:
    x, y = b.var("x", "bound"), b.var("y", "bound")
    assert truth(quantified("any", b.op("==", x, 2), (1, 2)), ENV) is True
    assert truth(quantified("all", b.op("==", x, 2), (1, 2)), ENV) is False
    assert truth(quantified("all", b.op("==", x, 2), ()), ENV) is True
    assert plain(evaluate(quantified("count", b.op("<", x, 3), (1, 2, 3)), ENV)) == 2
    assert plain(evaluate(quantified("max", b.op("+", x, y), (1, 2, 9), (10, 20)), ENV)) == 22
    assert isinstance(truth(quantified("any", b.op("==", x, "$some"), (1,)), ENV), Unknown)
    with pytest.raises(EvaluationError):
        evaluate(quantified("min", x, ()), ENV)


def test_ten_thousand_operands_do_not_overflow() -> None:
    expr: core.Expr = b.lit(0)
    for _ in range(10_000):
        expr = core.Apply("+", (expr, b.lit(1)), b.INT, span=b.SPAN)
    assert plain(evaluate(expr, ENV)) == 10_000


def test_the_plainest_value_satisfies_the_refinement() -> None:
    it = b.var("it", "it")
    amount = types.RefinedType(None, b.DECIMAL, b.op("and", b.op("<", 0, it), b.op("<=", it, 500)))
    assert minimal(amount) == 1
    odd = types.RefinedType(None, b.INT, b.op("==", it, 4711))
    assert minimal(odd) == 4711
    record = types.RecordType(
        "R", (("a", amount), ("b", types.ListType(b.TEXT)), ("c", types.OptionType(b.INT)))
    )
    assert minimal(record) == {"a": 1, "b": (), "c": None}
    assert conforms(minimal(types.ADDRESS), types.ADDRESS)
    with pytest.raises(NoValueError):
        minimal(types.RefinedType(None, b.INT, b.op("<", it, it)))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        "x",
        Fraction(1, 2),
        Fraction(-7, 4),
        Fraction(1, 3),
        Fraction(100),
        (1, "a"),
        {"k": Fraction(3, 10)},
    ],
)
def test_json_and_back(value: core.Value) -> None:
    assert plain(decode(encode(value), b.type_of(value))) == value


def test_decimal_text_is_exact() -> None:
    assert encode(Fraction(1, 8)) == "0.125"
    assert encode(Fraction(-10999, 100)) == "-109.99"
    assert plain(decode("100.99", b.DECIMAL)) == Fraction(10099, 100)
    assert plain(decode(0.1, b.DECIMAL)) == Fraction(1, 10)
