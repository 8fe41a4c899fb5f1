"""The short way says and remembers what the steppers would, on events of every kind of oddity."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest

from wfcheck import stdlib
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.checker.replay.watch import Found, Watch
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.dsl.elaboration.elaborate import load

HERE = Path(__file__).parent
ODD = (None, True, 1.5, Decimal("2.5"), "2", "None", "x", [], {}, ["a"], 10**30, -2, "2026-01-01")


@pytest.fixture(scope="module")
def policy() -> CompiledPolicy:
    program, diagnostics = load([HERE / "short.wf"], library=stdlib.load)
    assert not [d for d in diagnostics if d.severity.value == "error"], diagnostics
    return compile_policy(program)


class Events:
    """Calls and what answers them, in a few runs, sometimes strange."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.odd = rng.choice((0.0, 0.0, 0.02, 0.3))
        self.open: list[dict[str, Any]] = []
        self.number = 0
        self.clock = 0

    def next(self) -> Event:
        rng = self.rng
        self.number += 1
        self.clock += rng.choice((5, 5, 60, -30 if rng.random() < self.odd else 20))
        made: dict[str, Any] = {
            "seq": self.number,
            "session": rng.choice(("s1", "s1", "s2", None if rng.random() < self.odd else "s1")),
            "run": rng.choice(("r1", "r1", "r2", "" if rng.random() < self.odd else "r1")),
        }
        if rng.random() > self.odd:
            made["time"] = (
                f"2026-01-01T{self.clock // 3600 % 24:02}:{self.clock // 60 % 60:02}:{self.clock % 60:02}"
            )
        made.update(self._answer() if self.open and rng.random() < 0.4 else self._other())
        if rng.random() < self.odd:
            made["id"] = f"e{self.number}"
            made["parent"] = f"e{rng.randrange(self.number + 1)}"
        return Event(**made)

    def _answer(self) -> dict[str, Any]:
        call = self.open.pop(self.rng.randrange(len(self.open)))
        kind = self.rng.choice(("result", "result", "fail"))
        about = {key: call[key] for key in ("tool", "call", "session", "run") if key in call}
        if self.rng.random() < self.odd:
            about.pop("call", None)
        return {"kind": kind, "result": ["a"] if kind == "result" else None, **about}

    def _other(self) -> dict[str, Any]:
        rng = self.rng
        kind = rng.choice(("call",) * 12 + ("input", "llm", "say", "end", "approve", "approve", "deny"))
        if kind in ("input", "llm", "say"):
            return {"kind": kind, "text": "hello", "actor": "user" if kind == "input" else self._actor()}
        if kind == "end":
            return {"kind": kind, "error": rng.choice((None, "no"))}
        tool = rng.choice(("pay", "pay", "pay", "log", "log", "fetch", "wipe", "unheard"))
        made: dict[str, Any] = {"kind": kind, "tool": tool}
        arguments = {name: self._value(value) for name, value in self._arguments(tool).items()}
        where = "args_executed" if rng.random() < 0.1 else "args_requested"
        if rng.random() > self.odd:
            made[where] = arguments
        if rng.random() < self.odd:
            hidden: dict[str, Completeness] = {
                rng.choice(("args_requested", "args_requested.to", "time")): "redacted"
            }
            made["completeness"] = hidden
        made["actor"] = rng.choice(("boss", "boss", "clerk")) if kind != "call" else self._actor()
        if kind == "call":
            made["call"] = f"c{self.number}" if rng.random() > self.odd else None
            self.open.append(made)
        return made

    def _actor(self) -> str | None:
        return None if self.rng.random() < self.odd else self.rng.choice(("clerk", "clerk", "intern"))

    def _arguments(self, tool: str) -> dict[str, Any]:
        rng = self.rng
        match tool:
            case "pay":
                rate = rng.choice((1, 2, 0.5, 2.5, Decimal("1.5"), Fraction(3), "3.5"))
                made: dict[str, Any] = {"to": rng.choice("abc"), "amount": rng.randint(1, 5), "rate": rate}
                if rng.random() < 0.3:
                    made["note"] = rng.choice("xy")
                return made | ({"urgent": rng.random() < 0.5} if rng.random() < 0.5 else {})
            case "log":
                return {"to": rng.choice("abc")} | (
                    {"level": rng.randint(0, 4)} if rng.random() < 0.6 else {}
                )
            case "fetch":
                return {"who": ["a"]}
            case _:
                return {}

    def _value(self, value: Any) -> Any:
        return self.rng.choice(ODD) if self.rng.random() < self.odd / 3 else value


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
