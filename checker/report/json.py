"""The JSON of `check`: every key always present, the order deterministic, only `seconds` may vary."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from wfcheck.checker.annotations import annotations_json
from wfcheck.checker.report.fingerprint import diagnostic_file, fingerprint
from wfcheck.checker.report.plain import clean, event_json, plain, span_json
from wfcheck.checker.result import Coverage, PathStep, Report, Result, Verdict, Witness
from wfcheck.dsl.diagnostic import Diagnostic, Severity

SCHEMA = "wfcheck.check/1"
_ORDER = (
    Verdict.PROVED,
    Verdict.ENFORCED,
    Verdict.VACUOUS,
    Verdict.INCONSISTENT,
    Verdict.NOT_APPLICABLE,
    Verdict.VIOLATED,
    Verdict.POSSIBLE,
    Verdict.UNKNOWN,
    Verdict.BOUNDED,
)


def write_json(report: Report, version: str) -> str:
    """The whole report as one JSON object and a line end; ASCII, so that nothing in it can steer a terminal."""
    return dump(report_json(report, version))


def dump(value: object) -> str:
    """JSON text of a plain value."""
    return json.dumps(value, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def report_json(report: Report, version: str) -> dict[str, Any]:
    """The object that `write_json` prints."""
    return {
        "schema": SCHEMA,
        "version": version,
        "summary": summary(report),
        "results": [result_json(result) for result in report.results],
        "diagnostics": [diagnostic_json(diagnostic) for diagnostic in report.diagnostics],
        "by_annotation": plain([group.json() for group in report.by_annotation]),
        **({} if report.coverage is None else {"coverage": coverage_json(report.coverage)}),
    }


def coverage_json(coverage: Coverage) -> dict[str, Any]:
    """What could be dropped or said more strictly; there only if it was asked for."""
    dropped = [
        {
            "file": item.span.file,
            "span": span_json(item.span),
            "kind": item.kind,
            "text": item.text,
            "covered": item.noticed is not None,
            "noticed": item.noticed,
            "workflow": item.workflow,
            "rules": item.rules,
        }
        for item in coverage.dropped
    ]
    stronger = [
        {"file": item.span.file, "span": span_json(item.span), "rule": item.rule, "text": item.text}
        for item in coverage.stronger
    ]
    found: dict[str, Any] = plain({"dropped": dropped, "stronger": stronger, "left": coverage.left})
    return found


def summary(report: Report) -> dict[str, int]:
    """How many results have each verdict, and how many diagnostics are errors."""
    counts = Counter(result.verdict for result in report.results)
    numbers = {verdict.value.lower().replace("-", "_"): counts[verdict] for verdict in _ORDER}
    return {**numbers, "errors": sum(d.severity is Severity.ERROR for d in report.diagnostics)}


def result_json(result: Result) -> dict[str, Any]:
    """One result."""
    fields: dict[str, Any] = plain(
        {
            "file": result.file,
            "workflow": result.workflow,
            "rule": result.rule,
            "verdict": result.verdict.value,
            "span": span_json(result.span),
            "severity": result.severity,
            "assumptions": result.assumptions,
            "cores": result.cores,
            "depth": result.depth,
            "certificate": result.certificate,
            "witness": None,
            "reason": result.reason,
            "heuristic": result.heuristic,
            "fingerprint": fingerprint(result),
            "seconds": round(result.seconds, 6),
            "path": [_step_json(step) for step in result.path],
            "notes": result.notes,
            "help": result.help,
            "doc": result.doc,
            "known": result.known,
            "annotations": annotations_json(result.annotations),
        }
    )
    fields["witness"] = None if result.witness is None else witness_json(result.witness)
    return fields


def witness_json(witness: Witness) -> dict[str, Any]:
    """Canonical events, and the 0-based index of the one that breaks the rule."""
    return {"events": [event_json(event) for event in witness.events], "index": witness.index}


def diagnostic_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic; `span` is null where only a file, or nothing, is known."""
    fields: dict[str, Any] = plain(
        {
            "file": diagnostic_file(diagnostic) or None,
            "code": diagnostic.code,
            "severity": diagnostic.severity.value,
            "message": diagnostic.message,
            "span": span_json(diagnostic.span) if diagnostic.span else None,
            "labels": [
                {"file": label.span.file, "span": span_json(label.span), "text": label.text}
                for label in diagnostic.labels
            ],
            "notes": diagnostic.notes,
            "help": diagnostic.help,
        }
    )
    return fields


def _step_json(step: PathStep) -> dict[str, Any]:
    return {
        "edge": step.edge,
        "text": clean(step.text),
        "file": step.span.file,
        "span": span_json(step.span),
    }
