"""Monitors over exact events break where the definition of the rule does: for some rigid values, at the same event first."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest
from generators.monitored import Happening, bad, happenings, monitored, possible, program_of, records

from wfcheck.checker.reference.rules import breaks
from wfcheck.dsl import core

RULES = {
    "forbid": 'r: forbid pay(amount: > 1) when to == "a"',
    "forbid result": 'r: forbid pay -> "ok"',
    "forbid table": "r: forbid pay when amount > limits[to].most",
    "forbid emit": "r: forbid emit(bank)",
    "forbid read": "r: forbid read(pii) after pay",
    "forbid after": "r: forbid pay after check until say",
    "forbid after same": "r: forbid pay(to: same) after check until pay(to: same)",
    "forbid after binder": "r: forbid pay(to: X) after check(to: X) until note",
    "forbid after fail": "r: forbid pay after fail(pay)",
    "forbid fail": "r: forbid fail(check) after pay",
    "forbid say": 'r: forbid say(text: "a") after input(user)',
    "forbid write": "r: forbid write(memo) after write(memo)",
    "before": "r: require check before pay",
    "before same": "r: require check(to: same) before pay",
    "before binder": "r: require check(to: X) before pay(to: X)",
    "before evidence": "r: require check(to: X) before pay when X == to or amount == 1",
    "before result": 'r: require check(to: same) -> "ok" before pay',
    "before since": "r: require check(to: same) since pay(to: same) before pay",
    "before since any": "r: require check since say before {pay, note}",
    "before within": "r: require check(to: same) before pay within 2 steps",
    "before say": "r: require say before pay within 1 steps",
    "before each": "r: require check(to: x) before note for each x in names",
    "before when": "r: require say before pay when amount > 1",
    "approve": "r: require approve(shows: args) before pay",
    "approve by": "r: require approve(by: alice, shows: args) before pay",
    "approve any": "r: require {approve(by: bob, shows: args), check(to: same)} before pay",
    "approve within, check": "r: require approve(shows: args) before pay within 1 steps",
    "approve since": "r: require approve(shows: args) since say before pay when amount < 3",
    "approve effect": "r: require approve(shows: args) before call(effect: irreversible)",
    "approve small": "r: require approve(pay, amount: < 2) before {pay, check}",
    "deny": "r: require deny(pay) before say",
    "after": "r: require say after pay before end",
    "after same": "r: require check(to: same) after pay before end",
    "after steps": "r: require check(to: same) after pay within 2 steps",
    "after binder": "r: require check(to: R) after pay -> R within 1 steps",
    "after each": "r: require check(to: x) after note for each x in names before end",
    "distinct": "r: require distinct principals for approve(pay), pay",
    "distinct binder": "r: require distinct principals for check(to: X), pay(to: X), note",
    "count": "r: limit count(pay) <= 2 per run",
    "count key": "r: limit count(pay) <= 1 per pay.to per run",
    "count turn": "r: limit count(pay) <= 1 per turn",
    "count when": "r: limit count(pay) <= 0 per run when amount > 1",
    "sum": "r: limit sum(pay.amount) <= 3 per run",
    "sum key": "r: limit sum(pay.amount) <= 2 per pay.to per turn",
    "sum negative": "r: limit sum(pay.amount - 2) <= 1 per run",
    "values": "r: limit distinct(pay.to) <= 1 per run",
    "values key": "r: limit distinct(pay.amount) <= 1 per pay.to per run",
    "consecutive": "r: limit consecutive(pay) <= 2 per run",
    "consecutive key": "r: limit consecutive(pay) <= 1 per pay.to per run",
    "consecutive fail": "r: limit consecutive(fail(pay)) <= 1 per run",
    "consecutive deny": "r: limit consecutive({deny(pay), fail(pay)}) <= 1 per run",
    "bits": "r: limit bits(release(shrink)) <= 3 per run",
    "bits endless": "r: limit bits(release) <= 10 per run",
}
TRACKED = {
    "always": ("track n: int = 0 { on pay: n + amount }", "r: always n <= 3"),
    "always when": ("track n: int = 0 { on pay: n + amount  on say: 0 }", "r: always n < 3 when note"),
    "forbid register": (
        'track asked: bool = false { on input(user): true  on say: false }',
        "r: forbid pay when not asked",
    ),
    "forbid map": (
        "track owner: map<text, text> = {} { on check(to: X) -> R: owner[X] := R }",
        'r: forbid pay when not known(owner[to]) or owner[to] == "no"',
    ),
    "forbid counts": (
        """track paid: map<text, int> = {"a": 1} {
          on pay when known(paid[to]): paid[to] := paid[to] + amount
          on check: paid[to] := 0
        }""",
        "r: forbid pay when known(paid[to]) and paid[to] > 1",
    ),
    "forbid each": (
        "track seen: map<text, bool> = {} { on note for each x in names: seen[x] := true }",
        "r: forbid pay when known(seen[to]) and seen[to]",
    ),
    "require register": (
        "track last: text = \"\" { on check when to != last: to }",
        "r: require say before pay when to == last",
    ),
    "limit register": ("track big: bool = false { on note: true }", "r: limit count(pay) <= 1 per run when not big"),
}  # fmt: skip
GRANTS = """
allow helper: pay(amount: < 3) when to != "b"
allow helper: note
allow alice: pay, check
"""


@cache
def case(name: str) -> core.Program:
    """The program of a rule."""
    if name.startswith("allow"):
        return program_of(GRANTS)
    tracks, rule = TRACKED[name] if name in TRACKED else ("", RULES[name])
    return program_of(rule, tracks=tracks)


def text_of(name: str) -> str:
    """The name and the text of a rule, with its registers."""
    return GRANTS if name.startswith("allow") else " ".join((name, *(TRACKED.get(name) or [RULES[name]])))


def rule_of(name: str) -> core.Rule:
    """The rule that a test is about: the only one, or the grants of somebody."""
    rules = case(name).rules
    return next(r for r in rules if not name.startswith("allow") or r.name == f"p.{name}")


@pytest.mark.parametrize("vague", [False, True])
@pytest.mark.parametrize("name", [*RULES, *TRACKED, "allow(helper)", "allow(alice)"])
def test_first_break(name: str, vague: bool) -> None:
    """Where the definition says broken first, the monitor does; where it is not sure, the monitor may not be silent. `vague`: the
    monitor sees symbols, whose values are put in afterwards, and asks for the elements of lists by index."""
    for seed in range(8 if vague else 30):
        _compare(name, vague, happenings(Random(f"{name} {seed}"), 8, text_of(name)))


def _compare(name: str, vague: bool, run: list[Happening]) -> None:
    program, rule = case(name), rule_of(name)
    recorded = records(run)
    verdict = breaks(program, rule, [event for events in recorded for event in events])
    number = {event.seq: i for i, events in enumerate(recorded) for event in events}
    defined = min((number[i] for i in verdict.broken), default=None)
    perhaps = {number[i] for i, _ in verdict.unknown if i is not None}
    broken = bad(program, run, monitored(program, rule, indexed=vague), vague=vague)
    if defined is not None:
        assert possible(broken[defined])
    if perhaps:
        assert possible(*broken)
    if not verdict.unknown and all(
        at.within is None for at in run
    ):  # of approvals that expire one is counted
        assert not possible(*broken[:defined])
