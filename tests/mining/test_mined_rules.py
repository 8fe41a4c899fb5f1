"""Mined rules: every spec parses, checks, is formatted, and holds on the runs that it is from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wfcheck
from wfcheck.checker.mining.rules import Candidate
from wfcheck.checker.mining.spec import mine_rules
from wfcheck.checker.mining.symbols import Abstraction, Word, words_of
from wfcheck.checker.replay.run import replay
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.source import Source

TOOLS = ["get", "pay", "mail.send", "count", "from", "mcp__x", "é\x1b", "pay!", "get!", "pay=1", "get=1"]


def word(number: int, steps: list[str]) -> Word:
    """As `pay`: returns; `pay!`: fails; `pay=1`: with an argument."""
    events: list[Event] = []
    for step in steps:
        tool, _, value = step.rstrip("!").partition("=")
        call, given = f"c{len(events)}", {"to the": value, "x": 1} if value else {}
        events.append(Event(kind="call", seq=len(events), tool=tool, call=call, args_requested=given))
        answer = {"kind": "fail", "error": "no"} if step.endswith("!") else {"kind": "result", "result": "ok"}
        events.append(Event(seq=len(events), tool=tool, call=call, **answer))  # type: ignore[arg-type]
    events.append(Event(kind="end", seq=len(events)))
    return words_of(Trace(f"t{number}", "f", 1, "test", tuple(events)), Abstraction())[0]


def words(runs: list[list[str]]) -> list[Word]:
    return [word(number, run) for number, run in enumerate(runs)]


RUNS = st.lists(st.lists(st.sampled_from(TOOLS), max_size=6), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(RUNS, RUNS)
def test_every_mined_spec_holds_where_it_is_from(
    tmp_path_factory: pytest.TempPathFactory, passing: list[list[str]], failing: list[list[str]]
) -> None:
    good, bad = words(passing), words(failing)
    mined = mine_rules(good, bad, 1)
    assert mined.dropped == 0
    assert format_source(Source("mined.wf", mined.text)) == mined.text
    file = tmp_path_factory.getbasetemp() / "mined.wf"
    file.write_text(mined.text)
    spec = wfcheck.load(file)
    report = replay(spec.program, [w.trace for w in good])
    assert {r.verdict for r in report.results} <= {"holds"}
    judged = replay(spec.program, [w.trace for w in bad])
    for name, suggestion in mined.rules.items():
        broken = [r for r in judged.results if r.rule == f"mined.{name}" and r.verdict == "violated"]
        assert len(broken) == suggestion.broken


def rules(runs: list[list[str]], support: int = 2) -> set[Candidate]:
    return {s.rule for s in mine_rules(words(runs), [], support).rules.values()}


def test_what_never_returned_forbids_nothing_after_it() -> None:
    assert not [
        rule
        for rule in rules([["get!", "pay"]] * 3)
        if rule.template == "never-after" and rule.first == "get"
    ]
    assert Candidate("never-after", "get", "pay") in rules([["pay!", "get"]] * 3)


def test_orders_and_their_arguments() -> None:
    runs = [["get=1", "pay=1"], ["get=2", "pay=2"]]
    assert rules(runs) == {
        Candidate("before", "get", "pay", ("to the", "x")),
        Candidate("follows", "get", "pay"),
        Candidate("once", "", "get"),
        Candidate("once", "", "pay"),
    }
    assert Candidate("before", "get", "pay", ("x",)) in rules([["get=1", "pay=1"], ["get=2", "pay=3"]])
    assert rules([["get=1", "pay=1"], ["mail=2"]]) == set()


def test_a_failed_call_is_no_evidence() -> None:
    assert not [r for r in rules([["get!", "pay"], ["get", "pay"]]) if r.template == "before"]


def test_an_order_that_two_others_give_is_left_out() -> None:
    found = {(r.first, r.then) for r in rules([["a", "b", "c"]] * 3) if r.template == "before"}
    assert found == {("a", "b"), ("b", "c")}


def test_what_is_done_again_after_each_change() -> None:
    runs = [["edit", "test", "edit", "test", "hand"], ["test", "edit", "test", "hand"]]
    found = rules(runs)
    assert Candidate("before", "test", "hand", (), "edit") in found
    assert Candidate("before", "test", "hand") not in found
    assert not [r for r in rules([["test", "edit", "hand"]] * 2) if r.since]


def test_what_failing_runs_break_comes_first() -> None:
    mined = mine_rules(words([["get", "pay"]] * 3), words([["pay"], ["pay", "pay"]]), 3)
    first = next(iter(mined.rules.values()))
    assert (first.rule, first.runs, first.broken) == (Candidate("before", "get", "pay"), 3, 2)
    assert "broken by 2 of 2 failing runs" in mined.text


def test_names_that_are_too_long_to_write_are_left_out() -> None:
    long, longer = "x" * 1200, "x" * 1200 + "y"
    runs = words([["a", long, longer, "b"]] * 3)
    assert {r.rule.then for r in mine_rules(runs, [], 2).rules.values()} <= {"a", "b"}
