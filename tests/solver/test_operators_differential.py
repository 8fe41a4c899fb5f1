"""Every operator: the exact meaning, the encoding evaluated exactly, and Z3 must agree on values and on where there is none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from wfcheck.checker.encoding.encode import encode
from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.symbolic.constants import decode, lift
from wfcheck.checker.symbolic.types import conforms, fresh
from wfcheck.checker.symbolic.value import equal
from wfcheck.dsl import core, types
from wfcheck.dsl.source import Span
from wfcheck.dsl.values.operators import OPERATORS, EvaluationError
from wfcheck.solver import build as b
from wfcheck.solver.backend import solve
from wfcheck.solver.evaluate import Model, evaluate
from wfcheck.solver.verdict import Sat, Unsat

SPAN = Span("x.wf", 0, 0, 1, 1, 1, 1)
INTS = (0, 1, -1, 2, 7)
DECIMALS = (Fraction(0), Fraction(1), Fraction(-1, 2), Fraction(5, 2), Fraction(7, 2), Fraction(10099, 100))
TEXTS = ("", "a", "ab", "a@acme.example", "x@acme.example.evil", "AB", "a\nb")
DATES = (date(2024, 5, 15), date(2024, 5, 16), date(1, 1, 1))
TIMES = (datetime(2024, 5, 15, tzinfo=UTC), datetime(2024, 5, 15, 1, tzinfo=UTC), datetime(2024, 5, 15))
SPANS = (timedelta(0), timedelta(days=1), timedelta(hours=5), timedelta(days=-2))
BOOLS = (False, True)
LISTS = ((), (1,), (2, 1), (1, 1, 3))
KINDS: dict[str, tuple[types.Type, tuple[Any, ...]]] = {
    "int": (types.INT, INTS),
    "decimal": (types.DECIMAL, DECIMALS),
    "text": (types.TEXT, TEXTS),
    "date": (types.DATE, DATES),
    "time": (types.TIME, TIMES),
    "duration": (types.DURATION, SPANS),
    "bool": (types.BOOL, BOOLS),
    "ints": (types.ListType(types.INT), LISTS),
    "int?": (types.OptionType(types.INT), (None, 0, 3)),
}
ORDERED = ("int", "decimal", "date", "time", "duration")
CASES: list[tuple[str, tuple[str, ...], types.Type]] = [
    *((op, (k, k), types.BOOL) for op in ("<", "<=", ">", ">=") for k in ORDERED),
    *((op, (k, k), types.BOOL) for op in ("==", "!=") for k in KINDS),
    *((op, ("bool", "bool"), types.BOOL) for op in ("and", "or", "implies")),
    ("not", ("bool",), types.BOOL),
    *((op, (k, k), KINDS[k][0]) for op in ("+", "-", "*") for k in ("int", "decimal")),
    *((op, ("duration", "duration"), types.DURATION) for op in ("+", "-")),
    *((op, ("date", "duration"), types.DATE) for op in ("+", "-")),
    *((op, ("time", "duration"), types.TIME) for op in ("+", "-")),
    ("-", ("date", "date"), types.DURATION),
    ("-", ("time", "time"), types.DURATION),
    ("/", ("decimal", "decimal"), types.DECIMAL),
    ("/", ("int", "int"), types.DECIMAL),
    *(("neg", (k,), KINDS[k][0]) for k in ("int", "decimal", "duration")),
    ("in", ("int", "ints"), types.BOOL),
    ("contains", ("ints", "int"), types.BOOL),
    ("length", ("ints",), types.INT),
    ("count", ("ints",), types.INT),
    ("sum", ("ints",), types.INT),
    ("min", ("ints",), types.INT),
    ("max", ("ints",), types.INT),
    ("min", ("decimal", "decimal"), types.DECIMAL),
    ("max", ("int", "int"), types.INT),
    ("round", ("decimal",), types.DECIMAL),
    ("decimal", ("int",), types.DECIMAL),
    ("int", ("decimal",), types.INT),
    ("text", ("text",), types.TEXT),
    ("+", ("ints", "ints"), types.ListType(types.INT)),
    ("ite", ("bool", "int", "int"), types.INT),
    ("==", ("int?", "int"), types.BOOL),
    ("<", ("int?", "int"), types.BOOL),
]
PATTERNS = [
    ("like", "*@acme.example"), ("like", "?"), ("like", "a*"), ("matches", "[a-z]+"), ("matches", "a|b|"), ("matches", "(a.b|x.*)"),
    ("startswith", "a"), ("endswith", "example"), ("contains", "@"), ("contains", ""), ("matches", "[^@]*"), ("startswith", ""),
]  # fmt: skip


def _meaning(op: str, values: tuple[Any, ...]) -> Any:
    """The value, or the error itself."""
    if op == "ite":
        return values[1] if values[0] else values[2]
    try:
        return OPERATORS[op].meaning(*values)
    except EvaluationError as error:
        return error


def _variable(name: str, type_: types.Type) -> core.Variable:
    return core.Variable(name, "local", type_, span=SPAN)


@pytest.mark.parametrize(("op", "kinds", "result"), CASES, ids=lambda c: str(c)[:40])
def test_operator(op: str, kinds: tuple[str, ...], result: types.Type, notes: Notes) -> None:
    names = ["x", "y", "z"][: len(kinds)]
    given = [KINDS[k][0] for k in kinds]
    expression = core.Apply(
        op, tuple(_variable(n, t) for n, t in zip(names, given, strict=True)), result, span=SPAN
    )
    symbolic = {("local", n): fresh(t, n, notes, items=3) for n, t in zip(names, given, strict=True)}
    encoded = encode(expression, symbolic, notes)
    assert not notes.abstracted
    for number, values in enumerate(product(*(KINDS[k][1] for k in kinds))):
        wanted = _meaning(op, values)
        fixed = {("local", n): lift(v, t) for n, v, t in zip(names, values, given, strict=True)}
        folded = encode(expression, fixed, notes)
        assert evaluate(folded.defined, Model({})) is not isinstance(wanted, EvaluationError), values
        if not isinstance(wanted, EvaluationError):
            assert decode(folded.value, result, Model({})) == wanted, values
        if number % 3 == 0:
            _ask_z3(encoded, symbolic, fixed, wanted, result)


def _ask_z3(encoded: Any, symbolic: Any, fixed: Any, wanted: Any, result: types.Type) -> None:
    here = b.and_(*(equal(symbolic[key], fixed[key]) for key in symbolic))
    if isinstance(wanted, EvaluationError):
        assert isinstance(solve(b.and_(here, encoded.defined)), Unsat)
        assert isinstance(solve(b.and_(here, b.not_(encoded.defined))), Sat)
        return
    right = equal(encoded.value, lift(wanted, result))
    assert isinstance(solve(b.and_(here, b.or_(b.not_(encoded.defined), b.not_(right)))), Unsat)
    assert isinstance(solve(b.and_(here, encoded.defined, right)), Sat)


@pytest.mark.parametrize(("op", "pattern"), PATTERNS)
def test_pattern(op: str, pattern: str, notes: Notes) -> None:
    literal = core.Literal(pattern, types.TEXT, span=SPAN)
    expression = core.Apply(op, (_variable("x", types.TEXT), literal), types.BOOL, span=SPAN)
    symbolic = {("local", "x"): fresh(types.TEXT, "x", notes)}
    encoded = encode(expression, symbolic, notes)
    for text in TEXTS:
        wanted = OPERATORS[op].meaning(text, pattern)
        fixed = lift(text, types.TEXT)
        assert (
            decode(encode(expression, {("local", "x"): fixed}, notes).value, types.BOOL, Model({})) is wanted
        )
        here = equal(symbolic["local", "x"], fixed)
        agrees = equal(encoded.value, lift(wanted, types.BOOL))
        assert isinstance(solve(b.and_(here, b.not_(agrees))), Unsat), text
        assert isinstance(solve(b.and_(here, agrees)), Sat), text


def test_every_operator_has_an_encoding_or_is_abstracted(notes: Notes) -> None:
    """Nothing is refused, and what is abstracted still depends on its operands alone."""
    for name, operator in OPERATORS.items():
        if operator.lazy:
            continue
        args = tuple(_variable(f"v{i}", types.ANY) for i in range(max(1, operator.minimum)))
        env = {("local", a.name): fresh(types.ANY, a.name, notes) for a in args}
        expression = core.Apply(name, args, types.ANY, span=SPAN)
        first, second = encode(expression, env, notes), encode(expression, env, notes)
        assert equal(first.value, second.value) is b.TRUE
        assert first.defined is second.defined


def test_refinements_bound_fresh_values(notes: Notes) -> None:
    it = core.Variable("it", "it", types.DECIMAL, span=SPAN)
    limit = core.Literal(Fraction(500), types.DECIMAL, span=SPAN)
    amount = types.RefinedType("amount", types.DECIMAL, core.Apply("<=", (it, limit), types.BOOL, span=SPAN))
    value = fresh(amount, "x", notes)
    over = encode(
        core.Apply(">", (_variable("x", amount), limit), types.BOOL, span=SPAN),
        {("local", "x"): value},
        notes,
    )
    fact = [("typed", conforms(value, amount, notes))]
    answer = solve(over.value.term, fact)  # type: ignore[union-attr]
    assert answer == Unsat(("typed",))


def test_any_proves_nothing(notes: Notes) -> None:
    """A value of `any` compared with a number may be greater, not greater, or no number at all."""
    value = fresh(types.ANY, "x", notes)
    limit = core.Literal(5, types.INT, span=SPAN)
    encoded = encode(
        core.Apply(">", (_variable("x", types.ANY), limit), types.BOOL, span=SPAN),
        {("local", "x"): value},
        notes,
    )
    term = encoded.value.term  # type: ignore[union-attr]
    for case in (
        b.and_(encoded.defined, term),
        b.and_(encoded.defined, b.not_(term)),
        b.not_(encoded.defined),
    ):
        assert isinstance(solve(case), Sat)
