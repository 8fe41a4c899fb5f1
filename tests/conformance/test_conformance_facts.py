"""What is no matter of where a run stands: stores, pure tools, labels; and what a format does not show."""

from __future__ import annotations

from typing import Any

import pytest

from wfcheck import stdlib
from wfcheck.checker.conditions.compiled import Tables
from wfcheck.checker.conformance.model import Compiled, Model
from wfcheck.checker.conformance.tracker import Tracker
from wfcheck.checker.replay.reader import Reader
from wfcheck.checker.replay.view import Catalogue
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.dsl.core import Program
from wfcheck.dsl.elaboration.elaborate import load

SPEC = """
influence web
store facts: list<text> holds {}
principal boss is human
principal bot is agent
tool hash(text: text) -> text { pure }
tool view(text: text) -> text { effect read  emits nothing  returns {} }
tool pay(amount: decimal) -> bool { effect irreversible  emits nothing  returns {} }
workflow both(x: text from {user}) as bot {
  a = hash(text: x)
  b = hash(text: x)
  view(text: b)
}
workflow twice(x: text from {user}) as bot {
  one = recall facts
  remember x into facts
  two = recall facts
}
workflow asked(x: text from {user}) as bot {
  approve pay(amount: 3) by boss
  pay(amount: 3)
}
workflow free(x: text from {user}) as bot { agent helper(x) may { view, pay when amount <= 2, say } max 2 steps }
workflow forked(x: text from {user}) as bot {
  parallel { branch { view(text: "a") pay(amount: 1) } branch { view(text: "b") pay(amount: 2) } }
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    path = tmp_path_factory.mktemp("facts") / "facts.wf"
    path.write_text(SPEC)
    made, problems = load([path], library=stdlib.load)
    assert not [p for p in problems if p.severity.value == "error"], problems
    return made


def said(text: str = "x") -> dict[str, Any]:
    return {"kind": "input", "actor": "user", "text": text}


def call(tool: str, result: Any, **arguments: Any) -> list[dict[str, Any]]:
    name = f"{tool}-{arguments}-{result}"
    begun = {"kind": "call", "tool": tool, "call": name, "args_requested": arguments}
    return [begun, {"kind": "result", "tool": tool, "call": name, "result": result}]


def whys(
    program: Program,
    *events: dict[str, Any],
    format_: str = "wftrace",
    hidden: dict[str, Completeness] | None = None,
) -> list[tuple[int, str, str | None]]:
    tracker = Tracker(Model.of(Compiled(program, Tables.of(program)), format_, hidden or {}))
    reader = Reader(Catalogue.of(program), hidden or {}, None)
    found = []
    for index, fields in enumerate(events):
        view = reader.view(index, Event(seq=index, **fields))
        found += [d for d in tracker.step(view) if not d.soft]
        reader.take(view)
    return [(d.index, d.why, d.assumption) for d in found]


def test_a_pure_tool_that_changes_its_mind(program: Program) -> None:
    same = [said(), *call("hash", "h", text="x"), *call("hash", "h", text="x")]
    assert not whys(program, *same)
    other = [said(), *call("hash", "h", text="x"), *call("hash", "k", text="x")]
    assert [(i, a) for i, _, a in whys(program, *other)] == [(4, "tool-effects")]


def recalled(*values: str) -> dict[str, Any]:
    return {"kind": "recall", "store": "facts", "result": list(values)}


def test_a_store_that_somebody_else_wrote(program: Program) -> None:
    kept = {"kind": "remember", "store": "facts", "result": "x"}
    assert not whys(program, said(), recalled("old"), kept, recalled("old", "x"))
    poisoned = whys(program, said(), recalled("old"), kept, recalled("old", "x", "evil"))
    assert [(i, a) for i, _, a in poisoned] == [(3, "facts.writers")]
    unseen: dict[str, Completeness] = {"remember": "absent"}
    assert not whys(program, said(), recalled("old"), recalled("old", "x", "evil"), hidden=unseen)


def test_labels_outside_the_declaration(program: Program) -> None:
    begun, returned = call("view", "r", text="h")
    start = [said(), *call("hash", "h", text="x"), *call("hash", "h", text="x")]
    begun["argument_labels"] = {"text": ["user"], "": []}
    assert not whys(program, *start, begun, {**returned, "labels": ["user"]})
    found = whys(program, *start, begun, {**returned, "labels": ["user", "web"]})
    assert [(i, a) for i, _, a in found] == [(6, "source-labels")]


PAY = {"kind": "approve", "actor": "boss", "tool": "pay", "args_requested": {"amount": 3}}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([said(), PAY, *call("pay", True, amount="3.00")], []),
        ([said(), *call("pay", True, amount=3)], ["approval missing"]),
        (
            [said(), PAY, *call("pay", True, amount=4)],
            ["`amount` of `pay` differs from what the workflow computes"],
        ),
        ([said(), PAY, *call("pay", True, amount=3, memo="x")], ["`pay` has no argument `memo`"]),
        ([said(), {**PAY, "actor": "bot"}, *call("pay", True, amount=3)], ["`bot` acts where `boss` should"]),
        (
            [said(), {**PAY, "kind": "deny"}, *call("pay", True, amount=3)],
            ["the run goes on after what ends it"],
        ),
        ([said(), PAY, *call("wire", True, amount=3)], ["`wire` is not declared"]),
        ([said(), PAY, *call("pay", "perhaps", amount=3)], ["the result of `pay` is not of its type"]),
    ],
)
def test_an_approved_call(program: Program, events: list[dict[str, Any]], expected: list[str]) -> None:
    assert [why for _, why, _ in whys(program, *events)] == expected


def test_what_is_executed_is_what_was_requested(program: Program) -> None:
    begun, _ = call("pay", True, amount=3)
    found = whys(program, said(), PAY, {**begun, "args_executed": {"amount": 300}})
    assert found == [(2, "`amount` was executed otherwise than it was requested", "complete-mediation")]


def test_an_agent_keeps_to_what_it_may(program: Program) -> None:
    reads = call("view", "r", text="a")
    assert not whys(program, said(), *reads, *call("pay", True, amount=2))
    assert whys(program, said(), *reads, *call("pay", True, amount=4))[0][0] == 3
    third = whys(program, said(), *reads, *call("view", "r", text="b"), *call("view", "r", text="c"))
    assert [(i, a) for i, _, a in third] == [(5, "step-budgets")]
    typed = whys(program, said(), *reads, *call("view", "r", text=7))
    assert [(i, a) for i, _, a in typed] == [(3, "typed-outputs")]


def test_branches_take_turns(program: Program) -> None:
    a, b = call("view", "r", text="a"), call("view", "s", text="b")
    one, two = call("pay", True, amount=1), call("pay", True, amount=2)
    assert not whys(program, said(), a[0], b[0], b[1], two[0], a[1], one[0], one[1], two[1])
    assert [i for i, _, _ in whys(program, said(), a[0], b[0], two[0], a[1], one[0])] == [3]


def test_a_denied_call_fails(program: Program) -> None:
    denied = {"kind": "deny", "tool": "hash", "args_requested": {"text": "x"}}
    assert not whys(program, said(), denied)
    assert [i for i, _, _ in whys(program, said(), denied, *call("hash", "h", text="x"))] == [2]


def test_formats_that_do_not_tell_steps_and_ends(program: Program) -> None:
    events = [
        said(),
        {"kind": "llm", "text": "hm"},
        *call("hash", "h", text="x"),
        *call("hash", "h", text="x"),
    ]
    assert not whys(program, *events, {"kind": "say", "text": "done"}, format_="openai")
    hidden: dict[str, Completeness] = {"approve": "absent", "deny": "absent"}
    assert not whys(program, said(), *call("pay", True, amount=3), format_="openai", hidden=hidden)


def test_a_hostile_trace_is_told_in_few_words(program: Program) -> None:
    many = {f"{n}" * 1000: n for n in range(1000)}
    found = whys(
        program, said(), PAY, *call("pay", True, amount=3, **many), *call("x" * 100_000, 1, **many),
        {**PAY, "actor": "y" * 100_000}, {"kind": "remember", "store": "z" * 100_000, "result": "r"},
    )  # fmt: skip
    assert len(found) >= 4
    assert all(len(why) < 1000 for _, why, _ in found)
