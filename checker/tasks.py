"""Every rule for every workflow in its scope, built-in rules included: one result each."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from glob import escape
from hashlib import blake2b
from itertools import chain
from typing import TypeAlias

import attrs

from wfcheck.checker import cores
from wfcheck.checker.annotations import annotations_of
from wfcheck.checker.obligation import Analysis, Case, Finding, Limits
from wfcheck.checker.result import Result, Verdict
from wfcheck.checker.rules import builtin, builtin_contracts, flow, grants, verbs
from wfcheck.checker.rules.contracts import supply
from wfcheck.checker.search import concretise
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Diagnostic, WfError

Progress: TypeAlias = Callable[[str], None]
Check: TypeAlias = Callable[[Case], Finding | None]
Keep: TypeAlias = Callable[[Case, str, Check, Finding], str | None]
"""Writes the certificate of a PROVED rule: of the case, the rule's name, its proof and the finding. The path, or None."""
STACK = 20_000


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
    """What came out, which checks failed, what was computed for all of them, and why certificates could not be written."""

    results: tuple[Result, ...]
    errors: tuple[tuple[str, Exception], ...]
    analysis: Analysis | None = attrs.field(default=None, eq=False, repr=False)
    problems: tuple[Diagnostic, ...] = ()


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
    settling = _Settling(keep)
    with deep_stack():
        for task in chain(_tasks(analysis, asked), _about_policies(analysis, asked, settling.results)):
            if progress is not None:
                progress(task.name)
            settling.take(task)
    return Checked(tuple(settling.results), tuple(settling.errors), analysis, settling.problems)


def analysis_of(program: core.Program, limits: Limits) -> Analysis:
    """What the rules of a program share, still to be computed."""
    sources = tuple(s for rule in program.rules for s in flow.virtual_sources(program, rule))
    return Analysis(program, sources, limits)


@attrs.define
class _Settling:
    """Results as they come; neither a failing check nor a certificate that cannot be written loses the others."""

    keep: Keep | None
    results: list[Result] = attrs.field(factory=list)
    errors: list[tuple[str, Exception]] = attrs.field(factory=list)
    problems: tuple[Diagnostic, ...] = ()

    def take(self, task: Task) -> None:
        """Run a check. Raises WfError for input that cannot be used at all."""
        start = time.perf_counter()
        try:
            finding = task.run()
            seconds = time.perf_counter() - start
            certificate = None if finding is None else self._kept(task, finding)
        except WfError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect in one check must not lose the others; it is raised again
            self.errors.append(
                (f"{task.name} in {task.workflow.symbol if task.workflow else 'the policy'}", error)
            )
            return
        if finding is not None:
            self.results.append(attrs.evolve(_result(task, finding, seconds), certificate=certificate))

    def _kept(self, task: Task, finding: Finding) -> str | None:
        """The certificate's path. After the first that cannot be written, none is tried."""
        if self.keep is None or task.proof is None:
            return None
        case, check = task.proof
        try:
            return self.keep(case, task.name, check, finding)
        except WfError as error:
            self.keep, self.problems = None, error.diagnostics
            return None


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


def _meta(
    analysis: Analysis, rule: core.Rule, body: core.Meta, found: Callable[[str], list[Result]]
) -> Finding:
    from wfcheck.checker.policy import meta  # half of all modules, and few policies ask

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
