"""A report as text for people: diagnostics, one line per rule, and for what is violated the way it happens."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from wfcheck.checker.report.escape import counted, paragraphs, visible
from wfcheck.checker.report.excerpt import place
from wfcheck.checker.report.sources import Sources
from wfcheck.checker.report.style import Style
from wfcheck.checker.report.text_annotations import write_annotations
from wfcheck.checker.report.text_coverage import write_coverage
from wfcheck.checker.report.text_diagnostics import write_diagnostics
from wfcheck.checker.report.text_events import describe, where
from wfcheck.checker.result import PathStep, Report, Result, Verdict, Witness
from wfcheck.dsl.diagnostic import Severity

_COLORS = {
    Verdict.PROVED: "green",
    Verdict.ENFORCED: "green",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.VACUOUS: "dim",
    Verdict.VIOLATED: "red",
}
_MOST_EVENTS = 60


def write_text(report: Report, sources: Sources, style: Style) -> str:
    """The whole report; with a quiet style only what needs attention, and the summary."""
    parts = [write_diagnostics(report.diagnostics, sources, style)]
    for heading, results in groupby(report.results, key=_heading):
        lines = [line for result in results for line in _result(result, style)]
        if lines:
            parts.append("\n".join([style.paint("bold", heading), *lines]) + "\n")
    if report.coverage is not None:
        parts.append(write_coverage(report.coverage, style))
    parts.append(write_annotations(report.by_annotation, style))
    parts.append(_summary(report, style) + "\n")
    return "\n".join(part for part in parts if part)


def _heading(result: Result) -> str:
    if result.workflow is not None:
        return f"workflow {visible(result.workflow)}"
    idle = result.verdict is Verdict.NOT_APPLICABLE
    return "policies without a workflow" if idle else "the policies themselves"


def _bad(result: Result) -> bool:
    return result.verdict is Verdict.VIOLATED or result.verdict.undecided


def _result(result: Result, style: Style) -> list[str]:
    if style.verbosity < 0 and not _bad(result):
        return []
    verdict = style.paint(_COLORS.get(result.verdict, "yellow"), f"{result.verdict.value:<14}")
    lines = [f"  {verdict} {style.paint('bold', visible(result.rule))}{_aside(result)}"]
    if _bad(result):
        lines += _details(result, style)
    elif style.verbosity > 0:
        lines += [f"      {line}" for line in _proof(result)]
    return lines


def _aside(result: Result) -> str:
    words = []
    if result.assumptions and not _bad(result):
        words.append("rests on " + ", ".join(visible(name) for name in result.assumptions))
    if result.depth is not None and not _bad(result):
        words.append(f"depth {result.depth}")
    if result.reason and not _bad(result):
        words.append(visible(result.reason))
    if result.heuristic:
        words.append("heuristic")
    if result.known:
        words.append("known, not counted")
    place_and_severity = f" [{visible(result.severity)}] {place(result.span)}" if _bad(result) else ""
    return place_and_severity + ("  (" + "; ".join(words) + ")" if words else "")


def _proof(result: Result) -> list[str]:
    lines = [f"stated at {place(result.span)}"]
    lines += ["enough alone: " + ", ".join(visible(name) for name in core) for core in result.cores if core]
    lines += ["holds whatever else fails" for core in result.cores if not core]
    if result.depth is not None:
        lines.append(f"defence depth {result.depth}")
    if result.certificate:
        lines.append(f"certificate {visible(result.certificate)}")
    return lines + _remarks(result) + [f"{result.seconds:.3f} s"]


def _details(result: Result, style: Style) -> list[str]:
    lines = paragraphs(result.doc) if result.doc else []
    if result.reason:
        lines += paragraphs(result.reason)
    if not _told_by_run(result):
        lines += _path(result.path, style)
    if result.witness is not None:
        lines += _run(result.witness, style)
    if result.assumptions:
        lines.append("under the assumptions " + ", ".join(visible(name) for name in result.assumptions))
    return [f"      {line}".rstrip() for line in lines + _remarks(result)]


def _told_by_run(result: Result) -> bool:
    """Whether the path is nothing but the events of the run, which is shown with its values."""
    return result.witness is not None and all(step.edge == "control" for step in result.path)


def _remarks(result: Result) -> list[str]:
    texts = [("note", note) for note in result.notes] + ([("help", result.help)] if result.help else [])
    lines = []
    for word, text in texts:
        first, *rest = paragraphs(text)
        lines += [f"{word}: {first}", *(f"      {line}" for line in rest)]
    return lines


def _path(path: tuple[PathStep, ...], style: Style) -> list[str]:
    if not path:
        return []
    places = [place(step.span) for step in path]
    edges = max(len(step.edge) for step in path)
    column = max(map(len, places))
    title = style.paint("bold", "from source to sink:" if path[0].edge == "source" else "the way there:")
    return [title] + [
        f"  {number}. {visible(step.edge):<{edges}}  {at:<{column}}  {visible(step.text)}"
        for number, (step, at) in enumerate(zip(path, places, strict=True), 1)
    ]


def _run(witness: Witness, style: Style) -> list[str]:
    """The run up to the breaking event; what lies far before it is left out, and says so."""
    last = min(witness.index, len(witness.events) - 1)
    first = max(0, last - _MOST_EVENTS)
    lines = [style.paint("bold", f"a run that breaks it at event {witness.index}:")]
    if first:
        lines.append(f"    ... {first} earlier events")
    size = len(str(last))
    for index in range(first, last + 1):
        event = witness.events[index]
        mark = style.paint("red", ">") if index == witness.index else " "
        at = where(event)
        lines.append(f"  {mark} {index:>{size}}  {describe(event)}{f'  ({at})' if at else ''}")
    if (rest := len(witness.events) - last - 1) > 0:
        lines.append(f"    ... {rest} later events")
    return lines


def _summary(report: Report, style: Style) -> str:
    counts = Counter(result.verdict for result in report.results)
    workflows = {result.workflow for result in report.results if result.workflow is not None}
    verdicts = [
        style.paint(
            _COLORS.get(verdict, "yellow"), f"{counts[verdict]} {verdict.value.lower().replace('-', ' ')}"
        )
        for verdict in Verdict
        if counts[verdict]
    ]
    if not report.results and not report.diagnostics:
        return "nothing was checked: no rule applies to a workflow of these files"
    head = f"{counted(len(report.results), 'result')} for {counted(len(workflows), 'workflow')}"
    body = ", ".join(verdicts + _known(report) + _diagnostic_counts(report))
    return f"{head}: {body}" if body else head


def _diagnostic_counts(report: Report) -> list[str]:
    counts = Counter(d.severity for d in report.diagnostics)
    words = ((Severity.ERROR, "error"), (Severity.WARNING, "warning"))
    return [counted(counts[severity], word) for severity, word in words if counts[severity]]


def _known(report: Report) -> list[str]:
    known = sum(result.known for result in report.results)
    return [f"{known} of them known"] if known else []
