"""From files to a report: every rule for every workflow in its scope, built-in rules included."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from functools import partial
from glob import escape
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import attrs

from wfcheck.checker import cores
from wfcheck.checker.annotations import annotations_of
from wfcheck.checker.certificate.writing import Writer, hashes
from wfcheck.checker.obligation import Analysis, Case, Finding, Limits
from wfcheck.checker.policy import meta, references, sanity, shadowed
from wfcheck.checker.result import Report, Result, Verdict
from wfcheck.checker.rules import builtin, builtin_contracts, flow, grants, verbs
from wfcheck.checker.rules.contracts import supply
from wfcheck.checker.search import concretise
from wfcheck.checker.structure import inspect
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, Severity, WfError
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.elaboration.modules import looked_for
from wfcheck.solver.backend import shared_child
from wfcheck.stdlib import load, names

Progress = Callable[[str], None]
Check: TypeAlias = Callable[[Case], Finding | None]
Keep: TypeAlias = Callable[[Case, str, Check, Finding], str | None]
"""Writes the certificate of a PROVED rule: of the case, the rule's name, its proof and the finding. The path, or None."""
STACK = 20_000


class DefectError(Exception):
    """A check failed for a reason of our own. `report` has every other result, `errors` the failures with their rules."""

    def __init__(self, report: Report, errors: tuple[tuple[str, Exception], ...]) -> None:
        super().__init__("; ".join(f"{name}: {error!r}" for name, error in errors))
        self.report = report
        self.errors = errors


@attrs.frozen
class Selection:
    """`rules`: globs over rule names (none: all). `workflow`: only that one."""

    rules: tuple[str, ...] = ()
    workflow: str | None = None

    def takes(self, rule: str) -> bool:
        """Whether a rule is asked for."""
        return not self.rules or any(fnmatchcase(rule, pattern) for pattern in self.rules)


@attrs.frozen
class Task:
    """One result to be: the rule's name, its workflow (None: of the policy itself) and how to get it. `proof`: the case, and the
    proof alone."""

    name: str
    workflow: core.Workflow | None
    rule: core.Rule | None
    run: Callable[[], Finding | None]
    proof: tuple[Case, Check] | None = None


@attrs.frozen
class Checked:
    """What came out, which checks failed, and what was computed for all of them."""

    results: tuple[Result, ...]
    errors: tuple[tuple[str, Exception], ...]
    analysis: Analysis | None = attrs.field(default=None, eq=False, repr=False)


