"""The operator table: exact meanings, errors, and laws."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfcheck.dsl.values.meanings import equal
from wfcheck.dsl.values.operators import FUNCTIONS, INFIX, OPERATORS, EvaluationError, apply
from wfcheck.dsl.values.texts import decimal_text

EXACT = [
    ("/", (1, 3), Fraction(1, 3)),
    ("/", (Fraction(1, 10), 1), Fraction(1, 10)),
    ("+", (Fraction("0.1"), Fraction("0.2")), Fraction("0.3")),
    ("+", ("a", "b"), "ab"),
    ("+", ((1,), (2,)), (1, 2)),
    ("+", (date(2024, 2, 28), timedelta(days=2)), date(2024, 3, 1)),
    ("+", (timedelta(hours=1), datetime(2024, 1, 1)), datetime(2024, 1, 1, 1)),
    ("-", (date(2024, 3, 1), date(2024, 2, 28)), timedelta(days=2)),
    ("-", (datetime(2024, 1, 1, 1), timedelta(hours=1)), datetime(2024, 1, 1)),
    ("==", (1, Fraction(1)), True),
    ("==", (None, 1), False),
    ("==", (None, None), True),
    ("!=", ((1, "a"), (1, "a")), False),
    ("==", ({"a": 1}, {"a": 1, "b": 2}), False),
    ("<", (Fraction("100.99"), 101), True),
    (">=", (timedelta(days=1), timedelta(hours=24)), True),
    ("in", ("a", ("b", "a")), True),
    ("in", ("k", {"k": 1}), True),
    ("in", (None, (1, None)), True),
    ("contains", ("abc", "bc"), True),
    ("contains", ((1, 2), 2), True),
    ("like", ("x@a.acme.example", "*.acme.example"), True),
    ("like", ("acme.example.evil.net", "*acme.example"), False),
    ("like", ("a\nb", "a?b"), True),
    ("like", ("a.b", "a.b"), True),
    ("like", ("axb", "a.b"), False),
    ("matches", ("a\nrefund", ".*refund"), True),
    ("matches", ("refunds", "refund"), False),
    ("startswith", ("https://x", "https://"), True),
    ("endswith", ("x", ""), True),
    ("length", ("aé\U0001f600",), 3),
    ("lower", ("ÄB",), "äb"),
    ("trim", (" a\n",), "a"),
    ("split", ("a,b,", ","), ("a", "b", "")),
    ("domain", ("Bob <bob@Good.Example.>",), "good.example"),
    ("domain", ("a@good.example@evil.example",), "evil.example"),
    ("host", ("https://good.example@evil.example:443/x",), "evil.example"),
    ("host", ("www.Evil.example/path?x",), "www.evil.example"),
    ("host", ("localhost:8080",), "localhost"),
    ("segments", ("/a/./b/../c",), ("a", "b", "..", "c")),
    ("urls", ("see (https://a.example/x), www.b.example.",), ("https://a.example/x", "www.b.example")),
    ("addresses", ("a@b.example, <c@d.example>",), ("a@b.example", "c@d.example")),
    ("numbers", ("1,000.50 and -3, not a1 nor 2.3.4",), (Fraction("1000.5"), Fraction(-3))),
    ("days_between", (date(2024, 1, 31), date(2024, 1, 1)), -30),
    ("days_between", (datetime(2024, 1, 2), datetime(2024, 1, 1, 1)), 0),
    ("round", (Fraction("2.5"),), Fraction(2)),
    ("round", (Fraction("1.005"), 2), Fraction(1)),
    ("sum", ((),), 0),
    ("sum", ((1, Fraction("0.5")),), Fraction("1.5")),
    ("min", (3, 1, 2), 1),
    ("max", ((date(2024, 1, 1), date(2025, 1, 1)),), date(2025, 1, 1)),
    ("count", (("a", "a"),), 2),
    ("keys", ({"a": 1},), ("a",)),
    ("int", ("12",), 12),
    ("decimal", ("-0.50",), Fraction("-0.5")),
    ("text", (Fraction("-2.50"),), "-2.5"),
    ("text", (True,), "true"),
    ("date", (datetime(2024, 5, 15, 12),), date(2024, 5, 15)),
    ("ite", (True, 1, 2), 1),
    ("implies", (False, False), True),
    ("neg", (timedelta(1),), timedelta(-1)),
    ("mentions", ("Pay 1,000 to Bob Smith", "bob smith"), True),
    ("mentions", ("Pay 1,000 to Bob", Fraction(1000)), True),
    ("mentions", ("Bobby", "bob"), False),
    ("consents", ({"text": "Yes, please"}, {"text": "Pay?"}), "yes"),
    ("consents", ("no", "Pay?"), "none"),
    ("consents", ("please downgrade it", "Pay?"), "none"),
    ("consents", ("Yes, cancel it", "It costs 3.\nShall I cancel it?"), "yes"),
    ("consents", ("Yes, cancel it", "Shall I pay?"), "none"),
    ("consents", ("Yes, cancel it", "I cancel nothing.\nShall I pay?"), "none"),
    ("consents", ("Yes, cancel", "Shall I pay, or cancel?"), "none"),
    ("consents", ("No, cancel it not", "Shall I cancel it?"), "none"),
    ("consents", ("Cancel it", "Shall I cancel it?"), "none"),
    ("consents", ("blue", "Which?\n1. red\n2. blue"), "chose"),
]

ERRORS = [
    ("/", (1, 0)),
    ("+", (1, "a")),
    ("+", (True, 1)),
    ("+", (date(2024, 1, 1), timedelta(hours=1))),
    ("+", (date(9999, 12, 31), timedelta(days=1))),
    ("-", (datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC))),
    ("==", (1, "1")),
    ("==", (True, 1)),
    ("==", ((1,), ("a",))),
    ("<", (1, None)),
    ("<", ("a", "b")),
    ("<", (datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC))),
    ("<", (date(2024, 1, 1), datetime(2024, 1, 1))),
    ("in", (1, ("a",))),
    ("in", (1, "1")),
    ("contains", ("abc", 1)),
    ("like", (None, "*")),
    ("matches", (1, ".*")),
    ("and", (1, True)),
    ("not", (None,)),
    ("length", (None,)),
    ("domain", ("nobody",)),
    ("domain", ("@x.example",)),
    ("domain", ("a@b c",)),
    ("host", ("mailto:a@b.example",)),
    ("host", ("javascript:alert(1)",)),
    ("host", ("https://evil.example\\@good.example",)),
    ("host", ("https://a.example\t.evil.example",)),
    ("host", ("https://",)),
    ("host", ("https://[",)),
    ("segments", ("a\0b",)),
    ("split", ("a", "")),
    ("min", ((),)),
    ("max", (1, date(2024, 1, 1))),
    ("sum", (("a",),)),
    ("round", (1, 5000)),
    ("round", (1, Fraction(1, 2))),
    ("int", (Fraction(1, 2),)),
    ("decimal", ("1e5",)),
    ("decimal", ("٣",)),
    ("date", ("2024-02-30",)),
    ("days_between", (1, 2)),
    ("mentions", ("a", None)),
]


@pytest.mark.parametrize(("op", "operands", "expected"), EXACT)
def test_meaning(op, operands, expected) -> None:
    result = apply(op, *operands)
    assert result == expected
    assert isinstance(result, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(("op", "operands"), ERRORS)
def test_error(op, operands) -> None:
    with pytest.raises(EvaluationError):
        apply(op, *operands)


def test_every_operator_is_tested() -> None:
    tested = {op for op, *_ in (*EXACT, *ERRORS)}
    plain = {"*", "<=", ">", "or", "upper", "address", "url", "path", "time"}
    assert tested | plain == set(OPERATORS)


def test_only_the_four_decide_before_all_operands_are_known() -> None:
    assert {o.name for o in OPERATORS.values() if o.lazy} == {"and", "or", "implies", "ite"}
    assert {o.name for o in OPERATORS.values() if o.heuristic} == {"mentions", "consents"}
    assert not INFIX & set(FUNCTIONS)


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.fractions(), st.text(max_size=5), st.dates(), st.timedeltas()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(st.sampled_from(sorted(OPERATORS)), st.lists(VALUES, min_size=3, max_size=3))
def test_wrong_operands_err_and_nothing_else(op: str, values: list[object]) -> None:
    operator = OPERATORS[op]
    operands = values[: operator.maximum or 2][
        : max(operator.minimum, 1) if operator.maximum is None else None
    ]
    if op in {"like", "matches"} and isinstance(operands[1], str):
        operands[1] = "a*"
    with suppress(EvaluationError):
        apply(op, *operands)


@given(VALUES)
def test_equality_is_reflexive(value: object) -> None:
    assert equal(value, value)


@given(VALUES, VALUES)
def test_equality_is_symmetric(left: object, right: object) -> None:
    def outcome(a: object, b: object) -> bool | None:
        try:
            return equal(a, b)
        except EvaluationError:
            return None

    assert outcome(left, right) == outcome(right, left)


@given(st.integers(), st.integers(0, 12))
def test_decimal_notation_is_exact(number: int, places: int) -> None:
    value = Fraction(number, 10**places)
    assert Fraction(decimal_text(value)) == value
    assert "/" not in decimal_text(value)
