"""Workflow commands of GitHub Actions: one annotation a finding."""

from __future__ import annotations

from collections.abc import Iterable

from wfcheck.checker.report.escape import visible
from wfcheck.checker.report.findings import Finding
from wfcheck.checker.report.fingerprint import uri
from wfcheck.dsl.source import Span

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def write_github(findings: Iterable[Finding]) -> str:
    """One line per finding that counts; nothing else, so that an empty output means nothing was found."""
    return "".join(_command(finding) + "\n" for finding in findings if not finding.known)


def _command(finding: Finding) -> str:
    properties = [("file", uri(finding.file)), *_region(finding), ("title", finding.title)]
    shown = ",".join(f"{name}={_property(str(value))}" for name, value in properties if value != "")
    return f"::{_COMMANDS[finding.level]} {shown}::{_data(_message(finding))}"


def _message(finding: Finding) -> str:
    first, line, rest = finding.message.partition("\n")
    return first + finding.noted + line + rest


def _region(finding: Finding) -> list[tuple[str, int]]:
    match finding.place:
        case Span() as span:
            return [("line", span.line), ("endLine", span.end_line), ("col", span.column)]
        case None:
            return []
        case source:
            return [("line", source.line), ("endLine", source.line)]


def _data(text: str) -> str:
    """Lines stay lines; every other control character is made visible first."""
    lines = (visible(line).replace("%", "%25") for line in text.split("\n"))
    return "%0A".join(lines)


def _property(text: str) -> str:
    return visible(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
