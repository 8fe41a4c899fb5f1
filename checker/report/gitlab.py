"""GitLab code quality: a JSON list that merge requests show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wfcheck.checker.report.escape import visible
from wfcheck.checker.report.findings import Finding
from wfcheck.checker.report.fingerprint import uri
from wfcheck.checker.report.json import dump
from wfcheck.checker.report.plain import plain

_SEVERITIES = {"low": "minor", "medium": "major", "high": "critical", "critical": "blocker"}
_LEVELS = {"error": "major", "warning": "minor", "note": "info"}


def write_gitlab(findings: Iterable[Finding]) -> str:
    """One entry per finding that counts. Fingerprints are unique: the n-th twin carries its number."""
    entries: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for finding in findings:
        if not finding.known:
            seen[finding.fingerprint] = seen.get(finding.fingerprint, 0) + 1
            entries.append(_entry(finding, seen[finding.fingerprint]))
    return dump(plain(entries))


def _entry(finding: Finding, count: int) -> dict[str, Any]:
    severity = _LEVELS[finding.level]
    if finding.level == "error" and finding.severity is not None:
        severity = _SEVERITIES.get(finding.severity, severity)
    return {
        "description": visible(finding.message.split("\n")[0]) + finding.noted,
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint + (f"-{count}" if count > 1 else ""),
        "severity": severity,
        "location": {"path": uri(finding.file) or ".", "lines": {"begin": max(1, finding.line)}},
    }
