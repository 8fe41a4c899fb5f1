"""What a replay found, as findings for the machine formats."""

from __future__ import annotations

from collections.abc import Iterator

from wfcheck.checker.evidence.records import Disagreement
from wfcheck.checker.replay.result import Mark, ReplayReport, ReplayResult
from wfcheck.checker.report.escape import visible
from wfcheck.checker.report.findings import Finding, FlowStep, of_diagnostic
from wfcheck.checker.report.fingerprint import digest, uri
from wfcheck.checker.report.junit import Case, Outcome
from wfcheck.checker.report.text_disagreements import words
from wfcheck.dsl.diagnostic import Severity

_OUTCOMES: dict[str, Outcome] = {
    "holds": "passed",
    "violated": "failure",
    "insufficient": "error",
    "not-applicable": "skipped",
}


def replay_findings(report: ReplayReport) -> Iterator[Finding]:
    """Diagnostics first, then records that disagree, then what is violated or lacks data, in the order read."""
    yield from (of_diagnostic(diagnostic) for diagnostic in report.diagnostics)
    yield from map(_of_disagreement, report.disagreements)
    yield from (_of_result(r) for r in report.results if r.verdict in ("violated", "insufficient"))


def replay_cases(report: ReplayReport) -> list[Case]:
    """One suite per run, one case per rule; input that could not be read is a suite of its own."""
    errors = [of_diagnostic(d) for d in report.diagnostics if d.severity is Severity.ERROR]
    unread = [
        Case("input", f.rule, "error", f.message.split("\n")[0], f.message, f.file, f.line, 0.0)
        for f in errors
    ]
    return [*unread, *map(_disagreeing, report.disagreements), *map(_case, report.results)]


def _disagreeing(found: Disagreement) -> Case:
    finding = _of_disagreement(found)
    return Case(
        found.trace,
        finding.rule,
        "failure",
        finding.message,
        finding.message,
        finding.file,
        finding.line,
        0.0,
    )


def _of_disagreement(found: Disagreement) -> Finding:
    place = found.source or found.recorded
    return Finding(
        rule=f"evidence.{found.kind}",
        level="error",
        severity="high",
        title=f"evidence.{found.kind}: records of a run disagree",
        message=f"{words(found)}, in run `{visible(found.trace)}`",
        file=place.file if place else found.file,
        place=place,
        stated=None,
        doc=None,
        help=None,
        flows=(),
        fingerprint=digest(uri(found.trace), f"evidence.{found.kind}", found.subject, found.name or ""),
    )


def _case(result: ReplayResult) -> Case:
    finding = _of_result(result)
    line = finding.message.split("\n")[0]
    return Case(
        result.trace,
        result.rule,
        _OUTCOMES[result.verdict],
        line,
        finding.message,
        finding.file,
        finding.line,
        0.0,
        result.annotations,
    )


def _of_result(result: ReplayResult) -> Finding:
    mark = result.manifestation or (result.blame.mark if result.blame else None)
    place = mark.source if mark else None
    why = result.blame.why if result.blame else result.reason or ""
    return Finding(
        rule=result.rule,
        level="error" if result.verdict == "violated" else "warning",
        severity=result.severity,
        title=f"{result.rule}: {result.verdict}",
        message=_message(result),
        file=place.file if place else result.trace.partition("#")[0],
        place=place,
        stated=None,
        doc=None,
        help=None,
        flows=tuple(flow for flow in (_flow(result),) if len(flow) > 1),
        fingerprint=digest(uri(result.trace), result.rule, result.verdict, why),
        annotations=result.annotations,
    )


def _message(result: ReplayResult) -> str:
    lines = [f"rule `{visible(result.rule)}`: {result.verdict} in run `{visible(result.trace)}`"]
    lines += [visible(result.reason)] if result.reason else []
    lines += [step.text for step in _flow(result)]
    return "\n".join(lines)


def _flow(result: ReplayResult) -> tuple[FlowStep, ...]:
    blame = result.blame
    marks: list[tuple[Mark, str, str]] = []
    if blame is not None:
        if blame.cause is not None:
            marks.append((blame.cause, "cause", "what brought the value in"))
        value = f": `{visible(blame.value, limit=80)}`" if blame.value else ""
        marks.append((blame.mark, "blame", visible(blame.why) + value))
    if result.manifestation is not None:
        marks.append((result.manifestation, "manifestation", "the rule is broken here"))
    return tuple(FlowStep(m.source, f"{kind} at event {m.event}: {text}", kind) for m, kind, text in marks)
