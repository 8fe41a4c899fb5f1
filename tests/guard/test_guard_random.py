"""Random rules over random events: what a guard answers on a prefix and what replay says of the whole never contradict each other,
and the guard's short way never answers otherwise than a close look."""

from __future__ import annotations

import importlib.util
import os
import random
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

import wfcheck
from wfcheck import Allow, Ask, Deny
from wfcheck.checker.guard.answers import Answer
from wfcheck.checker.guard.deciding import ATTEMPTS, Decider
from wfcheck.checker.guard.guard import Guard
from wfcheck.checker.guard.policy import GuardPolicy
from wfcheck.checker.replay.judging import judge_trace
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.traces.decisions import denial
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Trace

REPLAY = Path(__file__).parent.parent / "replay"
SECONDS = float(os.environ.get("WFCHECK_FUZZ_SECONDS", "0"))
HEAD = """
influence mail
secrecy hr
principal boss is human
principal clerk is agent
principal intern is agent { acts for clerk }
tool pay(to: text, amount: int, rate: decimal, note: text?, urgent: bool?) -> any { effect irreversible  returns {}  emits nothing }
tool log(to: text, level: int?) -> any { effect write  returns {hr}  emits nothing }
tool fetch(who: list<text>) -> list<text> { effect read  emits nothing  returns {mail} }
tool wipe() -> any { effect irreversible  returns {}  emits nothing }
track spent: int = 0 { on pay(_, _, _, _, _): spent + amount }
workflow handle(request: text from {user}) as clerk { log(to: request, level: none) }
policy p {
"""


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, REPLAY / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Events = _module("odd_events").Events


def _rule(rng: random.Random) -> str:
    """A random rule of one of the forms."""
    a, b, c = (rng.choice(("pay", "log", "fetch", "wipe")) for _ in range(3))
    n, small, scope = rng.randint(1, 4), rng.randint(0, 3), rng.choice(("run", "session", "turn"))
    time, whole = rng.choice(("1m", "3m", "30m")), rng.choice(("", " per session"))
    pay = rng.choice(("pay", f"pay(amount: > {n})", f'pay(to: "{rng.choice("abc")}")', "pay(rate: >= 2.0)"))
    when = rng.choice(("", f" when amount > {n}", ' when to == "a" or rate < 2.0', f" when spent > {2 * n}"))
    return rng.choice((
        f"forbid {a}{when if a == 'pay' else ''}",
        f"forbid {pay}{when}",
        f"forbid {a} after {b}{whole}",
        f"forbid {a} after {b} until {c}{whole}",
        f"forbid {a} after {b} for {time}",
        f"forbid {a} after fail({b}) until {c}",
        "forbid pay(to: same) after fail(pay)",
        "forbid pay(args) after pay",
        "forbid pay(to: X) after log(to: X)",
        f"require {a} before {b}{whole}",
        f"require {a} since {c} before {b}",
        f"require {a} before {b} within {n + 1} steps",
        f"require {a} before {pay} within {time}",
        "require log(to: same) before pay",
        f"require approve(by: boss, shows: args) before {pay}",
        f"require approve(by: boss) before {a} within {n} steps",
        f"require {a} after {b} within {n + 1} steps",
        "require log(to: same) after pay within 2 steps",
        f"require {a} after {b} before end",
        f"require input before {a}",
        f"limit count({a}) <= {n} per {scope}",
        f"limit count({pay}) <= {n} per {scope}",
        f"limit count(pay) <= {n} per pay.to per {scope}",
        f"limit sum(pay.amount) <= {4 * n} per {scope}",
        f"limit sum(pay.rate) <= {4 * n} per pay.to per session",
        f"limit distinct(pay.to) <= {rng.randint(1, 2)} per {scope}",
        f"limit count({a}) <= {n} per {time}",
        f"limit consecutive({a}) <= {n} per run",
        f"limit consecutive(fail({a})) <= {small} per session",
        f"limit consecutive({{fail(pay), {a}}}) <= {n} per session",
        f"always spent <= {5 * n}",
        f"always spent <= {5 * n} when {a}",
        "require distinct principals for pay, wipe",
        "require pay.to from only {user, mail}",
        "forbid flow mail -> log.to",
        "forbid flow hr -> boss",
        f"forbid {a} when last(log).to == \"a\"",
        f"forbid {a} when any earlier pay: amount > {n}",
    ))  # fmt: skip


