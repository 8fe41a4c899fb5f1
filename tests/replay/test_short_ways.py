"""The short way says and remembers what the steppers would, on events of every kind of oddity."""

from __future__ import annotations

import importlib.util
import random
from collections import Counter
from pathlib import Path
from types import ModuleType

import attrs
import pytest

from wfcheck import stdlib
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.checker.replay.watch import Found, Watch
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.dsl.elaboration.elaborate import load

HERE = Path(__file__).parent


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Events = _module("odd_events").Events


@pytest.fixture(scope="module")
def policy() -> CompiledPolicy:
    program, diagnostics = load([HERE / "short.wf"], library=stdlib.load)
    assert not [d for d in diagnostics if d.severity.value == "error"], diagnostics
    return compile_policy(program)


def _shown(found: list[Found]) -> list[tuple[str, str]]:
    return sorted((rule.name, repr(finding)) for rule, finding in found)


def _slow(watch: Watch, event: Event) -> list[Found]:
    view = watch.view(event)
    return [*watch.judge(view), *watch.take(view)]


def _some(policy: CompiledPolicy, rng: random.Random) -> CompiledPolicy:
    """One rule, a few, or all; registers are looked after only where a rule names one."""
    chosen = tuple(rng.sample(policy.rules, rng.choice((1, 1, 2, 4, len(policy.rules)))))
    asks = ("spent", "kept", "wipe", "last")
    if any(word in rule.name for rule, _ in chosen for word in asks):
        return attrs.evolve(policy, rules=chosen)
    return attrs.evolve(policy, rules=chosen, tracked=attrs.evolve(policy.tracked, updates=(), asked=()))


@pytest.mark.parametrize("seed", range(250))
def test_both_ways_find_the_same(policy: CompiledPolicy, seed: int) -> None:
    rng = random.Random(seed)
    chosen = _some(policy, rng)
    shown: dict[str, Completeness] = {"args_requested.to": "redacted"} if rng.random() < 0.05 else {}
    slow, fast, events = Watch.start(chosen, shown), Watch.start(chosen, shown), Events(rng)
    for _ in range(120):
        event = events.next()
        assert _shown(_slow(slow, event)) == _shown(fast.advance(event)), (
            event,
            [r.name for r, _ in chosen.rules],
        )
        if event.kind == "end" and rng.random() < 0.5:
            slow.leave(event)
            fast.leave(event)
    assert _shown(list(slow.finish())) == _shown(list(fast.finish()))


@pytest.mark.parametrize("seed", range(60))
def test_asking_changes_nothing(policy: CompiledPolicy, seed: int) -> None:
    """What is asked about and does not happen leaves no trace, on either way."""
    rng = random.Random(1000 + seed)
    chosen = _some(policy, rng)
    plain, asked, events = Watch.start(chosen, {}), Watch.start(chosen, {}), Events(rng)
    other = Events(random.Random(seed))
    for _ in range(100):
        question, event = other.next(), events.next()
        if not asked.quiet(question):
            asked.judge(asked.view(question))
        assert _shown(plain.advance(event)) == _shown(asked.advance(event))


def test_every_kind_of_rule_has_a_short_way(policy: CompiledPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise agreement would say little."""
    made: Counter[str] = Counter()
    passed: Counter[str] = Counter({rule.name: 0 for rule, _ in policy.rules})
    view = Watch.view
    for rule, compiled in policy.rules:
        tracked = (
            policy.tracked
            if any(w in rule.name for w in ("spent", "kept", "wipe", "last"))
            else attrs.evolve(policy.tracked, updates=(), asked=())
        )
        alone = attrs.evolve(policy, rules=((rule, compiled),), tracked=tracked)
        for seed in range(6):
            watch, events = Watch.start(alone, {}), Events(random.Random(seed))
            monkeypatch.setattr(
                Watch, "view", lambda self, e, name=rule.name: made.update([name]) or view(self, e)
            )
            for _ in range(100):
                event = events.next()
                before = made[rule.name]
                watch.advance(event)
                passed[rule.name] += event.kind == "call" and made[rule.name] == before
    assert len(passed) == len(policy.rules)
    assert all(passed.values()), passed
