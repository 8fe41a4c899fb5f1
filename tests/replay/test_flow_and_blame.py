"""Channels, principals and releases as ends of flows; broken contracts as blame and as near misses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wfcheck import stdlib
from wfcheck.checker.replay.result import ReplayReport, ReplayResult
from wfcheck.checker.replay.run import replay
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl.core import Program
from wfcheck.dsl.elaboration.elaborate import load

MAIL = {"kind": "result", "tool": "read_mail", "call": "m", "result": "my number is AB12345678"}
READ = ({"kind": "call", "tool": "read_mail", "call": "m"}, MAIL)


@pytest.fixture(scope="module")
def program() -> Program:
    made, diagnostics = load([Path(__file__).parent / "clerk.wf"], library=stdlib.load)
    assert not [d for d in diagnostics if d.severity.value == "error"]
    return made


def run(program: Program, *events: dict[str, Any]) -> ReplayReport:
    made = tuple(Event(seq=number, **event) for number, event in enumerate(events))
    return replay(program, [Trace("t", "t", 1, "wftrace", made)])


def verdict(program: Program, rule: str, *events: dict[str, Any]) -> ReplayResult:
    return next(r for r in run(program, *events).results if r.rule == rule)


def filed(text: str, size: int = 3, **more: Any) -> tuple[dict[str, Any], ...]:
    args = {"text": text, **more}
    call = {"tool": "file_away", "call": "f"}
    return {"kind": "call", "args_requested": args, **call}, {
        "kind": "result",
        "result": {"size": size},
        **call,
    }


def test_a_channel_receives_what_is_emitted(program: Program) -> None:
    leak = "write down AB12345678"
    assert verdict(program, "privacy.no_leak", *READ, *filed(leak)).verdict == "violated"
    assert verdict(program, "privacy.no_leak", *READ, *filed(leak, tag="local")).verdict == "holds"
    assert verdict(program, "privacy.no_leak", *READ, *filed("x", tag="AB12345678")).verdict == "holds"
    assert verdict(program, "privacy.trifecta", *READ, *filed(leak)).verdict == "violated"


def test_what_a_release_gave_out_is_free(program: Program) -> None:
    given = {
        "kind": "release",
        "step": "redact",
        "args_requested": {"x": "AB12345678"},
        "result": "AB12345678",
    }
    assert verdict(program, "privacy.no_leak", *READ, given, *filed("AB12345678")).verdict == "holds"
    shown = {"kind": "approve", "actor": "boss", "shows": ["AB12345678"]}
    assert verdict(program, "privacy.no_show", *READ, given, shown).verdict == "violated"


def test_a_principal_sees_what_it_approves(program: Program) -> None:
    shown = {
        "kind": "approve",
        "actor": "boss",
        "tool": "file_away",
        "args_requested": {"text": "AB12345678"},
    }
    assert verdict(program, "privacy.no_show", *READ, shown).verdict == "violated"
    assert verdict(program, "privacy.no_show", *READ, {**shown, "actor": "clerk"}).verdict == "holds"


def test_a_contract_that_broke_earlier_is_to_blame(program: Program) -> None:
    pay = {"kind": "call", "tool": "pay", "call": "p", "args_requested": {"amount": 3}}
    result = verdict(program, "money.seen", *filed("x", size=0), pay)
    assert result.blame is not None
    assert (result.blame.assumption, result.blame.mark.event) == ("file_away.stored", 1)
    assert result.manifestation is not None
    assert result.manifestation.event == 2
    plain = verdict(program, "money.seen", *filed("x"), pay)
    assert plain.blame is not None
    assert (plain.blame.assumption, plain.blame.mark.event) == (None, 2)
    assert (
        plain.blame.why == "`amount` of `pay` differs from what the workflow computes; then approval missing"
    )


def test_a_broken_contract_without_a_broken_rule_is_a_near_miss(program: Program) -> None:
    report = run(program, *filed("x", size=0))
    assert [(n.assumption, n.mark.event) for n in report.near_misses] == [("file_away.stored", 1)]
    assert run(program, *filed("x", tag="")).near_misses[0].assumption == "file_away.tagged"


@pytest.mark.parametrize(
    ("approved", "paid", "verdict_"),
    [
        ({"amount": 3}, {"amount": 3.0}, "holds"),
        ({"amount": 3}, {"amount": 4}, "violated"),
        ({}, {"amount": 4}, "insufficient"),
    ],
)
def test_an_approval_is_for_the_very_call(
    program: Program, approved: dict[str, Any], paid: dict[str, Any], verdict_: str
) -> None:
    yes = {"kind": "approve", "actor": "boss", "tool": "pay", "args_requested": approved}
    pay = {"kind": "call", "tool": "pay", "call": "p", "args_requested": paid}
    assert verdict(program, "money.seen", yes, pay).verdict == verdict_


def test_executed_arguments_count(program: Program) -> None:
    yes = {"kind": "approve", "actor": "boss", "tool": "pay", "args_requested": {"amount": 3}}
    pay = {
        "kind": "call",
        "tool": "pay",
        "call": "p",
        "args_requested": {"amount": 3},
        "args_executed": {"amount": 300},
    }
    assert verdict(program, "money.seen", yes, pay).verdict == "violated"


def test_an_approval_serves_one_call(program: Program) -> None:
    yes = {"kind": "approve", "actor": "boss", "tool": "pay", "args_requested": {"amount": 3}}
    first = {"kind": "call", "tool": "pay", "call": "p", "args_requested": {"amount": 3}}
    result = verdict(program, "money.seen", yes, first, {**first, "call": "q"})
    assert [mark.event for mark in result.breaks] == [2]


def test_a_format_that_hides_approvals_settles_nothing(program: Program) -> None:
    pay = Event(kind="call", seq=0, tool="pay", call="p", args_requested={"amount": 3})
    trace = Trace("t", "t", 1, "other", (pay,), {"approve": "absent"})
    results = {r.rule: r for r in replay(program, [trace]).results}
    assert results["money.seen"].verdict == "insufficient"


def test_another_session_lends_nothing_and_leaks_all_the_same(program: Program) -> None:
    one, other = ({"session": name} for name in ("a", "b"))
    read = [{**event, **one} for event in READ]
    leak = [{**event, **other} for event in filed("AB12345678")]
    assert verdict(program, "privacy.no_leak", *read, *leak).verdict == "violated"
    assert verdict(program, "privacy.trifecta", *read, *leak).verdict == "violated"


@pytest.mark.parametrize(
    ("amount", "agent", "verdict_"),
    [
        (7, None, "holds"),
        (9, None, "insufficient"),
        (7, "helper", "violated"),
        (9, "helper", "violated"),
        (8, "helper", "holds"),
    ],
)
def test_what_the_workflow_wrote_or_may_have_computed(
    program: Program, amount: int, agent: str | None, verdict_: str
) -> None:
    said = {"kind": "input", "actor": "user", "text": "pay 8"}
    pay = {"kind": "call", "tool": "pay", "call": "p", "agent": agent, "args_requested": {"amount": amount}}
    assert verdict(program, "origin.own", said, pay).verdict == verdict_
