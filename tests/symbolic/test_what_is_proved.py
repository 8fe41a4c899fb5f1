"""Small workflows with a claim about a call: what must be unsatisfiable over all runs, and twins where it must not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.encoding.encode import condition
from wfcheck.checker.labels.analysis import analyse
from wfcheck.checker.symbolic.execution import Execution, Over, SymbolicEvent, Unroll, execute
from wfcheck.dsl import core, types
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.source import Span
from wfcheck.solver import build as b
from wfcheck.solver.backend import solve
from wfcheck.solver.term import Term
from wfcheck.solver.verdict import Sat, Unsat

HEAD = """
secrecy pii
principal boss is human { clears {pii} trusts {user, model} }
type Small = decimal where 0 < it and it <= 100
type Kind = enum { a, b, c }
type Order = { id: text, amount: Small, kind: Kind, note: text? }
tool fetch(id: text) -> Order { effect read emits nothing returns { note: {pii} } ensures same: result.id == id }
tool list_orders() -> list<Order> { effect read emits nothing returns {} }
tool rate(id: text) -> decimal { pure ensures positive: result > 0 }
tool pay(amount: decimal, to: text, note: text?) -> bool { effect irreversible returns {} }
tool log(body: text) -> bool { effect write emits nothing returns {} }
workflow w(q: text from {user}, n: int from {user}, d: date from {user}, ids: list<text> from {user}) {
"""
SPAN = Span("x.wf", 0, 0, 1, 1, 1, 1)


def _execute(path: Path, body: str, mode: Over | Unroll, queries: tuple[str, ...] = ()) -> Execution:
    file = path / "w.wf"
    file.write_text(f"{HEAD}{body}\n}}\n")
    program, diagnostics = elaborate.load([file], library=lambda _: None)
    assert [d for d in diagnostics if d.severity.value == "error"] == []
    labelling = analyse(program)
    masks = tuple(labelling.table.mask((tag,)) for tag in queries)
    return execute(program, program.workflows["w"], labelling, masks, mode=mode)


def _amount(execution: Execution, event: SymbolicEvent, op: str, bound: int) -> Term:
    left = core.Variable("amount", "argument", types.DECIMAL, span=SPAN)
    right = core.Literal(bound, types.DECIMAL, span=SPAN)
    env = {("argument", name): value for name, value in event.arguments.items()}
    return condition(core.Apply(op, (left, right), types.BOOL, span=SPAN), env, execution.notes).possible


def _pays(execution: Execution) -> list[SymbolicEvent]:
    return [
        event for event in execution.events if event.tool == "pay" and event.kind == "call" and event.certain
    ]


# (body, operator, bound, whether some payment can have such an amount)
CLAIMS = [
    ("o = fetch(q) pay(amount: o.amount, to: q)", ">", 100, False),
    ("o = fetch(q) pay(amount: o.amount, to: q)", ">=", 100, True),
    ("o = llm x(q) -> Order pay(amount: o.amount + o.amount, to: q)", ">", 200, False),
    ("o = llm x(q) -> Order pay(amount: o.amount + o.amount, to: q)", ">", 199, True),
    ("o = llm x(q) -> Order if o.amount > 50 { stop } pay(amount: o.amount, to: q)", ">", 50, False),
    ("o = llm x(q) -> Order if o.kind == a { stop } pay(amount: o.amount, to: q)", ">", 50, True),
    ("v = 1.0 if n > 3 { v = 2.0 } pay(amount: v, to: q)", ">", 2, False),
    ("v = 1.0 if n > 3 { v = 2.0 } pay(amount: v, to: q)", "==", 2, True),
    ("v = 1.0 if n > 3 { v = 2.0 } if n < 2 { pay(amount: v, to: q) }", "==", 2, False),
    ("v = 1.0 for o in list_orders() { v = 500.0 } pay(amount: v, to: q)", ">", 100, True),
    ("v = 1.0 for o in list_orders() { v = o.amount } pay(amount: v, to: q)", "==", 1, True),
    ("for o in list_orders() { pay(amount: o.amount, to: q) }", ">", 100, False),
    ("for x in [1.0, 2.0] { pay(amount: x, to: q) }", ">", 2, False),
    ("for x in [1.0, 2.0] { pay(amount: x, to: q) }", "==", 2, True),
    ("i = 0 repeat max 9 while i < n { i = i + 1 } if i < n { pay(amount: 7, to: q) }", "==", 7, False),
    ("a = rate(q) c = rate(q) if a != c { pay(amount: 7, to: q) }", "==", 7, False),
    ("a = rate(q) c = rate(\"x\") if a != c { pay(amount: 7, to: q) }", "==", 7, True),
    ("pay(amount: rate(q), to: q)", "<=", 0, False),
    ("pay(amount: 10 / rate(q), to: q)", "<=", 0, False),
    ("if q like \"*@acme.example\" and q like \"x*\" and length(q) < 5 { pay(amount: 1, to: q) }", "==", 1, False),
    ("if q like \"*@acme.example\" and not (q matches /[a-z]+@.*/) { pay(amount: 1, to: q) }", "==", 1, True),
    ("if q matches /a|b/ and q != \"a\" and q != \"b\" { pay(amount: 1, to: q) }", "==", 1, False),
    ("if d + 1d == d { pay(amount: 1, to: q) }", "==", 1, False),
    ("if d > 2024-05-15 and d < 2024-05-17 and d != 2024-05-16 { pay(amount: 1, to: q) }", "==", 1, False),
    ("o = fetch(q) if o.id != q { pay(amount: 1, to: q) }", "==", 1, False),
    ("approve pay(amount: 3, to: q) by boss pay(amount: 3, to: q)", ">", 3, False),
    ("retry 3 { pay(amount: 1, to: q) } on error { pay(amount: 2, to: q) }", ">", 2, False),
    ("retry 3 { pay(amount: 1, to: q) } on error { pay(amount: 2, to: q) }", ">=", 2, True),
    ("parallel { branch { v = 1.0 pay(amount: v, to: q) } branch { u = 2.0 pay(amount: u, to: q) } }", ">", 2, False),
    ("x = agent z(q) may { pay when amount <= 10 } max 3 steps -> text", ">", 10, False),
    ("x = agent z(q) may { pay } max 3 steps -> text", ">", 10, True),
    ("match q { case \"a\" { v = 1.0 } case _ { v = 2.0 } } pay(amount: v, to: q)", ">", 2, False),
    ("o = llm x(q) -> Order if o.note == \"x\" { pay(amount: 1, to: q, note: o.note) }", ">", 1, False),
]  # fmt: skip


@pytest.mark.parametrize(("body", "op", "bound", "possible"), CLAIMS)
def test_over(tmp_path: Path, body: str, op: str, bound: int, possible: bool) -> None:
    execution = _execute(tmp_path, body, Over())
    pays = _pays(execution)
    assert pays
    worst = b.or_(*(b.and_(e.guard, _amount(execution, e, op, bound)) for e in pays))
    answer = solve(worst, execution.assumptions)
    assert isinstance(answer, Sat if possible else Unsat), answer


@pytest.mark.parametrize(("body", "op", "bound", "possible"), CLAIMS)
def test_unrolled_runs_are_among_all_runs(
    tmp_path: Path, body: str, op: str, bound: int, possible: bool
) -> None:
    execution = _execute(tmp_path, body, Unroll(2, 2))
    worst = b.or_(*(b.and_(e.guard, _amount(execution, e, op, bound)) for e in _pays(execution)))
    assert isinstance(solve(worst, execution.assumptions), Sat if possible else Unsat)


GUARDED_LISTS = [
    ('if all x in ids: x like "a*" { if any y in ids: not (y like "a*") { pay(amount: 1, to: q) } }', False),
    ('if all x in ids: x like "a*" { if any y in ids: not (y like "b*") { pay(amount: 1, to: q) } }', True),
    ("if any x in ids: x == q { if all y in ids: y != q { pay(amount: 1, to: q) } }", False),
    ("r = q if any x in ids: x == q { if all y in ids: not (y == r) { pay(amount: 1, to: q) } }", False),
    ('r = "z" if any x in ids: x == q { if all y in ids: y != r { pay(amount: 1, to: q) } }', True),
    ("if q in ids { if not (q in ids) { pay(amount: 1, to: q) } }", False),
]


@pytest.mark.parametrize(("body", "possible"), GUARDED_LISTS)
def test_quantifiers_over_lists_of_any_length(tmp_path: Path, body: str, possible: bool) -> None:
    execution = _execute(tmp_path, body, Over())
    answer = solve(_pays(execution)[0].guard, execution.assumptions)
    assert isinstance(answer, Sat if possible else Unsat), answer


# (body, argument of the last log, whether pii can reach it)
LABELS = [
    ("o = fetch(q) log(body: o.id)", "body", False),
    ("o = fetch(q) if o.note == \"x\" { log(body: q) }", "", True),
    ("o = fetch(q) if o.note == \"x\" { stop } log(body: q)", "", True),
    ("o = fetch(q) if n > 3 { s = llm m(o) -> text } else { s = q } if n < 2 { log(body: s) }", "body", False),
    ("o = fetch(q) if n > 3 { s = llm m(o) -> text } else { s = q } if n < 9 { log(body: s) }", "body", True),
    ("s = q o = fetch(q) for x in list_orders() { s = llm m(o) -> text } log(body: s)", "body", True),
    ("o = fetch(q) s = llm m(o) -> text for x in list_orders() { s = q } log(body: s)", "body", True),
    ("o = fetch(q) v = if n > 3 then o.note else none if n < 2 { w = llm m(v) -> text log(body: w) }", "body", False),
    ("o = fetch(q) approve log(body: q) by boss shows o.note log(body: q)", "", False),
    ("retry 2 { o = fetch(q) s = llm m(o.note) -> text pay(amount: 1, to: s) } log(body: q)", "", False),
    ("retry 2 { o = fetch(q) s = llm m(o.note) -> text pay(amount: 1, to: s) } on error { stop } log(body: q)", "", True),
]  # fmt: skip


@pytest.mark.parametrize(("body", "argument", "possible"), LABELS)
def test_labels(tmp_path: Path, body: str, argument: str, possible: bool) -> None:
    execution = _execute(tmp_path, body, Over(), ("pii",))
    event = [e for e in execution.events if e.tool == "log" and e.kind == "call"][-1]
    answer = solve(b.and_(event.guard, event.taints[argument][0]), execution.assumptions)
    assert isinstance(answer, Sat if possible else Unsat), answer


def test_cores_name_the_contracts_that_were_used(tmp_path: Path) -> None:
    execution = _execute(tmp_path, "o = fetch(q) p = rate(q) if o.id != q { log(body: q) }", Over())
    event = next(e for e in execution.events if e.tool == "log")
    assert solve(event.guard, execution.assumptions) == Unsat(("fetch.same",))


def test_ten_thousand_terms_in_one_sum_do_not_overflow_the_stack(tmp_path: Path) -> None:
    execution = _execute(tmp_path, "log(body: q)", Over())
    number: core.Expr = core.Variable("n", "local", types.INT, span=SPAN)
    chain = number
    for _ in range(10_000):
        chain = core.Apply("+", (chain, number), types.INT, span=SPAN)
    claim = core.Apply("==", (chain, core.Literal(20_002, types.INT, span=SPAN)), types.BOOL, span=SPAN)
    value = next(q.value for q in execution.questions if q.site == "n")
    found = condition(claim, {("local", "n"): value}, execution.notes)
    answer = solve(found.certain)
    assert isinstance(answer, Sat)
    assert answer.model.symbols[value.term.name] == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "opening", ["retry 2 { ", "for x{} in [1, 2, 3] {{ ", "repeat max 9 while n > 3 { ", "for y{} in ids {{ "]
)
@pytest.mark.parametrize("mode", [Over(), Unroll(3, 3)])
def test_deep_nests_stay_within_bounds(tmp_path: Path, opening: str, mode: Over | Unroll) -> None:
    depth = 12
    nest = "".join(opening.format(i) if "{}" in opening else opening for i in range(depth))
    execution = _execute(tmp_path, f"{nest} log(body: q) {'}' * depth}", mode)
    assert len(execution.events) < 2000
    event = next(e for e in execution.events if e.tool == "log" and e.certain)
    assert isinstance(solve(event.guard, execution.assumptions), Sat)


def test_the_handler_of_many_attempts_is_not_reached_after_a_few(tmp_path: Path) -> None:
    body = "retry 9 { log(body: q) } on error { pay(amount: 1, to: q) }"
    some, every = _execute(tmp_path, body, Unroll()), _execute(tmp_path, body, Over())
    assert solve(_pays(some)[0].guard, some.assumptions) == Unsat(())
    assert isinstance(solve(_pays(every)[0].guard, every.assumptions), Sat)