def _policy(rng: random.Random, tmp_path: Path) -> GuardPolicy:
    rules = [f"  r{number}: {_rule(rng)}" for number in range(rng.choice((1, 1, 2, 3, 8)))]
    grants = "policy g {\n  allow clerk: pay when amount <= 3\n  allow clerk: log\n  allow intern: fetch\n}\n"
    file = tmp_path / f"spec{rng.random()}.wf"
    file.write_text(HEAD + "\n".join(rules) + "\n}\n" + (grants if rng.random() < 0.2 else ""))
    return wfcheck.compile_guard(file, rng.choice((None, "handle")))


class Slow(Decider):
    """Looks closely at everything."""

    def clear(self, event: Event) -> bool:
        del event
        return False


class Play:
    """A host that does as two guards say, which must agree."""

    def __init__(self, policy: GuardPolicy, rng: random.Random) -> None:
        self.quick, self.close = Guard(policy), Guard(policy)
        made = self.close._decider
        self.close._decider = Slow(made.watch, made.owed, made.pending)
        self.rng, self.events = rng, Events(rng)
        self.trace: list[Event] = []
        self.answers: list[tuple[Event, Answer, int]] = []
        self.under_way: set[str | None] = set()

    def run(self, length: int) -> None:
        for _ in range(length):
            event = self.events.next()
            if event.kind in ATTEMPTS and not (event.kind == "end" and event.error):
                self.attempt(event)
            elif event.kind not in ("result", "fail") or event.call in self.under_way:
                self.learn(event)

    def attempt(self, event: Event) -> None:
        answer = self.quick.before(event)
        other = self.close.before(event)
        assert answer == other, (answer, other, event)
        self.answers.append((event, answer, len(self.trace)))
        match answer:
            case Allow():
                self.happens(event)
                if event.kind == "call":
                    self.under_way.add(event.call)
            case Ask(approver=approver, shows=shows, tool=tool) if self.rng.random() < 0.7:
                kind = self.rng.choice(("approve", "approve", "deny"))
                self.learn(
                    msgspec.structs.replace(
                        event, kind=kind, actor=approver, tool=tool, args_requested=dict(shows), args_executed=None,
                        call=None, id=None, completeness=None,
                    )
                )  # fmt: skip
                if kind == "approve":
                    self.attempt(event)
            case Deny() if event.kind == "call":
                self.happens(denial(event))

    def learn(self, event: Event) -> None:
        assert self.quick.after(event) == self.close.after(event), event
        self.happens(event)

    def happens(self, event: Event) -> None:
        self.trace.append(msgspec.structs.replace(event, seq=len(self.trace)))


def _breaks(policy: CompiledPolicy, events: list[Event]) -> dict[str, set[int]]:
    judged = judge_trace(policy, Trace("t", "t", 1, "wftrace", tuple(events)))
    return {result.rule: {mark.event for mark in result.breaks} for result in judged.results}


def _with_outcome(past: list[Event], event: Event) -> list[Event]:
    back = Event(kind="result", seq=0, session=event.session, run=event.run, tool=event.tool, call=event.call)
    return [*past, event, *([back] if event.kind == "call" else [])]


def check(rng: random.Random, tmp_path: Path, seen: Counter[str]) -> None:
    policy = _policy(rng, tmp_path)
    play = Play(policy, rng)
    play.run(60)
    compiled = policy.compiled()
    for rule, indices in _breaks(compiled, play.trace).items():
        stopped = {i for i in indices if play.trace[i].kind in ATTEMPTS and play.trace[i].error is None}
        assert not stopped, (rule, indices)
    denied = [one for one in play.answers if isinstance(one[1], Deny) and one[1].because == "broken"]
    for event, answer, index in rng.sample(denied, min(6, len(denied))):
        assert isinstance(answer, Deny)
        happened = _with_outcome(play.trace[:index], event)
        assert _breaks(compiled, happened)[answer.rule] - set(range(index)), (answer, event)
    for _, answer, _ in play.answers:
        seen[answer.because if isinstance(answer, Deny) else type(answer).__name__] += 1


@pytest.mark.parametrize("seed", range(60))
def test_guard_and_replay_never_contradict(tmp_path: Path, seed: int) -> None:
    seen: Counter[str] = Counter()
    until = time.monotonic() + SECONDS / 60
    rng = random.Random(seed)
    for _ in range(3):
        check(rng, tmp_path, seen)
    while time.monotonic() < until:
        check(rng, tmp_path, seen)
    assert sum(seen.values()) > 20


def test_every_kind_of_answer_is_given(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for seed in range(40):
        check(random.Random(500 + seed), tmp_path, seen)
    assert {"Allow", "Ask", "broken", "unknown", "dead end"} <= set(seen), seen
