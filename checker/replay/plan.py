"""A policy made ready for traces of one completeness: which rules can be judged, and a stepper for each that never steps.

It is made once; each trace starts from copies that remember nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import attrs

from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.provenance.sources import Provenance
from wfcheck.checker.replay.bits import Group, Packed
from wfcheck.checker.replay.limits import QuotaStepper
from wfcheck.checker.replay.needs import Shown
from wfcheck.checker.replay.policy import CompiledPolicy
from wfcheck.checker.replay.sequence_rules import InvariantStepper, ResponseStepper, SeparationStepper
from wfcheck.checker.replay.slots import Table, Working
from wfcheck.checker.replay.stepper import Stepper
from wfcheck.checker.replay.steppers import make_stepper
from wfcheck.checker.replay.stepping import MonitorStepper
from wfcheck.checker.replay.streaks import StreakStepper
from wfcheck.checker.traces.event import Completeness
from wfcheck.dsl import core

TRACED = (core.FromOnly, core.Flow, core.Decision)
PLANS = 100
"""So many of them are kept for one policy."""


@attrs.frozen(eq=False)
class Plan:
    """`working`: the rules that can be judged; `idle`: the other ones, with the reason; `dim`: those that do not hold even where
    nothing breaks them. `packed`: the rules in bits, of runs and of sessions; `bits`: their numbers."""

    policy: CompiledPolicy
    mode: Mode
    working: tuple[Working, ...]
    idle: Mapping[str, str]
    dim: Mapping[str, str]
    packed: tuple[tuple[core.Rule, ...], tuple[core.Rule, ...]]
    bits: frozenset[int]
    table: Table

    @staticmethod
    def of(policy: CompiledPolicy, completeness: Mapping[str, Completeness], mode: Mode) -> Plan:
        """The plan of a policy; made only once."""
        key = (mode, tuple(sorted(completeness.items())))
        found = policy.plans.get(key)
        if found is None:
            found = _plan(policy, dict(completeness), mode)
            if sum(isinstance(made, Plan) for made in policy.plans.values()) < PLANS:
                policy.plans[key] = found
        return cast(Plan, found)

    def started(self, provenance: Provenance) -> tuple[Working, ...]:
        """The rules at the start of a trace."""
        return tuple(
            one if one.number in self.bits else Working(one.rule, self._fresh(one, provenance), one.number)
            for one in self.working
        )

    def _fresh(self, one: Working, provenance: Provenance) -> Stepper:
        stepper = one.stepper
        match stepper:
            case MonitorStepper():
                return attrs.evolve(stepper, states={})
            case QuotaStepper():
                return attrs.evolve(stepper, tallies={}, loose={}, ever={})
            case StreakStepper():
                return attrs.evolve(stepper, streaks={}, ending=attrs.evolve(stepper.ending, counted={}))
            case ResponseStepper():
                return attrs.evolve(stepper, debts={}, ended={})
            case SeparationStepper():
                return attrs.evolve(stepper, seen={}, kept=set())
            case InvariantStepper():
                return stepper
            case _:
                compiled = next(c for r, c in self.policy.rules if r is one.rule)
                made: Any = make_stepper(
                    compiled, self.policy.program, self.policy.tables, provenance, self.mode
                )
                return cast(Stepper, made)


def _plan(policy: CompiledPolicy, completeness: Mapping[str, Completeness], mode: Mode) -> Plan:
    provenance = Provenance.start(policy.labels)
    working: list[Working] = []
    idle: dict[str, str] = {}
    dim: dict[str, str] = {}
    shown = Shown.of(completeness, policy.program, policy.catalogue)
    for rule, compiled in policy.rules:
        reason = rule.not_applicable or shown.idle(rule, compiled)
        made = make_stepper(compiled, policy.program, policy.tables, provenance, mode)
        if reason is not None or isinstance(made, str):
            idle[rule.name] = reason or str(made)
        else:
            working.append(Working(rule, made, len(working)))
            dark = shown.open(compiled)
            if dark is not None:
                dim[rule.name] = dark
    return _packed(policy, completeness, mode, working, idle, dim)


def _packed(
    policy: CompiledPolicy,
    completeness: Mapping[str, Completeness],
    mode: Mode,
    working: list[Working],
    idle: dict[str, str],
    dim: dict[str, str],
) -> Plan:
    packs = [(w, p) for w in working if isinstance(w.stepper, MonitorStepper) and (p := Packed.of(w.stepper))]
    chosen = [[(w, p) for w, p in packs if w.rule.per_session is whole] for whole in (False, True)]
    bits = frozenset(w.number for w, _ in packs)
    table = Table(
        policy,
        completeness,
        (Group(tuple(p for _, p in chosen[0])), Group(tuple(p for _, p in chosen[1]))),
        tuple(w for w in working if w.number not in bits),
        tuple(w.stepper for w in working if isinstance(w.stepper, InvariantStepper)),
        any(isinstance(w.rule.body, TRACED) for w in working),
        policy.answerable,
    )
    packed = (tuple(w.rule for w, _ in chosen[0]), tuple(w.rule for w, _ in chosen[1]))
    return Plan(policy, mode, tuple(working), idle, dim, packed, bits, table)
