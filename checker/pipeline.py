"""From files to a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import attrs

from wfcheck.checker.certificate.document import hashes
from wfcheck.checker.doubted import doubted
from wfcheck.checker.obligation import Limits
from wfcheck.checker.policy import references, sanity, shadowed
from wfcheck.checker.result import Report, Result, Verdict
from wfcheck.checker.structure import inspect
from wfcheck.checker.tasks import Checked, Keep, Progress, Selection, check_program, deep_stack, plain
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.elaboration.modules import looked_for
from wfcheck.solver.backend import shared_child
from wfcheck.stdlib import load, names


class DefectError(Exception):
    """A check failed for a reason of our own. `report` has every other result, `errors` the failures with their rules."""

    def __init__(self, report: Report, errors: tuple[tuple[str, Exception], ...]) -> None:
        super().__init__("; ".join(f"{name}: {error!r}" for name, error in errors))
        self.report = report
        self.errors = errors


def check(
    paths: Sequence[Path | str],
    *,
    policies: Sequence[Path | str] = (),
    rules: Sequence[str] = (),
    workflow: str | None = None,
    timeout: float = 10.0,
    seed: int = 0,
    progress: Progress | None = None,
    certificates: Path | None = None,
    version: str = "",
    given: Mapping[str, str] | None = None,
) -> Report:
    """Load the files and check them; bad input becomes diagnostics, and what could be understood is checked all the same. `given`:
    texts by path, checked instead of the files.

    Raises:
        DefectError: a check failed for a reason of our own; it carries the report of all others.
    """
    with suppress(OSError):  # then the first question says what is wrong
        shared_child().start()  # it loads while the files are read
    made = elaborate.load_all(paths, policies=policies, library=load, library_names=names(), given=given)
    program, diagnostics = made.program, made.diagnostics
    whole = not any(d.severity is Severity.ERROR for d in diagnostics)
    keep: Keep | None = None
    if certificates is not None and whole:
        from wfcheck.checker.certificate.writing import Writer

        keep = Writer(certificates, tuple(map(str, paths)), tuple(map(str, policies)), made.sources, version)
    checked = check_program(
        program,
        selection=Selection(tuple(rules), workflow),
        limits=Limits(timeout, seed),
        progress=progress,
        keep=keep,
    )
    results = checked.results
    if not whole:
        results = tuple(doubted(program, results, policies, given))
    else:
        diagnostics += (
            *references.problems(program),
            *shadowed.lints(program),
            *sanity.contradictions(program),
        )
        results, checked, found = _skeletons(checked, workflow)
        diagnostics += found
    report = Report(
        results,
        (*diagnostics, *checked.problems, *_vacuous_everywhere(results)),
        sources=hashes(made.sources.values()),
        imports=looked_for(made.modules),
        outside=any(isinstance(r.body, core.Meta) and r.body.kind == "policy_at_most" for r in program.rules),
    )
    if checked.errors:
        raise DefectError(report, checked.errors)
    return report


def _skeletons(
    checked: Checked, workflow: str | None
) -> tuple[tuple[Result, ...], Checked, tuple[Diagnostic, ...]]:
    """Results with what the skeletons of their workflows mean for them; a failure of ours does not lose the results."""
    assert checked.analysis is not None
    try:
        with deep_stack():
            results, found = inspect.look(
                checked.analysis, checked.results, lambda w: workflow in (None, w.symbol, plain(w.symbol))
            )
    except Exception as error:  # noqa: BLE001 - it is raised again, with all results
        return checked.results, attrs.evolve(checked, errors=(*checked.errors, ("the skeletons", error))), ()
    return results, checked, found


def _vacuous_everywhere(results: tuple[Result, ...]) -> Iterator[Diagnostic]:
    by_rule: dict[str, list[Result]] = {}
    for result in results:
        if result.workflow is not None and not result.rule.startswith("builtin."):
            by_rule.setdefault(result.rule, []).append(result)
    for rule, found in by_rule.items():
        if all(r.verdict is Verdict.VACUOUS for r in found):
            message = f"`{rule}` judges nothing in any workflow in its scope"
            yield Diagnostic("WF601", message, found[0].span, Severity.WARNING)
