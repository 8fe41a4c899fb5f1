"""Runs without end: random oracles over small values, one run or several of one session, also interleaved; judged by definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import attrs
from msgspec.structs import replace

from wfcheck.checker.reference.interpreter import run_sessions
from wfcheck.checker.reference.machine import NotARunError
from wfcheck.checker.reference.minimal import minimal
from wfcheck.checker.reference.oracle import (
    Act,
    Admissible,
    AskUser,
    CallTool,
    Failed,
    Finish,
    Outcome,
    Returned,
    SayText,
)
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core, types

TEXTS = ("a", "b")


@attrs.frozen
class Small:
    """Every answer is a function of the seed and the place, and one of a few."""

    seed: int
    failures: float = 0.2

    def _pick(self, type_: types.Type, *key: object) -> core.Value:
        random = Random(f"{self.seed} {key}")
        match types.base(type_):
            case types.Scalar(name="bool"):
                return random.random() < 0.6
            case types.Scalar(name="int"):
                return random.randint(0, 4)
            case types.Scalar(name="text"):
                return random.choice(TEXTS)
            case types.ListType(item=item):
                return tuple(self._pick(item, key, i) for i in range(random.randint(0, 3)))
            case _:
                return minimal(type_)

    def _outcome(self, tool: core.Tool, *key: object) -> Outcome:
        if Random(f"{self.seed} fails {key}").random() < self.failures:
            return Failed()
        return Returned(self._pick(tool.result, *key))

    def parameter(self, name: str, type_: types.Type) -> core.Value:
        return self._pick(type_, name)

    def store(self, name: str, key: core.Value, type_: types.Type) -> core.Value:
        return self._pick(type_, name, key)

    def tool(
        self, site: str, instance: int, tool: core.Tool, _a: Mapping[str, core.Value], _ok: Admissible
    ) -> Outcome:
        return self._outcome(tool, site, instance)

    def written(self, _site: str, _instance: int, _store: str, before: core.Value) -> core.Value:
        return before

    def llm(self, site: str, instance: int, type_: types.Type, _ok: Admissible) -> core.Value:
        return self._pick(type_, site, instance)

    def agent(self, site: str, instance: int, step: int, region: core.Agent, _ok: Admissible) -> Act:
        random = Random(f"{self.seed} acts {site} {instance} {step}")
        if step >= region.maximum or random.random() < 0.2:
            return Finish(self._pick(region.type, site, instance))
        may = random.choice(region.may)
        match may.act:
            case "say":
                return SayText("so")
            case "ask":
                return AskUser("so?")
            case _:
                given: dict[str, core.Value] = {"to": random.choice(TEXTS), "amount": random.randint(1, 2)}
                wanted = {"pay": ("to", "amount"), "check": ("to",), "undo": ("to",)}.get(may.tool or "", ())
                return CallTool(may.tool or "", {name: given[name] for name in wanted})

    def agent_tool(
        self,
        site: str,
        instance: int,
        step: int,
        tool: core.Tool,
        _a: Mapping[str, core.Value],
        _ok: Admissible,
    ) -> Outcome:
        return self._outcome(tool, site, instance, step)

    def agent_answer(self, site: str, instance: int, step: int, type_: types.Type) -> core.Value:
        return self._pick(type_, site, instance, step)

    def approve(self, site: str, instance: int) -> bool:
        return Random(f"{self.seed} approves {site} {instance}").random() < 0.8

    def release(self, site: str, instance: int, type_: types.Type) -> core.Value:
        return self._pick(type_, site, instance)

    def ask(self, site: str, instance: int, type_: types.Type) -> core.Value:
        return self._pick(type_, site, instance)

    def receive(self, site: str, instance: int, type_: types.Type, _p: tuple[core.Value, ...]) -> core.Value:
        return self._pick(type_, site, instance)

    def schedule(self, site: str, instance: int, step: int, live: tuple[int, ...]) -> int:
        return Random(f"{self.seed} turns {site} {instance} {step}").choice(live)

    def moment(self, _index: int) -> None:
        return None


def history(program: core.Program, scope: Sequence[str], seed: int) -> list[tuple[str, Event]]:
    """The events of one to three runs of one session, each with the workflow that ran; one after another, or interleaved."""
    random = Random(seed)
    chosen: list[str] = []
    for _ in range(random.choice([1, 1, 2, 3])):
        name = random.choice(list(scope))
        if not (name in chosen and program.workflows[name].once_per_session):
            chosen.append(name)
    failures = random.choice([0.0, 0.2, 0.5])
    entries = [(program.workflows[w], Small(seed * 7 + i, failures)) for i, w in enumerate(chosen)]
    done = run_sessions(program, entries, sessions=["s"] * len(entries), fuel=80)
    told = [[(name, event) for event in run.events] for name, run in zip(chosen, done.runs, strict=True)]
    mixed = _mixed(random, told) if random.random() < 0.5 else [e for run in told for e in run]
    return [(name, replace(event, seq=place)) for place, (name, event) in enumerate(mixed)]


def _mixed(random: Random, runs: list[list[tuple[str, Event]]]) -> list[tuple[str, Event]]:
    left = [list(run) for run in runs if run]
    found = []
    while left:
        at = random.choice(left)
        found.append(at.pop(0))
        left = [run for run in left if run]
    return found


def breaking(
    program: core.Program, rule: core.Rule, workflow: str, tries: range
) -> list[tuple[str, Event]] | None:
    """A history in which the rule breaks at an event of a run of the workflow, up to that event."""
    for seed in tries:
        try:
            told = history(program, rule.workflows, seed)
        except NotARunError:
            continue
        if isinstance(rule.body, core.After) and _fails(told):
            continue  # proofs about ends assume that no failure is unhandled
        found = breaks(program, rule, [event for _, event in told], marked=True)
        broken = [i for i in found.broken if told[i][0] == workflow]
        if broken:
            return told[: broken[0] + 1]
    return None


def _fails(told: Sequence[tuple[str, Event]]) -> bool:
    """Whether some run has no normal end."""
    ended = {event.run for _, event in told if event.kind == "end" and event.error is None}
    return any(event.run not in ended for _, event in told)
