"""Contracts and conditions: each broken spec beside one that keeps them."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from wfcheck.checker.pipeline import check
from wfcheck.checker.result import Result, Verdict

HEAD = """
type Pos = int where it > 0
store memory: list<int> holds {}
table rates: {code: text, rate: int} = [{code: "a", rate: 1}, {code: "b", rate: 2}]
tool look() -> any { effect read  emits nothing  returns {} }
tool nums() -> list<int> { effect read  emits nothing  returns {} }
tool sizes() -> list<Pos> { effect read  emits nothing  returns {} }
tool stock() -> int { effect read  emits nothing  returns {}  ensures some: result >= 10 }
tool find() -> int? { effect read  emits nothing  returns {} }
tool book() -> map<text, int> { effect read  emits nothing  returns {} }
tool pay(amount: int) { effect irreversible  emits nothing  returns {}  requires amount > 0 }
tool give(amount: Pos) { effect irreversible  emits nothing  returns {} }
tool all_of(xs: list<Pos>) { effect irreversible  emits nothing  returns {} }
tool list_of(xs: list<int>) { effect irreversible  emits nothing  returns {} }
tool bag(r: {xs: list<Pos>, note: text}) { effect irreversible  emits nothing  returns {} }
tool log(amount: int) { effect irreversible  emits nothing  returns {} }
release round_off(x: int) -> int removes {user} when x > 10
workflow need(n: int) -> int requires n > 0 { return n }
workflow typed(n: Pos) -> int { return n }
workflow lists(xs: list<int>) -> int { return length(xs) }
workflow twice(n: int) -> int ensures result > n { if n > 0 { return n + n } return n + 1 }
workflow once(n: int) -> int ensures result > n { return n }
"""


@attrs.frozen
class Pair:
    """Two workflow bodies over `n: int` and `xs: list<int>`, and what is found of them."""

    name: str
    rule: str
    bad: str
    good: str
    verdict: str = "VIOLATED"
    header: str = "workflow w(n: int from {user}, xs: list<int> from {user})"


PAIRS = [
    Pair("a precondition of a tool", "requires", "pay(n)", "if n > 0 { pay(n) }"),
    Pair("a fact of an earlier step", "requires", "pay(stock() - 20)", "pay(stock() - 9)"),
    Pair("an amount that a loop rewrites", "requires",
         "if n > 0 { for x in xs { n = x }  pay(n) }", "for x in xs { n = x }  if n > 0 { pay(n) }"),
    Pair("an element of a list", "requires", "for x in xs { pay(x) }", "for x in xs { if x > 0 { pay(x) } }"),
    Pair("an element of a refined list", "requires", "for x in nums() { give(x) }", "for x in sizes() { give(x) }"),
    Pair("an element by its place", "requires",
         "v = nums()  if length(v) > 0 { give(v[0]) }", "v = sizes()  if length(v) > 0 { give(v[0]) }"),
    Pair("a refined type", "requires", "give(n)", "if n > 3 { give(n - 3) }"),
    Pair("a list of a refined type", "requires", "v = nums()  all_of(v)", "v = sizes()  all_of(v)"),
    Pair("a refined list in a record", "requires",
         'v = nums()  bag({xs: v, note: "a"})', 'v = sizes()  bag({xs: v, note: "a"})'),
    Pair("a list that may be none", "requires", "v = look()  list_of(v)", "v = nums()  list_of(v)  give(1)"),
    Pair("the guard of a release", "requires", "x = round_off(n)  log(x)", "if n > 10 { x = round_off(n)  log(x) }"),
    Pair("what an inlined workflow requires", "requires", "x = need(n)  log(x)", "if n > 0 { x = need(n)  log(x) }"),
    Pair("the type of an inlined workflow", "requires", "x = typed(n)  log(x)", "if n > 0 { x = typed(n)  log(x) }"),
    Pair("a list that an inlined workflow wants", "requires",
         "v = look()  x = lists(v)  log(x)", "v = nums()  x = lists(v)  log(x)  give(1)"),
    Pair("what an agent may do", "requires", 'agent doer("go") may { pay } max 2 steps',
         'agent doer("go") may { pay when amount > 2 } max 2 steps'),
    Pair("a call in a retry", "requires", "retry 5 { log(1)  pay(n) } on error { stop }",
         "retry 5 { log(1)  if n > 0 { pay(n) } } on error { stop }"),
    Pair("what an inlined workflow ensures", "ensures", "x = once(n)  log(x)", "x = twice(n)  log(x)"),
    Pair("an invariant on entry", "invariant", "repeat max 9 while n < 9 invariant n > 0 { n = n + 1 }",
         "if n > 0 { repeat max 9 while n < 9 invariant n > 0 { n = n + 1 } }"),
    Pair("an invariant that the body keeps", "invariant",
         "i = 0  repeat while i < 9 invariant i < 9 { i = i + 1 }",
         "i = 0  repeat while i < 9 invariant i <= 9 { i = i + 1 }"),
    Pair("an invariant that is used", "requires",
         "i = 1  repeat while i < n { i = i + 1 }  pay(i)",
         "i = 1  repeat while i < n invariant i > 0 { i = i + 1 }  pay(i)", "POSSIBLE"),
    Pair("an invariant that is used inside", "requires",
         "i = 1  repeat while i < n { pay(i)  i = i + 1 }",
         "i = 1  repeat while i < n invariant i > 0 { pay(i)  i = i + 1 }", "POSSIBLE"),
    Pair("an invariant that does not hold at first is no fact", "requires",
         "i = 0  repeat while i < 3 invariant n > 0 { i = i + 1 }  pay(n)",
         "if n > 0 { i = 0  repeat while i < 3 invariant n > 0 { i = i + 1 }  pay(n) }"),
    Pair("an invariant that is broken is no fact", "requires",
         "i = 1  repeat while i < n invariant i > 0 { i = i - 1  n = n - 2 }  pay(i)",
         "i = 1  repeat while i < n invariant i > 0 { i = i + 1 }  pay(i)"),
    Pair("a division", "defined", "log(n)  log(int(10 / n))", "if n > 0 { log(n)  if 10 / n > 1 { log(1) } }"),
    Pair("a division in a condition", "defined", "if 10 / n > 1 { log(n) }", "if n != 0 and 10 / n > 1 { log(n) }"),
    Pair("an index", "defined", "log(xs[n])", "if 0 <= n and n < length(xs) { log(xs[n]) }"),
    Pair("the least of a list", "defined", "log(min(xs))", "if length(xs) > 0 { log(min(xs)) }"),
    Pair("an entry of a map", "defined", 'b = book()  log(b["a"])', 'log(rates["a"].rate)'),
    Pair("a row of a table", "defined", "x = llm code() -> text  log(rates[x].rate)",
         'x = llm code() -> text  if x == "a" { log(rates[x].rate) }'),
    Pair("a field of any", "defined", "v = look()  log(v.amount)", "log(n)  log(rates[\"b\"].rate)"),
    Pair("a condition of any", "defined", "v = look()  if v { log(n) }", "if n == 1 { log(int(1 / n)) }"),
    Pair("a loop over any", "defined", "v = look()  for x in v { log(n) }", "for x in xs { if x != 0 and 1 / x > 0 { log(x) } }"),
    Pair("what is picked from a store", "defined", "v = recall memory where 10 / it > 2  for x in v { log(x) }",
         "v = recall memory where it != 0 and 10 / it > 2  for x in v { log(x) }"),
    Pair("the condition of an act", "defined", 'agent doer("go") may { log when 10 / amount > 1 } max 2 steps',
         'agent doer("go") may { log when amount > 0 and 10 / amount > 1 } max 2 steps', "POSSIBLE"),
]  # fmt: skip


def _result(path: Path, text: str, rule: str) -> Result:
    path.write_text(text, encoding="utf-8")
    report = check([path], rules=[rule], workflow="w")
    assert not [d for d in report.diagnostics if d.severity.value == "error"], report.diagnostics
    (found,) = report.results
    return found


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p.name.replace(" ", "_"))
def test_a_contract_that_may_break_is_not_proved(tmp_path: Path, pair: Pair) -> None:
    rule = f"builtin.{pair.rule}"
    bad = _result(tmp_path / "bad.wf", f"{HEAD}{pair.header} {{ {pair.bad} }}", rule)
    assert bad.verdict.value == pair.verdict, (bad.reason, bad.verdict)
    assert bad.help is not None
    assert bad.reason is not None
    good = _result(tmp_path / "good.wf", f"{HEAD}{pair.header} {{ {pair.good} }}", rule)
    assert good.verdict is Verdict.PROVED, (good.reason, good.help)


ENSURING = "workflow w(n: int from {user}) -> int %s ensures result >= n { %s }"


@pytest.mark.parametrize(
    ("requires", "body", "verdict"),
    [
        ("", "return n * n", Verdict.PROVED),
        ("", "return n + n", Verdict.VIOLATED),
        ("requires n >= 0", "return n + n", Verdict.PROVED),
        ("", "if n > 0 { return n + n }  return n", Verdict.PROVED),
        ("", "if n > 5 { stop }  return 5", Verdict.PROVED),
        ("", "if n > 6 { stop }  return 5", Verdict.VIOLATED),
        ("", "for x in [1, 2] { if x > n { return x } }  return n", Verdict.PROVED),
    ],
)
def test_what_a_workflow_ensures(tmp_path: Path, requires: str, body: str, verdict: Verdict) -> None:
    found = _result(tmp_path / "spec.wf", ENSURING % (requires, body), "builtin.ensures")
    assert found.verdict is verdict, found.reason
    if requires:
        assert "w.requires1" in found.assumptions


def test_what_a_tool_or_a_model_ensures_is_an_assumption_with_a_name(tmp_path: Path) -> None:
    body = "a = stock()  b = llm guess(a) -> int ensures good: result > a  pay(b)"
    found = _result(tmp_path / "spec.wf", HEAD + "workflow w() { " + body + " }", "builtin.requires")
    assert found.verdict is Verdict.PROVED
    assert {"stock.some", "guess.good"} <= set(found.assumptions)


def test_contracts_that_nothing_satisfies_prove_nothing(tmp_path: Path) -> None:
    body = "b = llm guess() -> int ensures result > 1 ensures result < 0  pay(b)"
    found = _result(tmp_path / "spec.wf", HEAD + "workflow w() { " + body + " }", "builtin.requires")
    assert found.verdict is Verdict.INCONSISTENT


def test_an_invariant_hands_on_what_it_rests_on(tmp_path: Path) -> None:
    body = "i = stock()  repeat while i < n invariant i > 0 { i = i + 1 }  pay(i)"
    text = f"{HEAD}workflow w(n: int from {{user}}) {{ {body} }}"
    for rule in ("builtin.invariant", "builtin.requires"):
        found = _result(tmp_path / "spec.wf", text, rule)
        assert found.verdict is Verdict.PROVED
        assert "stock.some" in found.assumptions
        assert not [name for name in found.assumptions if name.startswith("lemma")]


def test_invariants_that_need_each_other_are_proved_together(tmp_path: Path) -> None:
    body = (
        "i = 0  j = 0  repeat while i < n invariant i == j invariant j >= 0 { i = i + 1  j = i }  pay(j + 1)"
    )
    text = f"{HEAD}workflow w(n: int from {{user}}) {{ {body} }}"
    assert _result(tmp_path / "spec.wf", text, "builtin.invariant").verdict is Verdict.PROVED
    assert _result(tmp_path / "spec.wf", text, "builtin.requires").verdict is Verdict.PROVED


def test_the_finding_stands_at_the_call_that_breaks(tmp_path: Path) -> None:
    text = f"{HEAD}workflow w(n: int from {{user}}) {{\n  if n > 0 {{ pay(n) }}\n  pay(n)\n}}"
    found = _result(tmp_path / "spec.wf", text, "builtin.requires")
    assert found.verdict is Verdict.VIOLATED
    assert found.span.line == text.count("\n")
    assert found.help == "test `n > 0` before the call"


def test_nothing_to_check_is_not_reported(tmp_path: Path) -> None:
    path = tmp_path / "spec.wf"
    path.write_text(f"{HEAD}workflow w(n: int from {{user}}) {{ m = n + 1  if m > 2 {{ log(m) }} }}")
    report = check([path], workflow="w", rules=["builtin.*"])
    contracts = {"builtin.requires", "builtin.ensures", "builtin.invariant", "builtin.defined"}
    assert not contracts & {r.rule for r in report.results}
