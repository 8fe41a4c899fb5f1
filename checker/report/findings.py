"""What machine formats list: one finding per problem, whatever it came from. Proofs are no findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.annotations import AXES, Annotations
from wfcheck.checker.report.escape import visible
from wfcheck.checker.report.fingerprint import diagnostic_file, diagnostic_fingerprint, fingerprint
from wfcheck.checker.report.text_events import describe
from wfcheck.checker.result import PathStep, Report, Result, Verdict
from wfcheck.checker.traces.event import Event, EventSource
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.source import Span

Level: TypeAlias = Literal["error", "warning", "note"]
Place: TypeAlias = Span | EventSource | None


@attrs.frozen
class FlowStep:
    """A place on the way to the problem and what happens there. `kind` is an edge of a path or the kind of an event."""

    place: Place
    text: str
    kind: str


@attrs.frozen
class Finding:
    """One problem. `rule` is a code or the name of a rule; all texts are inert. `severity`: low to critical for rules, else None.
    `stated`: where the rule stands, when the problem is elsewhere. `flows`: ways to the problem, each in order."""

    rule: str
    level: Level
    severity: str | None
    title: str
    message: str
    file: str
    place: Place
    stated: Span | None
    doc: str | None
    help: str | None
    flows: tuple[tuple[FlowStep, ...], ...]
    fingerprint: str
    known: bool = False
    annotations: Annotations = ()

    @property
    def line(self) -> int:
        """The first line of the problem, 1 where only the file is known."""
        return self.place.line if self.place is not None else 1

    @property
    def noted(self) -> str:
        """Its rule's risk, failure and harm, in brackets after a blank; nothing where it names none."""
        named = ((name, values) for name, values in self.annotations if name in AXES)
        said = [f"{name} {', '.join(visible(value, limit=80) for value in values)}" for name, values in named]
        return f" ({'; '.join(said)})" if said else ""


def findings(report: Report) -> Iterator[Finding]:
    """Diagnostics first, then what is violated or undecided, each in the order of the report."""
    yield from (of_diagnostic(diagnostic) for diagnostic in report.diagnostics)
    yield from (of_result(r) for r in report.results if r.verdict is Verdict.VIOLATED or r.verdict.undecided)


def of_diagnostic(diagnostic: Diagnostic) -> Finding:
    """A diagnostic as a finding; its labels are its flow."""
    labels = tuple(FlowStep(label.span, visible(label.text), "label") for label in diagnostic.labels)
    extra = [f"note: {visible(note)}" for note in diagnostic.notes]
    extra += [f"help: {visible(diagnostic.help)}"] if diagnostic.help else []
    return Finding(
        rule=diagnostic.code,
        level=diagnostic.severity.value,
        severity=None,
        title=diagnostic.code,
        message="\n".join([visible(diagnostic.message), *extra]),
        file=diagnostic_file(diagnostic),
        place=diagnostic.span,
        stated=None,
        doc=None,
        help=visible(diagnostic.help) if diagnostic.help else None,
        flows=(labels,) if labels else (),
        fingerprint=diagnostic_fingerprint(diagnostic),
    )


def of_result(result: Result) -> Finding:
    """A result as a finding; it stands where its path ends, or at the rule."""
    spot = result.path[-1].span if result.path else result.span
    return Finding(
        rule=result.rule,
        level="error" if result.verdict is Verdict.VIOLATED else "warning",
        severity=result.severity,
        title=f"{result.rule}: {result.verdict.value}",
        message=_message(result),
        file=spot.file,
        place=spot,
        stated=result.span if spot != result.span else None,
        doc=result.doc,
        help=visible(result.help) if result.help else None,
        flows=tuple(flow for flow in (_path(result), _run(result)) if flow),
        fingerprint=fingerprint(result),
        known=result.known,
        annotations=result.annotations,
    )


def _message(result: Result) -> str:
    where = f"workflow `{visible(result.workflow)}`" if result.workflow is not None else "the policy"
    word = "is violated in" if result.verdict is Verdict.VIOLATED else f"is {result.verdict.value} in"
    lines = [f"rule `{visible(result.rule)}` {word} {where}"]
    lines += [visible(result.reason)] if result.reason else []
    lines += [f"{i}. {_step(step)}" for i, step in enumerate(result.path, 1)]
    lines += [f"note: {visible(note)}" for note in result.notes]
    lines += [f"help: {visible(result.help)}"] if result.help else []
    return "\n".join(lines)


def _step(step: PathStep) -> str:
    return visible(f"{step.edge} at {step.span.file}:{step.span.line}: {step.text}")


def _path(result: Result) -> tuple[FlowStep, ...]:
    return tuple(FlowStep(step.span, visible(f"{step.edge}: {step.text}"), step.edge) for step in result.path)


def _run(result: Result) -> tuple[FlowStep, ...]:
    if result.witness is None:
        return ()
    return tuple(step_of(event) for event in result.witness.events[: result.witness.index + 1])


def step_of(event: Event) -> FlowStep:
    """An event of a run as a step of a flow."""
    return FlowStep(event.source, f"event {event.seq}: {describe(event)}", event.kind)
