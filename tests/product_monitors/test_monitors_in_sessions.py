"""Runs that share a session: what the others do is covered by the monitor of one run, which sees its own events alone."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest
from generators.monitored import (
    WORKFLOW,
    Happening,
    bad,
    happenings,
    monitored,
    possible,
    program_of,
    records,
)

from wfcheck.checker.reference.rules import breaks
from wfcheck.dsl import core

SHARED = WORKFLOW.replace("once per session ", "")
RULES = {
    "forbid after": "r: forbid pay after check until say per session",
    "forbid after same": "r: forbid pay(to: same) after check until pay(to: same) per session",
    "before": "r: require check before pay per session",
    "before same": "r: require check(to: same) before pay per session",
    "before since": "r: require check(to: same) since pay(to: same) before pay per session",
    "before since say": "r: require check since say before {pay, note} per session",
    "before within": "r: require check(to: same) before pay within 2 steps per session",
    "before within run": "r: require check(to: same) before pay within 2 steps",
    "after steps run": "r: require check(to: same) after pay within 1 steps",
    "approve run": "r: require approve(shows: args) before pay",
    "before each": "r: require check(to: x) before note for each x in names per session",
    "approve": "r: require approve(shows: args) before pay per session",
    "approve within": "r: require approve(shows: args) before pay within 1 steps per session",
    "approve any": "r: require {approve(by: bob, shows: args), check(to: same)} before pay per session",
    "after": "r: require say after pay before end per session",
    "after same": "r: require check(to: same) after pay before end per session",
    "after steps": "r: require check(to: same) after pay within 2 steps per session",
    "distinct": "r: require distinct principals for approve(pay), pay per session",
    "distinct binder": "r: require distinct principals for check(to: X), pay(to: X), note per session",
    "count": "r: limit count(pay) <= 2 per session",
    "count key": "r: limit count(pay) <= 1 per pay.to",
    "count window": "r: limit count(pay) <= 1 per 5m",
    "count window run": "r: limit count(pay) <= 1 per 5m per run",
    "sum": "r: limit sum(pay.amount) <= 3 per session",
    "values": "r: limit distinct(pay.to) <= 1 per session",
    "consecutive": "r: limit consecutive(pay) <= 1 per session",
    "bits": "r: limit bits(release(shrink)) <= 2 per session",
}
TRACKED = {
    "always": ("track n: int = 0 { on pay: n + amount }", "r: always n <= 3"),
    "always when": ("track n: int = 0 { on pay: amount  on say: 0 }", "r: always n < 3 when note"),
    "forbid register": (
        "track asked: bool = false { on input(user): true  on say: false }",
        "r: forbid pay when not asked",
    ),
    "forbid map": (
        "track owner: map<text, text> = {} { on check(to: X) -> R: owner[X] := R }",
        'r: forbid pay when not known(owner[to]) or owner[to] == "no"',
    ),
    "forbid each": (
        "track seen: map<text, bool> = {} { on note for each x in names: seen[x] := true }",
        "r: forbid pay when known(seen[to]) and seen[to]",
    ),
    "limit register": (
        "track big: bool = false { on note: true }",
        "r: limit count(pay) <= 1 per run when not big",
    ),
}


@cache
def case(name: str) -> core.Program:
    """The program of a rule, whose workflow runs any number of times in a session."""
    tracks, rule = TRACKED[name] if name in TRACKED else ("", RULES[name])
    return program_of(rule, tracks=tracks, body=SHARED)


@pytest.mark.parametrize("name", [*RULES, *TRACKED])
def test_no_break_is_missed(name: str) -> None:
    """Wherever the session breaks the rule at an event of the run, or may, the monitor of the run says so there."""
    text = "".join(TRACKED.get(name) or [RULES[name]])
    for seed in range(40):
        rng = Random(f"{name} {seed}")
        mine, theirs = happenings(rng, 5, text), happenings(rng, 5, text)
        _compare(name, mine, theirs, [rng.random() < 0.5 for _ in range(12)])


def _compare(name: str, mine: list[Happening], theirs: list[Happening], order: list[bool]) -> None:
    program = case(name)
    left = {"r1": list(enumerate(mine)), "r2": list(enumerate(theirs))}
    turns = ["r1" if first else "r2" for first in order] + ["r1"] * len(mine) + ["r2"] * len(theirs)
    events, own = [], {}
    for run in turns:
        if left[run]:
            number, happening = left[run].pop(0)
            (made,) = records([happening], run=run, start=len(events))
            own.update({event.seq: number for event in made if run == "r1"})
            events += made
    verdict = breaks(program, program.rules[0], events)
    broken = bad(program, mine, monitored(program, program.rules[0]))
    for index in (*verdict.broken, *(i for i, _ in verdict.unknown if i is not None)):
        if index in own:
            assert possible(broken[own[index]]), (index, verdict)


@pytest.mark.parametrize("name", ["forbid register", "forbid map"])
def test_others_update_registers_in_between(name: str) -> None:
    """What the run made of a register may be undone before it looks."""
    heard = Happening("input", "", "user", {"text": "a"})
    checked = Happening("call", "check", "helper", {"to": "a", "limit": None}, "ok")
    paid = Happening("call", "pay", "helper", {"to": "a", "amount": 1}, "ok")
    program = case(name)
    broken = bad(program, [heard, checked, paid], monitored(program, program.rules[0]))
    assert possible(broken[2])
    alone = program_of(TRACKED[name][1], tracks=TRACKED[name][0])
    assert not possible(*bad(alone, [heard, checked, paid], monitored(alone, alone.rules[0])))
