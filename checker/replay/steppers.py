"""From compiled rules to steppers."""

from __future__ import annotations

from typing import assert_never

from wfcheck.checker import monitor
from wfcheck.checker.conditions import Tables
from wfcheck.checker.provenance import Provenance
from wfcheck.checker.provenance_query import Mode
from wfcheck.checker.replay.queries import FromOnlyStepper
from wfcheck.checker.replay.stepping import MonitorStepper, Stepper
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl import core


def make_stepper(
    compiled: monitor.Compiled,
    program: core.Program,
    tables: Tables,
    provenance: Provenance,
    mode: Mode,
    trace: Trace,
) -> Stepper | str:
    """A stepper at the start of a trace, or the reason why this version cannot judge the rule on it."""
    del trace
    match compiled:
        case monitor.Monitor():
            return MonitorStepper.of(compiled, program, tables)
        case monitor.LabelQuery(body=core.FromOnly() as body):
            return FromOnlyStepper.of(body, program, tables, provenance, mode)
        case (
            monitor.LabelQuery()
            | monitor.Response()
            | monitor.Separation()
            | monitor.Quota()
            | monitor.Invariant()
        ):
            return "this version does not step such rules over traces"
        case monitor.Unsupported(reason=reason):
            return reason
        case _:
            assert_never(compiled)
