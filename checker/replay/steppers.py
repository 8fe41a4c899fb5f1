"""From compiled rules to steppers."""

from __future__ import annotations

from typing import assert_never

from wfcheck.checker import monitor
from wfcheck.checker.conditions.compiled import Tables
from wfcheck.checker.provenance.flow import DecisionQuery
from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.provenance.searchable import unsearchable
from wfcheck.checker.provenance.sources import Provenance
from wfcheck.checker.replay.limits import QuotaStepper
from wfcheck.checker.replay.queries import DecisionStepper, FlowStepper, FromOnlyStepper
from wfcheck.checker.replay.sequence_rules import InvariantStepper, ResponseStepper, SeparationStepper
from wfcheck.checker.replay.stepper import Stepper
from wfcheck.checker.replay.stepping import MonitorStepper
from wfcheck.checker.replay.streaks import StreakStepper
from wfcheck.dsl import core


def make_stepper(
    compiled: monitor.Compiled,
    program: core.Program,
    tables: Tables,
    provenance: Provenance,
    mode: Mode,
) -> Stepper | str:
    """A stepper at the start of a trace, or the reason why this version cannot judge the rule on it."""
    match compiled:
        case monitor.Monitor():
            return MonitorStepper.of(compiled, program, tables)
        case monitor.LabelQuery():
            return _query(compiled.body, program, tables, provenance, mode)
        case monitor.Response():
            return ResponseStepper.of(compiled, program, tables)
        case monitor.Separation():
            return SeparationStepper.of(compiled, program, tables)
        case monitor.Quota(kind="consecutive"):
            return StreakStepper.of(compiled, program, tables)
        case monitor.Quota():
            return QuotaStepper.of(compiled, program, tables)
        case monitor.Invariant():
            return InvariantStepper.of(compiled, program, tables)
        case monitor.Unsupported(reason=reason):
            return reason
        case _:
            assert_never(compiled)


def _query(
    body: core.Flow | core.FromOnly | core.Decision,
    program: core.Program,
    tables: Tables,
    provenance: Provenance,
    mode: Mode,
) -> Stepper | str:
    reason = unsearchable(body)
    if reason is not None:
        return reason
    match body:
        case core.FromOnly():
            return FromOnlyStepper.of(body, program, tables, provenance, mode)
        case core.Flow():
            return FlowStepper.of(body, program, tables, provenance, mode)
        case core.Decision():
            query = provenance.labels.once(body, lambda: DecisionQuery.of(body, program, tables))
            return DecisionStepper(query, provenance, mode)
        case _:
            assert_never(body)
