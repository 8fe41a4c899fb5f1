"""The monitor of a rule: one entry per form."""

from __future__ import annotations

from typing import assert_never

import attrs

from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.monitor import Monitor, compile_rule
from wfcheck.checker.product.monitors.always import Always
from wfcheck.checker.product.monitors.form import Form, Setting, Several
from wfcheck.checker.product.monitors.interference import Interference, anywhere, in_session
from wfcheck.checker.product.monitors.matching import Matching
from wfcheck.checker.product.monitors.moments import Moment, moments
from wfcheck.checker.product.monitors.monitor import Cell, ElementOf, State, SymbolicMonitor
from wfcheck.checker.product.monitors.occurrence import Granted, forbidden
from wfcheck.checker.product.monitors.precedence import precedence
from wfcheck.checker.product.monitors.quota import Quota
from wfcheck.checker.product.monitors.registers import RegisterFile
from wfcheck.checker.product.monitors.response import response
from wfcheck.checker.product.monitors.separation import separation
from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Symbol, Term

__all__ = ["monitor_for"]


def monitor_for(
    rule: core.Rule,
    program: core.Program,
    workflow: core.Workflow,
    *,
    prefix: str = "rule.",
    element: ElementOf | None = None,
) -> SymbolicMonitor | str:
    """The monitor of an event rule over the runs of a workflow, or in one lower-case sentence why there is none. Rules about flows and
    about the policy have none. `prefix`: of the names of all its symbols. `element`: how loops take the elements of a list of any
    length; without it, `for each` over such a list may be about any value."""
    setting = _setting(rule, program, workflow, prefix, element)
    form = _form(setting, rule)
    return form if isinstance(form, str) else RuleMonitor(setting, form)


def _setting(
    rule: core.Rule, program: core.Program, workflow: core.Workflow, prefix: str, element: ElementOf | None
) -> Setting:
    matching = Matching(program, Notes(program, prefix), _given(workflow))
    session = in_session(rule, program, workflow)
    others = session if rule.per_session else Interference(program, ())
    registers = RegisterFile(matching, session, f"{prefix}register ")
    everywhere = anywhere(rule, program, workflow)
    return Setting(rule, program, matching, registers, others, session, everywhere, prefix, element)


def _given(workflow: core.Workflow) -> frozenset[str] | None:
    """The tags that the parameters may carry; None: any."""
    sources = [parameter.sources for parameter in workflow.parameters]
    return None if None in sources else frozenset[str]().union(*(s for s in sources if s is not None))


def _form(setting: Setting, rule: core.Rule) -> Form | str:
    match rule.body:
        case core.Allow():
            compiled = compile_rule(rule, setting.program)
            assert isinstance(compiled, Monitor)
            return Granted.of(setting, compiled)
        case core.Forbid() as body:
            return Several(tuple(forbidden(setting, body)))
        case core.Before() as body:
            return Several(tuple(precedence(setting, body)))
        case core.After() as body:
            return Several(tuple(response(setting, body)))
        case core.Distinct() as body:
            return Several(tuple(separation(setting, body)))
        case core.Limit() as body:
            return Quota.of(setting, body)
        case core.Always() as body:
            return Always.of(setting, body)
        case core.Flow() | core.FromOnly() | core.Decision():
            return "the rule is about where values come from, which the labels decide"
        case core.Meta():
            return "the rule is about the policy, not about a run"
        case _:
            assert_never(rule.body)


@attrs.frozen
class RuleMonitor:
    """The registers that a rule reads, then its form. Implements `SymbolicMonitor`."""

    setting: Setting
    form: Form

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Of the registers, then of the form."""
        return (*self.setting.registers.cells, *self.form.cells)

    @property
    def rigid(self) -> tuple[Symbol, ...]:
        """Of the registers, then of the form; each once."""
        return tuple(dict.fromkeys((*self.setting.registers.rigid, *self.form.rigid)))

    @property
    def hints(self) -> tuple[Term, ...]:
        """Of both."""
        return (*self.setting.registers.hints, *self.form.hints)

    @property
    def rests_on(self) -> tuple[str, ...]:
        """What an approval was for is what was shown."""
        evidence = getattr(self.setting.rule.body, "evidence", None)
        choices = () if evidence is None else evidence.choices
        return ("approval-shows",) if any(c.kind == "approve" for c in choices) else ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was abstracted so far."""
        return tuple(self.setting.notes.abstracted)

    def relevant(self, event: SymbolicEvent) -> bool:
        """See the protocol."""
        return any(self._concerns(moment) for moment in moments(event))

    def _concerns(self, moment: Moment) -> bool:
        return self.form.concerns(moment) or self.setting.registers.concerns(moment)

    def step(self, event: SymbolicEvent, state: State) -> tuple[State, Term]:
        """See the protocol."""
        bad: list[Term] = []
        for moment in moments(event):
            if self._concerns(moment):
                state, broken = self._moment(moment, state)
                bad.append(broken)
        return state, b.or_(*bad)

    def _moment(self, moment: Moment, state: State) -> tuple[State, Term]:
        registers = self.setting.registers
        width = sum(slot.width for slot in registers.slots)
        before = registers.disturbed(registers.holding(state[:width]))
        own = self.form.disturbed(state[width:])
        after = registers.step(moment, before)
        bad: Term = b.FALSE
        if self.form.concerns(moment):
            own, bad = self.form.step(moment, own, before, after)
        return (*registers.state(after), *own), bad
