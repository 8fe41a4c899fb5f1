"""What `import wfcheck` offers: check, load and replay as plain functions over paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from wfcheck.checker.inputs import expand
from wfcheck.checker.result import Report
from wfcheck.dsl.core import Program, Workflow
from wfcheck.dsl.diagnostic import Diagnostic, Severity, WfError

if TYPE_CHECKING:
    import networkx as nx

    from wfcheck.checker.fleet.run import How
    from wfcheck.checker.fleet.work import Options
    from wfcheck.checker.repair.fixing import Fixed
    from wfcheck.checker.replay.result import ReplayReport
    from wfcheck.checker.settle import Asked
    from wfcheck.dsl.graph.dag import Graph

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
        from wfcheck.dsl.graph.lower import lower

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
    timeout: float | str = 10.0,
    seed: int = 0,
    baseline: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
    certificates: str | Path | None = None,
    coverage: bool = False,
    coverage_budget: float | str = 60.0,
) -> Report:
    """Prove every rule of every workflow.

    Args:
        paths: files or folders (all `.wf` files below).
        policy: more files, whose rules apply to every workflow.
        rule: names or globs; only these rules are checked.
        workflow: only this workflow is checked.
        timeout: per rule: seconds, or a duration such as `500ms` or `2m`.
        seed: of the solver.
        baseline: the JSON report of an earlier check; what it lists does not count.
        progress: told the name of what is being checked.
        certificates: a folder that gets one certificate for each rule that is proved.
        coverage: also find what could be dropped from the spec without any rule noticing; see `Report.coverage`.
        coverage_budget: for that, as `timeout`: seconds or a duration, for all of it.

    Returns:
        The report. Bad input is among its diagnostics, and then the report is not `ok`; nothing is raised for it.

    Raises:
        WfError: the baseline or the timeout cannot be used.
    """
    from wfcheck import __version__
    from wfcheck.checker import baseline as baselines
    from wfcheck.checker import pipeline
    from wfcheck.checker.selection import globs
    from wfcheck.checker.settle import settle

    limit, budget = _seconds(timeout), _seconds(coverage_budget)
    asked = _asked(paths, policy, rule, workflow)
    known = frozenset() if baseline is None else baselines.read(str(baseline))
    if not asked.files:
        return Report((), asked.problems or (_nothing(),))
    try:
        report = pipeline.check(
            asked.files,
            policies=asked.policies,
            rules=globs(asked.rules),
            workflow=workflow,
            timeout=limit,
            seed=seed,
            progress=progress,
            certificates=None if certificates is None else Path(certificates),
            version=__version__,
        )
    except pipeline.DefectError as error:
        broken = error.report.exit_code == 2
        error.report = baselines.apply(settle(error.report, asked), known)
        if broken:  # a program with pieces left out may fail where a whole one does not
            return error.report
        raise
    if coverage and report.exit_code != 2:
        report = _covered(report, asked, limit, seed, budget, progress)
    return baselines.apply(settle(report, asked), known)


def _nothing() -> Diagnostic:
    """Of no file at all, nothing is to be called proved."""
    help_ = "name a file, or a folder that holds one"
    return Diagnostic("WF804", "there is no file to check", None, help=help_)


def _covered(
    report: Report,
    asked: Asked,
    timeout: float,
    seed: int,
    budget: float,
    progress: Callable[[str], None] | None,
) -> Report:
    from wfcheck.checker.coverage.measure import Budget, measure
    from wfcheck.checker.obligation import Limits
    from wfcheck.checker.settle import load as load_files

    program = load_files(asked).program
    found = measure(program, report.results, Budget(Limits(timeout, seed), budget), progress)
    return attrs.evolve(report, coverage=found)


def _seconds(timeout: float | str) -> float:
    from wfcheck.checker.config import seconds

    found = seconds(timeout) if isinstance(timeout, str) else timeout
    if found is None or not found > 0:
        help_ = "write seconds above 0, or a duration such as `10s` or `500ms`"
        raise WfError(Diagnostic("WF802", f"`{timeout}` is no time limit", None, help=help_))
    return found


def _asked(paths: Paths, policy: Paths, rule: str | Iterable[str] = (), workflow: str | None = None) -> Asked:
    from wfcheck.checker.settle import Asked

    files, problems = expand(_paths(paths))
    policies, more = expand(_paths(policy))
    return Asked(files, policies, _words(rule), workflow, problems + more)


def fix(
    paths: Paths = ".",
    *,
    policy: Paths = (),
    rule: str | Iterable[str] = (),
    workflow: str | None = None,
    timeout: float | str = 10.0,
    budget: float | str = 60.0,
    seed: int = 0,
    replayed: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Fixed:
    """Look for changes of workflows after which what they violate is proved. Each change was checked: it breaks no rule that held,
    leaves every tool callable that was (but for what it says that it gives up), and touches no policy and no declaration.

    Args:
        paths: files or folders (all `.wf` files below); only these files change.
        policy: more files, whose rules apply to every workflow.
        rule: names or globs; only these rules are mended, and no other findings.
        workflow: only this workflow is mended.
        timeout: per rule, as for `check`.
        budget: for everything together, as `timeout`: seconds or a duration.
        seed: of the solver.
        replayed: the JSON report of a replay: the assumptions that it blames are mended instead.
        progress: told what is being tried.

    Returns:
        The changes, not written yet: `diff`, `write()`, `report` (the check of the changed spec).

    Raises:
        WfError: a path, the report or a time limit cannot be used. Errors in the spec are `diagnostics` of what is returned.
    """
    from wfcheck.checker.obligation import Limits
    from wfcheck.checker.repair import fixing
    from wfcheck.checker.repair import replayed as blames

    limits, seconds = Limits(_seconds(timeout), seed), _seconds(budget)
    asked = _asked(paths, policy, rule, workflow)
    if asked.problems or not asked.files:
        raise WfError(*(asked.problems or (_nothing(),)))
    blamed = () if replayed is None else blames.assumptions(str(replayed))
    wanted = fixing.Asked(asked.files, asked.policies, asked.rules, workflow, blamed, limits, seconds)
    return fixing.fix(wanted, progress)


def load(paths: Paths, *, policy: Paths = ()) -> Spec:
    """Parse, resolve and type-check files or folders.

    Raises:
        WfError: something is wrong with the input; its `diagnostics` say what and where.
    """
    from wfcheck.checker.settle import load as load_files
    from wfcheck.checker.suppress import suppress

    asked = _asked(paths, policy)
    made = load_files(asked)
    found = suppress((*asked.problems, *made.diagnostics), made.sources, made.sources.get)
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
    certificates: str | Path | None = None,
    evidence: Paths = (),
    known: str | Path | None = None,
    jobs: int | None = 1,
    resume: str | Path | None = None,
    parquet: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayReport:
    """Step recorded runs against the rules and the workflows of a spec.

    Args:
        spec: a loaded spec, or the paths of one.
        traces: files, globs or folders of recorded runs; `-` is standard input.
        policy: more files of rules.
        rule: names or globs; only these rules are judged.
        provenance: how the origin of a value is found (`declared`, `values` or `context`).
        lenient: malformed runs are counted and skipped instead of being errors.
        certificates: a folder of certificates that say what proofs rest on. What they leave open is proved where a run breaks a rule
            or an assumption, within a minute.
        evidence: other records of the same runs: logs, snapshots, manifests that say how to read them. Where records disagree, every
            reading of them is judged and the worst verdict counts.
        known: the JSON report of an earlier replay, to tell which causes are new.
        jobs: so many processes judge runs side by side; None: as many as there are cores, if there is much to do. The report does not
            depend on it. A script that asks for more than 1 needs `if __name__ == "__main__":` where processes are not forked. With
            `evidence`, and of a spec that is nested too deeply to be sent, one process judges all.
        resume: a file in which finished runs are noted; called again with it, what is noted is not done again.
        parquet: a file that gets one row for each trace and rule (extra `parquet`).
        progress: told how many bytes of runs are done, and how many there are.

    Raises:
        WfError: something is wrong with the spec, `known` is no such report, or options do not go together. Problems of traces are
            diagnostics of the report.
    """
    from wfcheck import __version__
    from wfcheck.checker.fleet.run import How
    from wfcheck.checker.fleet.work import Options
    from wfcheck.checker.naming import ambiguous_tools, plain_replay
    from wfcheck.checker.proofs import proofs_of
    from wfcheck.checker.replay import run
    from wfcheck.checker.replay.causes import known_causes
    from wfcheck.checker.selection import globs, unmatched

    loaded = spec if isinstance(spec, Spec) else load(spec, policy=policy)
    rules = _words(rule)
    names = [str(trace) for trace in _paths(traces)]
    proofs, unused = proofs_of(loaded.program, certificates)
    judge = partial(
        run.replay, loaded.program, provenance=provenance, lenient=lenient, rules=globs(rules), proofs=proofs
    )
    others = [str(file) for file in _paths(evidence)]
    if others:
        if resume is not None or parquet is not None or (jobs or 1) > 1:
            help_ = "leave out `resume`, `parquet` and `jobs`, or the evidence"
            raise WfError(Diagnostic("WF802", "runs with evidence are judged together", None, help=help_))
        report = _joined(names, others, judge, lenient)
    else:
        report = _alone_or_fleet(
            partial(
                Options.of, loaded.program, __version__,
                rules=globs(rules), provenance=provenance, lenient=lenient, certificates=certificates,
            ),
            partial(judge, names), names, How(jobs, resume, None, progress), parquet,
        )  # fmt: skip
    if known is not None:
        report = attrs.evolve(report, known=known_causes(str(known)))
    missed = unmatched(rules, (r.name for r in loaded.program.rules))
    found = (
        *loaded.diagnostics,
        *missed,
        *unused,
        *ambiguous_tools(report, loaded.program),
        *report.diagnostics,
    )
    return attrs.evolve(plain_replay(report, loaded.program.files), diagnostics=found)


def _alone_or_fleet(
    options: Callable[[], Options],
    alone: Callable[[], ReplayReport],
    names: list[str],
    how: How,
    parquet: str | Path | None,
) -> ReplayReport:
    """A program that is nested too deeply to be sent to other processes is replayed in this one.

    Raises:
        WfError: and units are to be noted or written as they are judged.
    """
    try:
        made = options()
    except RecursionError:
        if how.state is None and parquet is None:
            return alone()
        help_ = "leave out `resume` and `parquet`, or name what is nested by `let` or a predicate"
        raise WfError(Diagnostic("WF802", "the program is nested too deeply", None, help=help_)) from None
    return _fleet(made, names, how, parquet)


def _fleet(options: Options, names: list[str], how: How, parquet: str | Path | None) -> ReplayReport:
    from wfcheck.checker.fleet.parquet import ParquetFile
    from wfcheck.checker.fleet.run import replay_fleet

    if parquet is None:
        return replay_fleet(options, names, how)
    file = ParquetFile.open(parquet)
    try:
        return replay_fleet(options, names, attrs.evolve(how, sink=file.add))
    finally:
        file.close()


def _joined(
    names: list[str], evidence: list[str], judge: Callable[..., ReplayReport], lenient: bool
) -> ReplayReport:
    from wfcheck.checker.evidence.replaying import replay_joined

    return replay_joined(names, evidence, judge, lenient=lenient)


def _words(words: str | Iterable[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def _paths(paths: Paths) -> tuple[str | Path, ...]:
    return (paths,) if isinstance(paths, str | Path) else tuple(paths)
