"""What a replay says: one result per trace and rule, findings about the traces, and the causes of what went wrong."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from wfcheck.checker.annotations import Annotations, Group, annotations_json, by_annotation
from wfcheck.checker.evidence.records import Disagreement
from wfcheck.checker.traces.event import EventSource
from wfcheck.checker.traces.trace import Skip
from wfcheck.dsl.diagnostic import Diagnostic

SCHEMA = "wfcheck.replay/1"
ReplayVerdict: TypeAlias = Literal["holds", "violated", "insufficient", "not-applicable"]


@attrs.frozen
class Mark:
    """An event of a trace: its 0-based index and where it was read."""

    event: int
    source: EventSource | None

    def json(self) -> dict[str, Any]:
        """As in the machine format."""
        return {"event": self.event, "source": source_json(self.source)}


@attrs.frozen
class Blame:
    """The first event that left the workflow or broke an assumption, else the manifestation. `cause`: the event that brought the
    value in. `value`: what was at fault; untrusted text."""

    mark: Mark
    why: str
    assumption: str | None = None
    cause: Mark | None = None
    value: str | None = None
    invented: bool = False

    def json(self) -> dict[str, Any]:
        """As in the machine format."""
        return {
            "event": self.mark.event,
            "why": self.why,
            "assumption": self.assumption,
            "source": source_json(self.mark.source),
            "cause": None if self.cause is None else self.cause.json(),
            "value": self.value,
            "invented": self.invented,
        }


@attrs.frozen
class ReplayResult:
    """One verdict. `reason` says why the record was insufficient, or the rule not applicable. `breaks`: every event at which
    the rule was broken, the manifestation first. `annotations`: what the rule says of itself."""

    trace: str
    rule: str
    verdict: ReplayVerdict
    severity: str = "medium"
    blame: Blame | None = None
    point_of_no_return: Mark | None = None
    manifestation: Mark | None = None
    provenance: str = "values"
    heuristic: bool = False
    inherited: bool = False
    reason: str | None = None
    breaks: tuple[Mark, ...] = ()
    annotations: Annotations = ()

    def json(self) -> dict[str, Any]:
        """As in the machine format."""
        point = self.point_of_no_return
        return {
            "trace": self.trace,
            "rule": self.rule,
            "verdict": self.verdict,
            "severity": self.severity,
            "blame": None if self.blame is None else self.blame.json(),
            "point_of_no_return": None if point is None else {"event": point.event},
            "manifestation": None if self.manifestation is None else self.manifestation.json(),
            "provenance": self.provenance,
            "heuristic": self.heuristic,
            "inherited": self.inherited,
            "reason": self.reason,
            "breaks": [mark.json() for mark in self.breaks],
            "annotations": annotations_json(self.annotations),
        }


@attrs.frozen
class Undeclared:
    """A tool that a trace uses and the specification does not declare."""

    trace: str
    tool: str
    mark: Mark
    calls: int

    def json(self) -> dict[str, Any]:
        """As in the machine format."""
        return {"trace": self.trace, "tool": self.tool, "calls": self.calls, **self.mark.json()}


@attrs.frozen
class NearMiss:
    """An assumption that broke while the rule that rests on it held. `layers`: how many more must fail before no proof of the rule is
    left; None (and no rule): no rule is known to rest on it."""

    trace: str
    assumption: str
    mark: Mark
    rule: str | None = None
    layers: int | None = None

    def json(self) -> dict[str, Any]:
        """As in the machine format."""
        told = {"trace": self.trace, "assumption": self.assumption, "rule": self.rule, "layers": self.layers}
        return {**told, **self.mark.json()}


@attrs.frozen
class Departure:
    """An event that no run of the workflow has at its place. `greyed`: no rule minds."""

    trace: str
    mark: Mark
    why: str
    assumption: str | None = None
    greyed: bool = False

    def json(self) -> dict[str, Any]:
        """As in the machine format."""
        told = {"trace": self.trace, "why": self.why, "assumption": self.assumption, "greyed": self.greyed}
        return {**told, **self.mark.json()}


@attrs.frozen
class Cause:
    """Failing traces grouped by rule and reason. `assumption`: the one that broke first, in the first of them."""

    cause: str
    traces: int
    first: str
    rule: str
    assumption: str | None = None

    @property
    def signature(self) -> str:
        """The same for the same rule, assumption and kind of departure, in every report; no values, numbers or places are in it."""
        return signature_of(self.rule, self.assumption, self.cause)

    def json(self) -> dict[str, Any]:
        """As in the machine format."""
        return {
            "cause": self.cause, "traces": self.traces, "first": self.first, "rule": self.rule,
            "assumption": self.assumption, "signature": self.signature,
        }  # fmt: skip


class Many(Sequence[ReplayResult]):
    """Very many results, counted already: by verdict, and the traces with a violation."""

    counts: Counter[str]
    failing: int


def tally(results: Sequence[ReplayResult]) -> tuple[Counter[str], int]:
    """How many results there are of each verdict, and how many traces with a violation."""
    if isinstance(results, Many):
        return results.counts, results.failing
    counts = Counter[str](r.verdict for r in results)
    return counts, len({r.trace for r in results if r.verdict == "violated"})


@attrs.frozen
class ReplayReport:
    """Everything a replay found, in the order read. `events` counts all canonical events. `recorded`: by the name of a trace what a
    recorder kept of it; no part of the machine format. `disagreements`: between the traces and other records of the same runs.
    `known`: the signatures of the causes of earlier reports, if there are any to compare with. `defects`: how wfcheck itself failed at
    some traces, which are not among the results."""

    results: Sequence[ReplayResult]
    diagnostics: tuple[Diagnostic, ...] = ()
    undeclared: tuple[Undeclared, ...] = ()
    skipped: tuple[Skip, ...] = ()
    causes: tuple[Cause, ...] = ()
    traces: int = 0
    events: int = 0
    near_misses: tuple[NearMiss, ...] = ()
    departures: tuple[Departure, ...] = ()
    recorded: tuple[tuple[str, object], ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    known: frozenset[str] | None = None
    defects: tuple[str, ...] = ()

    @property
    def summary(self) -> Mapping[str, int]:
        """Counts of traces, events and verdicts."""
        verdicts = ("holds", "violated", "insufficient", "not-applicable")
        found, failing = tally(self.results)
        counts = {v.replace("-", "_"): found[v] for v in verdicts}
        errors = sum(d.severity.value == "error" for d in self.diagnostics)
        return {
            "traces": self.traces,
            "events": self.events,
            **counts,
            "failing_traces": failing,
            "near_misses": len(self.near_misses),
            "departures": len(self.departures),
            "undeclared": len(self.undeclared),
            "disagreements": len(self.disagreements),
            "skipped": len(self.skipped),
            "errors": errors,
        }

    @property
    def by_annotation(self) -> tuple[Group, ...]:
        """The results by the risk, the failure and the harm that their rules name."""
        return by_annotation(
            (r.annotations, r.rule, r.verdict, r.verdict in ("violated", "insufficient"))
            for r in self.results
        )

    @property
    def ok(self) -> bool:
        """Everything held and everything was read."""
        return self.exit_code == 0

    @property
    def exit_code(self) -> int:
        """70 for a defect of wfcheck, else 2 for bad input, else 1 for a violation or records that disagree, else 3 where a record did
        not suffice, else 0."""
        summary = self.summary
        if self.defects:
            return 70
        if summary["errors"]:
            return 2
        if summary["violated"] or summary["disagreements"]:
            return 1
        return 3 if summary["insufficient"] or summary["skipped"] else 0

    def json(self) -> dict[str, Any]:
        """The machine format; diagnostics are rendered by the reports."""
        return {
            "schema": SCHEMA,
            "results": [r.json() for r in self.results],
            "near_misses": [n.json() for n in self.near_misses],
            "departures": [d.json() for d in self.departures],
            "undeclared": [u.json() for u in self.undeclared],
            "disagreements": [d.json() for d in self.disagreements],
            "skipped": [attrs.asdict(s) for s in self.skipped],
            "diagnostics": [],
            "summary": dict(self.summary),
            "causes": [self._cause(c) for c in self.causes],
            "by_annotation": [group.json() for group in self.by_annotation],
        }

    def _cause(self, cause: Cause) -> dict[str, Any]:
        told = cause.json()
        return told if self.known is None else {**told, "known": cause.signature in self.known}


def signature_of(rule: str, assumption: str | None, why: str) -> str:
    """A short name for what went wrong. Numbers do not count, and neither do texts in quotes."""
    kind = re.sub(r'"[^"]*"|\d+', "#", why)
    told = "\n".join((rule, assumption or "", kind))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def source_json(source: EventSource | None) -> dict[str, Any] | None:
    """Where an event was read."""
    if source is None:
        return None
    return {"file": source.file, "line": source.line, "pointer": source.pointer}
