"""The results of `wfcheck test`, as text, JSON and JUnit."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from wfcheck.checker.report.escape import counted, visible
from wfcheck.checker.report.excerpt import place
from wfcheck.checker.report.json import diagnostic_json, dump
from wfcheck.checker.report.junit import Case, write_cases
from wfcheck.checker.report.plain import plain, span_json
from wfcheck.checker.report.sources import Sources
from wfcheck.checker.report.style import Style
from wfcheck.checker.report.text_diagnostics import write_diagnostics
from wfcheck.checker.testing import ExpectationReport, ExpectationResult

SCHEMA = "wfcheck.test/1"
FORMATS = ("text", "json", "junit")
_COLORS = {"passed": "green", "failed": "red", "undecided": "yellow"}
_OUTCOMES: dict[str, Any] = {"passed": "passed", "failed": "failure", "undecided": "error"}


def write_tests(report: ExpectationReport, form: str, sources: Sources, style: Style, version: str) -> str:
    """The report in one of the formats of this module."""
    match form:
        case "json":
            return dump(_json(report, version))
        case "junit":
            return write_cases(_case(result) for result in report.results)
        case _:
            return _text(report, sources, style)


def _text(report: ExpectationReport, sources: Sources, style: Style) -> str:
    lines: list[str] = []
    for (file, title), group in groupby(report.results, key=lambda r: (r.file, r.title)):
        results = list(group)
        worst = next((o for o in ("failed", "undecided") if any(r.outcome == o for r in results)), "passed")
        if style.verbosity >= 0 or worst != "passed":
            lines.append(f"{style.paint(_COLORS[worst], f'{worst:<9}')}  {visible(title)}  ({visible(file)})")
            lines += [f"    {line}" for result in results for line in _detail(result)]
    counts = {outcome: sum(r.outcome == outcome for r in report.results) for outcome in _COLORS}
    shown = ", ".join(style.paint(_COLORS[o], f"{n} {o}") for o, n in counts.items() if n)
    lines.append(counted(len(report.results), "expectation") + (f": {shown}" if shown else ""))
    parts = [write_diagnostics(report.diagnostics, sources, style), "\n".join(lines) + "\n"]
    return "\n".join(part for part in parts if part)


def _detail(result: ExpectationResult) -> list[str]:
    if result.outcome == "passed":
        return []
    return [f"{place(result.span)}  {visible(result.expected)}", f"    {visible(result.why or '')}"]


def _json(report: ExpectationReport, version: str) -> Any:
    results = [
        {
            "file": r.file,
            "test": r.title,
            "expected": r.expected,
            "outcome": r.outcome,
            "why": r.why,
            "span": span_json(r.span),
        }
        for r in report.results
    ]
    summary = {outcome: sum(r.outcome == outcome for r in report.results) for outcome in _COLORS}
    diagnostics = [diagnostic_json(d) for d in report.diagnostics]
    body = {"summary": summary, "results": results, "diagnostics": diagnostics}
    return plain({"schema": SCHEMA, "version": version, **body})


def _case(result: ExpectationResult) -> Case:
    name = f"{result.title}: {result.expected}"
    why = result.why or result.outcome
    return Case(result.file, name, _OUTCOMES[result.outcome], why, why, result.file, result.span.line, 0.0)
