"""What the guard answers on a prefix and what replay says of the whole never contradict each other."""

from __future__ import annotations

import importlib.util
import random
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import wfcheck
from wfcheck import Allow, Ask, Deny, Event
from wfcheck.checker.guard.blocking import blocked
from wfcheck.checker.guard.guard import Guard
from wfcheck.checker.guard.policy import GuardPolicy
from wfcheck.checker.replay.judging import judge_trace
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.traces.trace import Trace

HERE = Path(__file__).parent
UNSTOPPABLE = {"order.fails"}
"""A call may fail, whoever was asked."""
ATTEMPTS = {"call", "say", "ask", "message", "remember", "recall", "release", "end"}


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def policies() -> list[GuardPolicy]:
    """All rules together would deny nearly everything: a few at a time say more."""
    program = wfcheck.load(HERE / "guarded.wf").program
    names = [rule.name for rule in program.rules]
    rng = random.Random(7)
    few = [
        GuardPolicy.of(program, None, [n for n in names if n not in rng.sample(names, 4)]) for _ in range(40)
    ]
    single = [GuardPolicy.of(program, None, [n for n in names if n != name]) for name in names]
    return [*single, *few]


def _played(policy: GuardPolicy, seed: int) -> Any:
    host = _module("scenes").Host(Guard(policy), seed)
    host.run(40)
    return host


def _breaks(policy: CompiledPolicy, events: list[Event]) -> dict[str, set[int]]:
    judged = judge_trace(policy, Trace("t", "t", 1, "wftrace", tuple(events)))
    return {result.rule: {mark.event for mark in result.breaks} for result in judged.results}


@pytest.mark.parametrize("number", range(36))
def test_what_was_allowed_breaks_nothing(policies: list[GuardPolicy], number: int) -> None:
    """And what was denied as surely broken does break that rule, were it to happen."""
    policy = policies[number % len(policies)]
    compiled = policy.compiled()
    for seed in range(2):
        host = _played(policy, number * 10 + seed)
        broken = _breaks(compiled, host.trace)
        for rule, indices in broken.items():
            stopped = {i for i in indices if host.trace[i].kind in ATTEMPTS}
            assert not stopped, (rule, seed, stopped)
        for event, answer, index in host.answers:
            if isinstance(answer, Deny) and answer.because == "broken":
                happened = _with_outcome(host.trace[:index], event)
                assert _breaks(compiled, happened)[answer.rule] - set(range(index)), (answer, event)


def _with_outcome(past: list[Event], event: Event) -> list[Event]:
    """The run with the attempt in it, and its return."""
    back = Event(kind="result", seq=0, session=event.session, run=event.run, tool=event.tool, call=event.call)
    return [*past, event, *([back] if event.kind == "call" else [])]


@pytest.mark.parametrize("number", range(6))
def test_a_dead_end_is_one(policies: list[GuardPolicy], number: int) -> None:
    """After an event that was denied as a dead end no continuation ends well."""
    dead = 0
    policy = next(
        p for p in policies if len(p.without) == len(policies[0].without) and "order.logged" not in p.without
    )
    compiled = policy.compiled()
    free = GuardPolicy.of(policy.program, None, [r.name for r in policy.program.rules])
    for seed in range(10):
        host = _played(policy, 1000 * number + seed)
        for event, answer, index in host.answers:
            if not (isinstance(answer, Deny) and answer.because == "dead end"):
                continue
            dead += 1
            for other in range(5):
                freed = _module("scenes").Host(Guard(free), other)
                freed.run(25)
                rest = [e for e in freed.trace if e.kind != "end"]
                renamed = [_moved(e, event) for e in rest]
                end = Event(kind="end", seq=0, session=event.session, run=event.run)
                whole = [*host.trace[:index], event, *_back(event), *renamed, end]
                assert _breaks(compiled, whole)["order.logged"], (answer, event)
    assert dead


def _moved(event: Event, to: Event) -> Event:
    fields = {name: getattr(event, name) for name in Event.__struct_fields__}
    return Event(**{**fields, "run": to.run, "call": event.call and f"later-{event.call}"})


def _back(event: Event) -> list[Event]:
    return [
        Event(kind="result", seq=0, session=event.session, run=event.run, tool=event.tool, call=event.call)
    ]


def test_the_scenes_say_something(policies: list[GuardPolicy]) -> None:
    """Every rule denies somewhere, something is allowed under each, and every kind of answer occurs."""
    seen: Counter[str] = Counter()
    denied: set[str] = set()
    for number, policy in enumerate(policies):
        for seed in range(3):
            for _, answer, _ in _played(policy, number * 10 + seed).answers:
                seen[type(answer).__name__] += 1
                if isinstance(answer, Deny):
                    seen[answer.because] += 1
                    denied.add(answer.rule)
                if isinstance(answer, Ask):
                    denied.add(answer.rule)
    assert {"Allow", "Ask", "Deny", "broken", "unknown", "dead end"} <= set(seen), seen
    assert denied == {rule.name for rule in policies[0].program.rules} - UNSTOPPABLE


@pytest.mark.parametrize("number", range(3))
def test_what_test_blocks_call_blocked_is_denied(policies: list[GuardPolicy], number: int) -> None:
    """A guard with one rule allows just the attempts that `expect blocked` of that rule does not list."""
    everything = policies[0].program
    for name in [rule.name for rule in everything.rules]:
        alone = GuardPolicy.of(everything, None, [r.name for r in everything.rules if r.name != name])
        host = _played(alone, number)
        stopped = blocked(alone.compiled(), name, host.trace)
        assert stopped == (), name
        for event, answer, index in host.answers:
            here = blocked(alone.compiled(), name, [*host.trace[:index], event])
            assert here is not None
            assert (index in here) == (not isinstance(answer, Allow))