@contextmanager
def deep_stack() -> Iterator[None]:
    """Room for programs that are nested deeper than the interpreter's default expects (the parser bounds nesting)."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, STACK))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def check_program(
    program: core.Program,
    *,
    selection: Selection | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    keep: Keep | None = None,
    analysis: Analysis | None = None,
) -> Checked:
    """All results of a program, in order of workflows and rules; a failing check does not lose the others. `analysis`: what an earlier
    check of it has computed."""
    asked = selection or Selection()
    analysis = analysis or analysis_of(program, limits or Limits())
    results: list[Result] = []
    errors: list[tuple[str, Exception]] = []
    with deep_stack():
        for task in chain(_tasks(analysis, asked), _about_policies(analysis, asked, results)):
            if progress is not None:
                progress(task.name)
            _settle(task, results, errors, keep)
    return Checked(tuple(results), tuple(errors), analysis)


def analysis_of(program: core.Program, limits: Limits) -> Analysis:
    """What the rules of a program share, still to be computed."""
    sources = tuple(s for rule in program.rules for s in flow.virtual_sources(program, rule))
    return Analysis(program, sources, limits)


def _settle(
    task: Task, results: list[Result], errors: list[tuple[str, Exception]], keep: Keep | None
) -> None:
    start = time.perf_counter()
    seconds = 0.0
    certificate: str | None = None
    try:
        finding = task.run()
        seconds = time.perf_counter() - start
        if keep is not None and finding is not None and task.proof is not None:
            case, check = task.proof
            certificate = keep(case, task.name, check, finding)
    except WfError:
        raise
    except Exception as error:  # noqa: BLE001 - a defect in one check must not lose the others; it is raised again
        errors.append((f"{task.name} in {task.workflow.symbol if task.workflow else 'the policy'}", error))
        return
    if finding is not None:
        results.append(attrs.evolve(_result(task, finding, seconds), certificate=certificate))


def _tasks(analysis: Analysis, asked: Selection) -> Iterator[Task]:
    program = analysis.program
    about_runs = [rule for rule in program.rules if not isinstance(rule.body, core.Meta)]
    for rule in about_runs:
        if not rule.workflows and asked.workflow is None and asked.takes(rule.name):
            yield Task(rule.name, None, rule, lambda rule=rule: _without_workflow(rule))  # type: ignore[misc]
    for workflow in program.workflows.values():
        if asked.workflow not in (None, workflow.symbol, plain(workflow.symbol)):
            continue
        for rule in about_runs:
            if workflow.symbol in rule.workflows and asked.takes(rule.name):
                yield _written(analysis, workflow, rule)
        for name in BUILTIN:
            if asked.takes(f"builtin.{name}"):
                yield _unwritten(analysis, workflow, name)


def _about_policies(analysis: Analysis, asked: Selection, results: list[Result]) -> Iterator[Task]:
    """Questions about the policy itself come last: some are about what was found of other rules."""

    def found(name: str) -> list[Result]:
        return [r for r in results if r.rule == name] or analysis.once(("results", name), lambda: more(name))

    def more(name: str) -> list[Result]:
        made: list[Result] = []
        for task in _tasks(analysis, Selection((escape(name),))):
            if task.name == name and (finding := task.run()) is not None:
                made.append(_result(task, finding, 0.0))
        return made

    for rule in analysis.program.rules:
        if isinstance(rule.body, core.Meta) and asked.workflow is None and asked.takes(rule.name):
            yield Task(rule.name, None, rule, partial(_meta, analysis, rule, rule.body, found))


def _meta(analysis: Analysis, rule: core.Rule, body: core.Meta, found: meta.Found) -> Finding:
    if rule.not_applicable is not None:
        return Finding(Verdict.NOT_APPLICABLE, reason=rule.not_applicable)
    return meta.check(analysis, rule, body, found)


def _written(analysis: Analysis, workflow: core.Workflow, rule: core.Rule) -> Task:
    case = Case(analysis, workflow, rule)

    def run() -> Finding:
        if rule.not_applicable is not None:
            return Finding(Verdict.NOT_APPLICABLE, reason=rule.not_applicable)
        finding = cores.weigh(case, concretise.concretise(case, verbs.check(case, rule)))
        if finding.verdict in (Verdict.VIOLATED, Verdict.POSSIBLE):
            finding = attrs.evolve(finding, notes=(*finding.notes, *supply.evidence(case, rule)))
        if finding.help is None and finding.verdict in (Verdict.VIOLATED, Verdict.POSSIBLE):
            return attrs.evolve(finding, help=verbs.advice(rule))
        return finding

    return Task(rule.name, workflow, rule, run, (case, proof_of(rule, rule.name)))


def _unwritten(analysis: Analysis, workflow: core.Workflow, name: str) -> Task:
    case = Case(analysis, workflow, None)
    full = f"builtin.{name}"

    def run() -> Finding | None:
        finding = BUILTIN[name](case)
        return None if finding is None else cores.weigh(case, concretise.builtin(case, full, finding))

    return Task(full, workflow, None, run, (case, proof_of(None, full)))


def proof_of(rule: core.Rule | None, name: str) -> Check:
    """The proof of a rule (of a built-in one, by its name), without a search for a run. Raises KeyError for a name that is none."""
    if rule is not None:
        return lambda case: verbs.check(case, rule)
    return BUILTIN[name.removeprefix("builtin.")]


def _label_rule(name: str) -> Callable[[Case], Finding | None]:
    return lambda case: builtin.check(case, name)


BUILTIN: dict[str, Check] = {
    **{name: _label_rule(name) for name in builtin.LABEL_RULES},
    "requires": builtin_contracts.requires,
    "ensures": builtin_contracts.promises,
    "invariant": builtin_contracts.invariants,
    "grants": grants.check,
    "isolated": builtin.isolated,
    "defined": builtin_contracts.defined,
}


def _without_workflow(rule: core.Rule) -> Finding:
    reason = rule.not_applicable or "no workflow is in the scope of this policy"
    return Finding(Verdict.NOT_APPLICABLE, reason=reason)


def _result(task: Task, finding: Finding, seconds: float) -> Result:
    rule, workflow = task.rule, task.workflow
    owner = rule if rule is not None else workflow
    assert owner is not None
    span = finding.span or owner.span
    return Result(
        file=span.file,
        workflow=None if workflow is None else workflow.symbol,
        rule=task.name,
        verdict=finding.verdict,
        span=span,
        severity="high" if rule is None else rule.severity,
        assumptions=finding.assumptions,
        cores=finding.cores,
        depth=finding.depth,
        witness=finding.witness,
        path=finding.path,
        reason=finding.reason,
        notes=finding.notes,
        help=finding.help,
        doc=None if rule is None else rule.doc,
        heuristic=rule is not None and rule.heuristic,
        fingerprint=_fingerprint(task, finding),
        seconds=seconds,
        annotations=annotations_of(rule),
    )


def plain(symbol: str) -> str:
    """A name without the file that tells it from its namesakes."""
    return symbol.partition("@")[0]


def _fingerprint(task: Task, finding: Finding) -> str:
    """Stable under moves of the text: names and words, no places."""
    workflow = "" if task.workflow is None else plain(task.workflow.symbol)
    words = (task.name, workflow, finding.verdict.value, *(step.text for step in finding.path[-1:]))
    return blake2b("\0".join(words).encode(), digest_size=16).hexdigest()


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
    keep = None
    if certificates is not None and whole:
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
        results = tuple(_doubted(program, results, policies, given))
    if not any(d.severity is Severity.ERROR for d in diagnostics):
        diagnostics += (
            *references.problems(program),
            *shadowed.lints(program),
            *sanity.contradictions(program),
        )
        results, checked, found = _skeletons(checked, workflow)
        diagnostics += found
    report = Report(
        results,
        (*diagnostics, *_vacuous_everywhere(results)),
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
    except Exception as error:  # noqa: BLE001 - as in `_settle`
        return checked.results, attrs.evolve(checked, errors=(*checked.errors, ("the skeletons", error))), ()
    return results, checked, found


CLEARED = frozenset({Verdict.PROVED, Verdict.ENFORCED, Verdict.VACUOUS})


def _doubted(
    program: core.Program,
    results: tuple[Result, ...],
    policies: Sequence[Path | str],
    given: Mapping[str, str] | None,
) -> Iterator[Result]:
    """What is wrong in a file is left out of the program, so nothing is decided of what depends on it.

    A run that breaks what is left of a rule or a workflow need not break what was meant.
    """
    faulty: dict[str, bool] = {}

    def wrong(file: str) -> bool:
        if file not in faulty:
            made = elaborate.load_all([file], policies=policies, library=load, given=given)
            faulty[file] = any(d.severity is Severity.ERROR for d in made.diagnostics)
        return faulty[file]

    rules = {rule.name: rule for rule in program.rules}
    for result in results:
        files = {result.file}
        if result.workflow is not None:
            files.add(program.workflows[result.workflow].file)
        if result.rule in rules:
            files.add(rules[result.rule].file)
        shares = any(name.endswith((".writers", ".senders")) for name in result.assumptions)
        doubtful = result.verdict in CLEARED and shares
        yield _undecided(result) if doubtful or any(wrong(f) for f in sorted(files)) else result


def _undecided(result: Result) -> Result:
    return attrs.evolve(
        result,
        verdict=Verdict.UNKNOWN,
        reason="the input has errors, so that nothing is proved of it",
        assumptions=(),
        cores=(),
        witness=None,
        path=(),
        notes=(),
        help=None,
    )


def _vacuous_everywhere(results: tuple[Result, ...]) -> Iterator[Diagnostic]:
    by_rule: dict[str, list[Result]] = {}
    for result in results:
        if result.workflow is not None and not result.rule.startswith("builtin."):
            by_rule.setdefault(result.rule, []).append(result)
    for rule, found in by_rule.items():
        if all(r.verdict is Verdict.VACUOUS for r in found):
            message = f"`{rule}` judges nothing in any workflow in its scope"
            yield Diagnostic("WF601", message, found[0].span, Severity.WARNING)
