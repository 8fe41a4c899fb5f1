"""What a check says: one result per workflow and rule. Reports print this and nothing else."""

from __future__ import annotations

from enum import Enum

import attrs

from wfcheck.checker.traces.event import Event
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.source import Span


class Verdict(Enum):
    """The verdicts of a check; see docs/guarantees.md."""

    PROVED = "PROVED"
    ENFORCED = "ENFORCED"
    NOT_APPLICABLE = "NOT-APPLICABLE"
    VACUOUS = "VACUOUS"
    INCONSISTENT = "INCONSISTENT"
    VIOLATED = "VIOLATED"
    POSSIBLE = "POSSIBLE"
    UNKNOWN = "UNKNOWN"
    BOUNDED = "BOUNDED"


@attrs.frozen
class PathStep:
    """One step of an explanation, source first. `edge` says how it was reached: source, data, llm-mix, control, memory,
    selection, message, approval, sink."""

    edge: str
    text: str
    span: Span


@attrs.frozen
class Witness:
    """A concrete run, replayed on the reference interpreter, and the index of the event that breaks the rule."""

    events: tuple[Event, ...]
    index: int


@attrs.frozen
class Result:
    """One (workflow, rule) verdict. `seconds` is the only field that may differ between two runs on the same input.
    `notes` hold what was assumed unknown (silent declarations), hints and near causes; `help` the way out."""

    file: str
    workflow: str | None
    rule: str
    verdict: Verdict
    span: Span
    severity: str
    assumptions: tuple[str, ...] = ()
    cores: tuple[tuple[str, ...], ...] = ()
    depth: int | None = None
    certificate: str | None = None
    witness: Witness | None = None
    path: tuple[PathStep, ...] = ()
    reason: str | None = None
    notes: tuple[str, ...] = ()
    help: str | None = None
    doc: str | None = None
    heuristic: bool = False
    fingerprint: str = ""
    seconds: float = 0.0


@attrs.frozen
class Report:
    """Everything one `check` found, in deterministic order."""

    results: tuple[Result, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """No error, nothing violated, nothing undecided."""
        return self.exit_code == 0

    @property
    def exit_code(self) -> int:
        """2 for bad input, else 1 for a violation, else 3 for an undecided rule, else 0."""
        if any(d.severity.value == "error" for d in self.diagnostics):
            return 2
        verdicts = {r.verdict for r in self.results}
        if Verdict.VIOLATED in verdicts:
            return 1
        undecided = {Verdict.INCONSISTENT, Verdict.POSSIBLE, Verdict.UNKNOWN, Verdict.BOUNDED}
        return 3 if verdicts & undecided else 0
