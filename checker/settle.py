"""What happens to a report between the pipeline and whoever asked: paths, suppressions, doubts, plain names, filters."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck import stdlib
from wfcheck.checker.doubt import doubt
from wfcheck.checker.naming import plain_names
from wfcheck.checker.report.sources import from_files
from wfcheck.checker.result import Report
from wfcheck.checker.selection import no_workflow, unmatched
from wfcheck.checker.suppress import suppress
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.elaboration import elaborate


@attrs.frozen
class Asked:
    """What was asked for: files, more files of policies, globs of rules, a workflow. `problems`: of the paths themselves."""

    files: tuple[str, ...]
    policies: tuple[str, ...]
    rules: tuple[str, ...] = ()
    workflow: str | None = None
    problems: tuple[Diagnostic, ...] = ()


def load(asked: Asked) -> elaborate.Elaborated:
    """The files with all they import, the standard library included."""
    return elaborate.load_all(
        asked.files, policies=asked.policies, library=stdlib.load, library_names=stdlib.names()
    )


def settle(report: Report, asked: Asked) -> Report:
    """The report as it is shown: nothing is proved over broken files, and no filter selects nothing."""
    found = (*asked.problems, *report.diagnostics)
    files = tuple(dict.fromkeys((*asked.files, *asked.policies, *_files(report))))
    report = attrs.evolve(report, diagnostics=suppress(found, files, from_files()))
    if report.exit_code == 2:
        made = load(asked)
        report = doubt(report, made.modules, made.program.workflows, asked.policies)
    return _selected(plain_names(report, files), asked)


def _files(report: Report) -> Iterator[str]:
    """Every file that a report speaks of."""
    yield from (d.span.file for d in report.diagnostics if d.span is not None)
    for result in report.results:
        yield result.file
        yield from (step.span.file for step in result.path)


def _selected(report: Report, asked: Asked) -> Report:
    """The report, with an error for each filter that selects nothing: it would let every check succeed."""
    shown = [result.rule for result in report.results]
    if (not unmatched(asked.rules, shown) and asked.workflow is None) or report.exit_code == 2:
        return report
    made = load(asked)
    if any(d.severity is Severity.ERROR for d in made.diagnostics):
        return report
    missed = unmatched(asked.rules, [*shown, *(rule.name for rule in made.program.rules)])
    if asked.workflow is not None and asked.workflow not in made.program.workflows:
        missed += (no_workflow(asked.workflow, made.program.workflows),)
    return attrs.evolve(report, diagnostics=(*report.diagnostics, *missed))
