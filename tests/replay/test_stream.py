"""Events as they come: passing over what nobody looks at changes no finding."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from types import ModuleType

import attrs
import msgspec
import pytest

from wfcheck import stdlib
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.replay.judging import judge_trace
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.checker.replay.stepping import MonitorStepper
from wfcheck.checker.replay.stream import judge_stream
from wfcheck.checker.replay.watch import Watch
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core
from wfcheck.dsl.elaboration.elaborate import load

HERE = Path(__file__).parent
MORE = """
policy packed {
  after_read:  forbid {pay, wipe} after read(mail)
  until_wipe:  forbid pay after read(mail) until wipe
  emitted:     require log since read(mail) before wipe
  big_after:   forbid pay(amount: > 2) after deny(pay) until {log, approve(pay)}
  cleared:     require input since say before pay when amount > 1
  by_boss:     forbid pay after approve(by: boss)
  in_session:  forbid wipe after pay(amount: > 3) until log(to: "a") per session
  never:       forbid wipe
}
"""


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    file = tmp_path_factory.mktemp("specs") / "rules.wf"
    rules = (HERE / "rules.wf").read_text(encoding="utf-8").partition("policy grants")[0]
    file.write_text(rules + MORE, encoding="utf-8")
    program, diagnostics = load([file], library=stdlib.load)
    assert not [d for d in diagnostics if d.severity.value == "error"], diagnostics
    return compile_policy(
        attrs.evolve(program, registers={}, rules=tuple(r for r in program.rules if _simple(r)))
    )


def _simple(rule: core.Rule) -> bool:
    """Not about registers or the past, for which every event is looked at."""
    asks = ("kept", "at_read", "last_in", "any_in", "reg", "known_reg", "followed", "finished")
    return rule.name.partition(".")[2] not in asks


@pytest.mark.parametrize("seed", range(150))
def test_passing_over_events_changes_nothing(policy: CompiledPolicy, seed: int) -> None:
    rng = random.Random(seed)
    events = _module("random_events").random_events(rng, 60)
    chosen = attrs.evolve(
        policy, rules=tuple(rng.sample(policy.rules, rng.choice((1, 2, 4, len(policy.rules)))))
    )
    slow, fast = Watch.start(chosen, {}), Watch.start(chosen, {})
    for event in events:
        view = slow.view(event)
        found = [*slow.judge(view), *slow.take(view)]
        assert sorted(map(_shown, found)) == sorted(map(_shown, fast.advance(event)))


def _shown(found: tuple[core.Rule, object]) -> tuple[str, str]:
    return found[0].name, repr(found[1])


@pytest.mark.parametrize("seed", range(80))
def test_packed_rules_agree_with_the_definition(policy: CompiledPolicy, seed: int) -> None:
    events = _module("random_events").random_events(random.Random(seed), 40)
    judged = judge_trace(policy, Trace("t", "t", 1, "wftrace", tuple(events)))
    for (rule, _), result in zip(policy.rules, judged.results, strict=True):
        if rule.name.startswith("packed."):
            naive = breaks(policy.program, rule, events)
            assert tuple(mark.event for mark in result.breaks) == naive.broken, (rule.name, naive)
            if not naive.broken:
                assert (result.verdict == "insufficient") == bool(naive.unknown), (rule.name, naive)


def test_some_events_are_passed_over(policy: CompiledPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Event] = []
    view = Watch.view
    monkeypatch.setattr(Watch, "view", lambda self, event: made.append(event) or view(self, event))
    few = attrs.evolve(policy, rules=tuple(r for r in policy.rules if r[0].name.startswith("packed.u")))
    events = _module("random_events").random_events(random.Random(1), 300)
    judge_stream(few, events)
    assert 0 < len(made) < len(events) / 2


def test_what_is_remembered_grows_with_values_only(policy: CompiledPolicy) -> None:
    """However long a run is: of calls that nobody can tell apart the latest is kept."""
    watch = Watch.start(policy, {})
    kept, made = [], _module_events()
    for number in range(4000):
        event = made[number % len(made)]
        watch.advance(
            msgspec.structs.replace(event, session="s", run="r", call=event.call and f"{event.call}-{number}")
        )
        if number % 1000 == 999:
            kept.append(sum(_entries(one.stepper) for one in watch.stepped))
    assert kept[0] == kept[-1]
    assert 0 < kept[0] < 300


def _module_events() -> list[Event]:
    """Without approvals, which count once each, and without times."""
    made = _module("random_events").random_events(random.Random(5), 400)
    known = [e for e in made if e.kind not in ("approve", "end", "result") and e.args_requested != {}]
    return [msgspec.structs.replace(e, time=None) for e in known][:200]


def _entries(stepper: object) -> int:
    """How many events it remembers; what asks for times remembers all."""
    if not isinstance(stepper, MonitorStepper):
        return 0
    evidence, armed = stepper.compiled.evidence, stepper.compiled.armed
    if (evidence and evidence.within_time) or (armed and armed.duration):
        return 0
    return sum(len(b) for s in stepper.states.values() for m in s.memories for b in m.buckets.values())


@pytest.mark.parametrize("seed", range(60))
def test_runs_that_ended_are_forgotten(policy: CompiledPolicy, seed: int) -> None:
    """The same is found as by a watch that forgets nothing, as long as no run goes on after its end."""
    rng = random.Random(seed)
    made = [e for e in _module("random_events").random_events(rng, 60) if e.kind != "end"]
    events: list[Event] = []
    for number in range(0, len(made), 15):
        part = [msgspec.structs.replace(e, run=f"r{number}") for e in made[number : number + 15]]
        ends = [
            Event(kind="end", seq=0, session=s, run=f"r{number}")
            for s in sorted({e.session or "" for e in part})
        ]
        events += [*part, *ends]
    watch = Watch.start(policy, {})
    slow: dict[str, list[int]] = {}
    for index, event in enumerate(events):
        for rule, finding in watch.advance(event):
            if finding.verdict == "violated":
                slow.setdefault(rule.name, []).append(index)
    fast = judge_stream(policy, events, linger=0)
    assert {r.rule: list(r.breaks) for r in fast.results if r.breaks} == slow
    again = judge_stream(policy, [*events, *events[:1]], linger=0)
    assert {r.verdict for r in again.results} <= {"violated", "insufficient"} | {
        r.verdict for r, (rule, _) in zip(fast.results, policy.rules, strict=True) if rule.per_session
    }
