"""A replay as text: one line per run, the marks of what went wrong, then the causes in a table."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from wfcheck.checker.replay.result import (
    Blame,
    Departure,
    Mark,
    NearMiss,
    ReplayReport,
    ReplayResult,
    Undeclared,
)
from wfcheck.checker.report.escape import counted, visible
from wfcheck.checker.report.sources import Sources
from wfcheck.checker.report.style import Style
from wfcheck.checker.report.text_annotations import write_annotations
from wfcheck.checker.report.text_diagnostics import write_diagnostics
from wfcheck.checker.report.text_disagreements import write_disagreements

_COLORS = {"holds": "green", "violated": "red", "insufficient": "yellow", "not-applicable": "dim"}
_WORDS = {
    "holds": "hold",
    "violated": "violated",
    "insufficient": "insufficient",
    "not-applicable": "not applicable",
}
_MOST = 50


def write_replay_text(report: ReplayReport, sources: Sources, style: Style) -> str:
    """The whole report; with a quiet style only runs that need attention, the causes and the summary."""
    parts = [write_diagnostics(report.diagnostics, sources, style)]
    runs = [
        _run(name, list(results), style) for name, results in groupby(report.results, key=lambda r: r.trace)
    ]
    lines = [line for run in runs for line in run]
    parts.append("".join(f"{line}\n" for line in lines))
    parts.append(_block("records that disagree:", write_disagreements(report.disagreements), style))
    parts.append(_block("tools that the spec does not declare:", _undeclared(report), style))
    parts.append(_block("events that left the workflow:", _departures(report, style), style))
    parts.append(_block("near misses: assumptions that broke while the rule held:", _near(report), style))
    parts.append(_block("skipped:", _skipped(report), style))
    parts.append(_block("causes:", _causes(report), style))
    parts.append(write_annotations(report.by_annotation, style))
    parts.append(_summary(report, style) + "\n")
    return "\n".join(part for part in parts if part)


def _run(name: str, results: list[ReplayResult], style: Style) -> list[str]:
    counts = Counter(str(result.verdict) for result in results)
    bad = counts["violated"] + counts["insufficient"] > 0
    if style.verbosity < 0 and not bad:
        return []
    words = [style.paint(_COLORS[v], f"{counts[v]} {_WORDS[v]}") for v in _WORDS if counts[v]]
    lines = [f"{style.paint('bold', visible(name))}: {', '.join(words)}"]
    for result in results:
        if style.verbosity > 0 or result.verdict in ("violated", "insufficient"):
            lines += _result(result, style)
    return lines


def _result(result: ReplayResult, style: Style) -> list[str]:
    verdict = style.paint(_COLORS[result.verdict], f"{result.verdict:<14}")
    asides = [visible(result.severity)] if result.verdict == "violated" else []
    asides += [f"provenance by {visible(result.provenance)}"] if result.verdict == "violated" else []
    asides += ["heuristic"] if result.heuristic else []
    asides += ["inherited"] if result.inherited else []
    shown = f"  ({', '.join(asides)})" if asides else ""
    lines = [f"  {verdict} {style.paint('bold', visible(result.rule))}{shown}"]
    lines += [f"      {visible(result.reason)}"] if result.reason else []
    return lines + [f"      {line}" for line in _marks(result)]


def _marks(result: ReplayResult) -> list[str]:
    lines = []
    blame = result.blame
    if blame is not None:
        if blame.cause is not None:
            lines.append(f"cause          {_at(blame.cause)}")
        lines.append(f"blame          {_at(blame.mark)}  {_why(blame)}")
    turned = result.point_of_no_return
    if turned is not None and (result.manifestation is None or turned.event != result.manifestation.event):
        lines.append(f"no return      {_at(turned)}")
    if result.manifestation is not None and (blame is None or result.manifestation != blame.mark):
        lines.append(f"manifestation  {_at(result.manifestation)}")
    return lines


def _why(blame: Blame) -> str:
    words = visible(blame.why)
    words += f": `{visible(blame.value, limit=80)}`" if blame.value else ""
    return words + (f" (breaks `{visible(blame.assumption)}`)" if blame.assumption else "")


def _at(mark: Mark) -> str:
    if mark.source is None:
        return f"event {mark.event}"
    pointer = f" {visible(mark.source.pointer, limit=80)}" if mark.source.pointer else ""
    return f"event {mark.event}  {visible(mark.source.file)}:{mark.source.line}{pointer}"


def _block(title: str, lines: list[str], style: Style) -> str:
    if not lines:
        return ""
    more = [f"... and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return style.paint("bold", title) + "\n" + "".join(f"  {line}\n" for line in lines[:_MOST] + more)


def _undeclared(report: ReplayReport) -> list[str]:
    tools: dict[str, list[Undeclared]] = {}
    for found in report.undeclared:
        tools.setdefault(found.tool, []).append(found)
    return [_undeclared_tool(tool, found) for tool, found in tools.items()]


def _undeclared_tool(tool: str, found: list[Undeclared]) -> str:
    calls = f"{counted(sum(f.calls for f in found), 'call')} in {counted(len(found), 'run')}"
    return f"{visible(tool)}  {calls}, first in {visible(found[0].trace)} {_at(found[0].mark)}"


def _near(report: ReplayReport) -> list[str]:
    return [_missed(n) for n in report.near_misses]


def _missed(near: NearMiss) -> str:
    words = f"{visible(near.trace)}  {visible(near.assumption)}  {_at(near.mark)}"
    if near.rule is None:
        return words
    left = "no layer is left" if near.layers == 0 else f"{counted(near.layers or 0, 'layer')} left"
    return f"{words}  `{visible(near.rule)}` held, {left}"


def _departures(report: ReplayReport, style: Style) -> list[str]:
    return [_departed(found, style) for found in report.departures]


def _departed(found: Departure, style: Style) -> str:
    broken = f" (breaks `{visible(found.assumption)}`)" if found.assumption else ""
    words = f"{visible(found.trace)}  {_at(found.mark)}  {visible(found.why)}{broken}"
    return style.paint("dim", f"{words}  (no rule minds)") if found.greyed else words


def _skipped(report: ReplayReport) -> list[str]:
    return [
        f"{visible(skip.file)}:{skip.line or 1} {visible(skip.pointer)}  {visible(skip.code)}: {visible(skip.reason)}"
        for skip in report.skipped
    ]


def _causes(report: ReplayReport) -> list[str]:
    if not report.causes:
        return []
    rows = [("rule", "cause", "runs", "first")]
    rows += [
        (visible(c.rule), visible(c.cause, limit=80), str(c.traces), visible(c.first)) for c in report.causes
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [f"{r[0]:<{widths[0]}}  {r[1]:<{widths[1]}}  {r[2]:>{widths[2]}}  {r[3]}".rstrip() for r in rows]
    return lines if report.known is None else _with_signatures(lines, report, report.known)


def _with_signatures(lines: list[str], report: ReplayReport, known: frozenset[str]) -> list[str]:
    """The rows behind the signature of each cause, and whether it was seen before."""
    marks = [f"{c.signature}  {'known' if c.signature in known else 'new':<5}" for c in report.causes]
    heads = [f"{'signature':<12}  {'':<5}", *marks]
    return [f"{head}  {line}" for head, line in zip(heads, lines, strict=True)]


def _summary(report: ReplayReport, style: Style) -> str:
    summary = report.summary
    words = [
        style.paint(_COLORS[name], f"{summary[name.replace('-', '_')]} {_WORDS[name]}")
        for name in _WORDS
        if summary[name.replace("-", "_")]
    ]
    words += [counted(summary["disagreements"], "disagreement")] if summary["disagreements"] else []
    words += [f"{summary['skipped']} skipped"] if summary["skipped"] else []
    words += [counted(summary["errors"], "error")] if summary["errors"] else []
    size = f"{counted(report.traces, 'run')}, {counted(report.events, 'event')}"
    head = f"{size}, {summary['failing_traces']} failing"
    return f"{head}: {', '.join(words)}" if words else head
