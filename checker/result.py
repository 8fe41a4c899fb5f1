"""What a check says: one result per workflow and rule. Reports print this and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import attrs

from wfcheck.checker.annotations import Annotations, Group, by_annotation
from wfcheck.checker.traces.event import Event
from wfcheck.dsl.diagnostic import Diagnostic, Severity, WfError
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

    @property
    def undecided(self) -> bool:
        """Neither shown nor refuted: `check` exits with 3."""
        return self in (Verdict.INCONSISTENT, Verdict.POSSIBLE, Verdict.UNKNOWN, Verdict.BOUNDED)


@attrs.frozen
class PathStep:
    """One step of an explanation, source first. `edge` says how it was reached: source, data, llm-mix, control, memory,
    selection, message, approval, influence (where what steers it comes from), sink."""

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
    `notes` hold what was assumed unknown (silent declarations), hints and near causes; `help` the way out.
    `known`: a baseline lists this very finding; it is reported and does not count. `annotations`: what the rule says of itself."""

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
    known: bool = False
    annotations: Annotations = ()


@attrs.frozen
class Dropped:
    """Something of a spec that was dropped to see who notices. `kind`: guard, when, approval, release, hide, grant, requires, max,
    once. `rules`: those that held and could notice. `noticed`: the first that is no longer proved (in `workflow`); None: none."""

    kind: str
    text: str
    span: Span
    rules: tuple[str, ...]
    noticed: str | None
    workflow: str | None = None


@attrs.frozen
class Stronger:
    """A part of a proved rule that could be said more strictly, in words."""

    rule: str
    span: Span
    text: str


@attrs.frozen
class Coverage:
    """What of a spec rules rest on. `left`: how much was not tried, because time was up."""

    dropped: tuple[Dropped, ...]
    stronger: tuple[Stronger, ...]
    left: int = 0

    @property
    def uncovered(self) -> tuple[Dropped, ...]:
        """What could be dropped without any rule noticing."""
        return tuple(item for item in self.dropped if item.noticed is None)


@attrs.frozen
class Report:
    """Everything one `check` found, in deterministic order. `coverage`: if it was asked for. `sources`: the SHA-256 of the text of
    every file and library module that was read, by its path or dotted name; `imports`: the paths under which imports looked for
    files; `outside`: whether something was compared with what is none of these, such as a git revision."""

    results: tuple[Result, ...]
    diagnostics: tuple[Diagnostic, ...]
    coverage: Coverage | None = None
    sources: Mapping[str, str] = attrs.field(factory=dict, repr=False, eq=False)
    imports: tuple[str, ...] = attrs.field(default=(), repr=False, eq=False)
    outside: bool = attrs.field(default=False, repr=False, eq=False)

    @property
    def ok(self) -> bool:
        """No error, nothing violated, nothing undecided."""
        return self.exit_code == 0

    @property
    def exit_code(self) -> int:
        """2 for bad input, else 1 for a violation, else 3 for an undecided rule, else 0; known findings do not count."""
        if self._errors():
            return 2
        if self._fresh_violations():
            return 1
        return 3 if self._fresh_undecided() else 0

    @property
    def by_annotation(self) -> tuple[Group, ...]:
        """The results by the risk, the failure and the harm that their rules name."""
        return by_annotation(
            (r.annotations, r.rule, r.verdict.value, r.verdict is Verdict.VIOLATED or r.verdict.undecided)
            for r in self.results
        )

    def raise_for_violations(self) -> None:
        """Return quietly when `ok`; else raise.

        Raises:
            WfError: the input was bad (its diagnostics).
            ViolatedError: a rule is violated.
            UndecidedError: nothing is violated, yet a rule could not be decided.
        """
        if errors := self._errors():
            raise WfError(*errors)
        if violated := self._fresh_violations():
            raise ViolatedError(violated)
        if undecided := self._fresh_undecided():
            raise UndecidedError(undecided)

    def _errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity is Severity.ERROR)

    def _fresh_violations(self) -> tuple[Result, ...]:
        return tuple(r for r in self.results if r.verdict is Verdict.VIOLATED and not r.known)

    def _fresh_undecided(self) -> tuple[Result, ...]:
        return tuple(r for r in self.results if r.verdict.undecided and not r.known)


class NotProvedError(WfError):
    """Some rule was not shown to hold; `results` are the ones it is about."""

    def __init__(self, results: tuple[Result, ...]) -> None:
        super().__init__()
        self.results = results

    def __str__(self) -> str:
        return "; ".join(f"{r.verdict.value} {r.rule} in {r.workflow or r.file}" for r in self.results)


class ViolatedError(NotProvedError):
    """A rule is violated; each result has a concrete run."""


class UndecidedError(NotProvedError):
    """A rule is neither proved nor violated; each result has its reason."""
