"""What `import wfcheck` offers: check, load and replay as plain functions over paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from wfcheck.checker.inputs import expand
from wfcheck.checker.report.sources import from_files
from wfcheck.checker.result import Report
from wfcheck.checker.selection import no_workflow, unmatched
from wfcheck.checker.suppress import suppress
from wfcheck.dsl.core import Program, Workflow
from wfcheck.dsl.diagnostic import Diagnostic, Severity, WfError

if TYPE_CHECKING:
    import networkx as nx

    from wfcheck.checker.replay.result import ReplayReport
    from wfcheck.dsl.dag import Graph

Paths: TypeAlias = str | Path | Iterable[str | Path]
Provenance: TypeAlias = Literal["declared", "values", "context"]


@attrs.frozen(slots=False)
class SpecWorkflow:
    """One workflow of a loaded spec: `declaration`, resolved and typed, and its DAG."""

    name: str
    declaration: Workflow
    program: Program = attrs.field(repr=False, eq=False)

    @property
    def dag(self) -> Graph:
        """The typed DAG: frozen nodes and edges, regions, spans."""
        from wfcheck.dsl.lower import lower

        return lower(self.declaration, self.program)

    @property
    def graph(self) -> nx.MultiDiGraph[str]:
        """The DAG as a networkx view; node and edge attributes are the fields of `dag`."""
        from wfcheck.checker.graph import to_networkx

        return to_networkx(self.dag)


@attrs.frozen
class Spec:
    """A set of `.wf` files after parsing, name resolution and type checking. `diagnostics` holds warnings and notes."""

    program: Program
    diagnostics: tuple[Diagnostic, ...]

    @property
    def workflows(self) -> Mapping[str, SpecWorkflow]:
        """The workflows by name."""
        made = self.program.workflows
        return {name: SpecWorkflow(name, workflow, self.program) for name, workflow in made.items()}


def check(
    paths: Paths = ".",
    *,
    policy: Paths = (),
    rule: str | Iterable[str] = (),
    workflow: str | None = None,
    timeout: float = 10.0,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Prove every rule of every workflow.

    Args:
        paths: files or folders (all `.wf` files below).
        policy: more files, whose rules apply to every workflow.
        rule: names or globs; only these rules are checked.
        workflow: only this workflow is checked.
        timeout: seconds per rule.
        seed: of the solver.
        progress: told the name of what is being checked.

    Returns:
        The report. Bad input is among its diagnostics, and then the report is not `ok`; nothing is raised for it.
    """
    from wfcheck.checker import pipeline

    files, problems = expand(_paths(paths))
    policies, more = expand(_paths(policy))
    rules = (rule,) if isinstance(rule, str) else tuple(rule)
    if not files:
        return Report((), (*problems, *more))
    report = pipeline.check(
        files,
        policies=policies,
        rules=rules,
        workflow=workflow,
        timeout=timeout,
        seed=seed,
        progress=progress,
    )
    report = _settled(report, problems + more, files + policies)
    return _selected(report, files, policies, rules, workflow)


def _selected(
    report: Report,
    files: tuple[str, ...],
    policies: tuple[str, ...],
    rules: tuple[str, ...],
    workflow: str | None,
) -> Report:
    """The report, with an error for each filter that selects nothing: it would let every check succeed."""
    missed = unmatched(rules, (r.rule for r in report.results))
    if (not missed and workflow is None) or report.exit_code == 2:
        return report
    try:
        program = load(files, policy=policies).program
    except WfError:
        return report
    missed = unmatched(rules, [r.name for r in program.rules] + [r.rule for r in report.results])
    if workflow is not None and workflow not in program.workflows:
        missed += (no_workflow(workflow, program.workflows),)
    return attrs.evolve(report, diagnostics=(*report.diagnostics, *missed))


def _settled(report: Report, problems: tuple[Diagnostic, ...], files: tuple[str, ...]) -> Report:
    """The report with the problems of the paths first, and suppressions applied."""
    found = (*problems, *report.diagnostics)
    places = (d.span.file for d in found if d.span is not None)
    return attrs.evolve(report, diagnostics=suppress(found, (*files, *places), from_files()))


def load(paths: Paths, *, policy: Paths = ()) -> Spec:
    """Parse, resolve and type-check files or folders.

    Raises:
        WfError: something is wrong with the input; its `diagnostics` say what and where.
    """
    from wfcheck import stdlib
    from wfcheck.dsl import elaborate

    files, problems = expand(_paths(paths))
    policies, more = expand(_paths(policy))
    made = elaborate.load_all(files, policies=policies, library=stdlib.load, library_names=stdlib.names())
    raw = (*problems, *more, *made.diagnostics)
    found = suppress(raw, made.sources, made.sources.get)
    if any(d.severity is Severity.ERROR for d in found):
        raise WfError(*found)
    return Spec(made.program, found)


def replay(
    spec: Paths | Spec,
    traces: Paths,
    *,
    policy: Paths = (),
    rule: str | Iterable[str] = (),
    provenance: Provenance = "values",
    lenient: bool = False,
) -> ReplayReport:
    """Step recorded runs against the rules of a spec.

    Args:
        spec: a loaded spec, or the paths of one.
        traces: files, globs or folders of recorded runs; `-` is standard input.
        policy: more files of rules.
        rule: names or globs; only these rules are judged.
        provenance: how the origin of a value is found (`declared`, `values` or `context`).
        lenient: malformed runs are counted and skipped instead of being errors.

    Raises:
        WfError: something is wrong with the spec. Problems of traces are diagnostics of the report.
    """
    from wfcheck.checker.replay import run

    loaded = spec if isinstance(spec, Spec) else load(spec, policy=policy)
    rules = (rule,) if isinstance(rule, str) else tuple(rule)
    names = [str(trace) for trace in _paths(traces)]
    report = run.replay(loaded.program, names, provenance=provenance, lenient=lenient, rules=rules)
    missed = unmatched(rules, (r.name for r in loaded.program.rules))
    return attrs.evolve(report, diagnostics=(*loaded.diagnostics, *missed, *report.diagnostics))


def _paths(paths: Paths) -> tuple[str | Path, ...]:
    return (paths,) if isinstance(paths, str | Path) else tuple(paths)
