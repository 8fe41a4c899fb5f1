"""One report in any format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, assert_never

from wfcheck.checker.explain import pages
from wfcheck.checker.replay.result import ReplayReport
from wfcheck.checker.report.findings import Finding, findings
from wfcheck.checker.report.formats import Format
from wfcheck.checker.report.sources import Sources
from wfcheck.checker.report.style import Style
from wfcheck.checker.result import Report
from wfcheck.dsl.diagnostic import Diagnostic, Severity

if TYPE_CHECKING:
    from wfcheck.checker.report.html.scene import Scene


def write(
    report: Report, form: Format, sources: Sources, style: Style, version: str, scene: Scene | None = None
) -> str:
    """The report of a check as a text that ends in a line end (or, for github, is empty where nothing was found). `scene`: what HTML
    is drawn with."""
    match form:
        case "text":
            from wfcheck.checker.report.text import write_text

            return write_text(report, sources, style)
        case "json":
            from wfcheck.checker.report.json import write_json

            return write_json(report, version)
        case "junit":
            from wfcheck.checker.report.junit import write_junit

            return write_junit(report)
        case "html":
            from wfcheck.checker.report.html.check_page import write_check_html

            return write_check_html(report, sources, version, scene)
        case _:
            return _listed(findings(report), report.diagnostics, form, sources, version)


def write_replay(
    report: ReplayReport,
    form: Format,
    sources: Sources,
    style: Style,
    version: str,
    scene: Scene | None = None,
) -> str:
    """The same for a replay."""
    match form:
        case "text":
            from wfcheck.checker.report.text_replay import write_replay_text

            return write_replay_text(report, sources, style)
        case "json":
            from wfcheck.checker.report.json import dump

            return dump(replay_json(report))
        case "junit":
            from wfcheck.checker.report.junit import write_cases
            from wfcheck.checker.report.replay_findings import replay_cases

            return write_cases(replay_cases(report))
        case "html":
            from wfcheck.checker.report.html.replay_page import write_replay_html

            return write_replay_html(report, sources, version, scene)
        case _:
            from wfcheck.checker.report.replay_findings import replay_findings

            return _listed(replay_findings(report), report.diagnostics, form, sources, version)


def replay_json(report: ReplayReport) -> Any:
    """The object that the JSON of a replay is."""
    from wfcheck.checker.report.json import diagnostic_json
    from wfcheck.checker.report.plain import plain

    return plain({**report.json(), "diagnostics": [diagnostic_json(d) for d in report.diagnostics]})


def _listed(
    found: Iterable[Finding],
    diagnostics: Iterable[Diagnostic],
    form: Literal["sarif", "github", "gitlab"],
    sources: Sources,
    version: str,
) -> str:
    match form:
        case "sarif":
            from wfcheck.checker.report.sarif import write_sarif

            bad = any(d.severity is Severity.ERROR for d in diagnostics)
            return write_sarif(found, pages(), sources, version, succeeded=not bad)
        case "github":
            from wfcheck.checker.report.github import write_github

            return write_github(found)
        case "gitlab":
            from wfcheck.checker.report.gitlab import write_gitlab

            return write_gitlab(found)
        case _:
            assert_never(form)
