"""Whether a candidate is a repair: the rule is proved of the changed spec, nothing that held is lost, what could happen still can, and
nothing but workflows changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from glob import escape
from pathlib import Path

import attrs

from wfcheck import stdlib
from wfcheck.checker import pipeline, reachability, tasks
from wfcheck.checker.obligation import Case, Limits
from wfcheck.checker.repair.edits import Candidate, edited, laid_out
from wfcheck.checker.result import Report, Result, Verdict
from wfcheck.checker.testing import run_tests
from wfcheck.dsl import core, syntax
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.elaboration.elaborate import Elaborated
from wfcheck.dsl.walk import statements

HELD = frozenset({Verdict.PROVED, Verdict.ENFORCED})
_WORTH = {
    Verdict.PROVED: 5,
    Verdict.ENFORCED: 4,
    Verdict.VACUOUS: 3,
    Verdict.NOT_APPLICABLE: 3,
    Verdict.VIOLATED: 0,
}
_TOLERATED = frozenset({"WF208", "WF441"})
"""Warnings that a repair may bring with it: something is not used any more."""
_HOLLOW = frozenset({"WF601"})
"""... where tools are given up: other rules, which judged them, have nothing left to judge."""


@attrs.frozen(slots=False)
class Spec:
    """A spec as it is or would be: `texts` are read instead of files. `report`: all that is found of it."""

    paths: tuple[str, ...]
    policies: tuple[str, ...]
    limits: Limits
    texts: Mapping[str, str] = attrs.field(factory=dict)

    @cached_property
    def made(self) -> Elaborated:
        """Parsed, resolved and typed."""
        return elaborate.load_all(
            self.paths,
            policies=self.policies,
            library=stdlib.load,
            library_names=stdlib.names(),
            given=self.texts,
        )

    @cached_property
    def whole(self) -> bool:
        """Whether it has no errors."""
        return not any(d.severity is Severity.ERROR for d in self.made.diagnostics)

    @cached_property
    def report(self) -> Report:
        """Every rule of every workflow."""
        return self._checked(())

    def part(self, rules: Iterable[str]) -> Report:
        """These rules alone, by their full names, and all other findings."""
        return self._checked(tuple(escape(rule) for rule in sorted(set(rules))))

    def _checked(self, rules: tuple[str, ...]) -> Report:
        return pipeline.check(
            self.paths,
            policies=self.policies,
            rules=rules,
            timeout=self.limits.timeout,
            seed=self.limits.seed,
            given=self.texts,
        )

    @cached_property
    def own(self) -> frozenset[str]:
        """The files that were asked for: no other is changed."""
        return frozenset(str(Path(path)) for path in self.paths) & frozenset(self.made.sources)

    @property
    def sources(self) -> dict[str, str]:
        """The texts of the files, as they are or would be."""
        return {path: source.text for path, source in self.made.sources.items()}

    def changed(self, candidate: Candidate) -> Spec | None:
        """The spec after the edits; None where they do not fit together, or change nothing."""
        if not self.own.issuperset(edit.file for edit in candidate.edits):
            return None
        after = edited(self.sources, candidate.edits)
        if after is None or all(self.sources[file] == text for file, text in after.items()):
            return None
        laid = laid_out(self.sources, after)
        return attrs.evolve(self, texts={**self.texts, **laid})

    def proof(self, name: str, workflow: str | None) -> Verdict | None:
        """What the prover says of a rule, without a search for runs. None: there is no such rule."""
        program = self.made.program
        rule = next((r for r in program.rules if r.name == name), None)
        if workflow is None or workflow not in program.workflows:
            found = [
                r.verdict for r in self.part([name]).results if r.rule == name and r.workflow == workflow
            ]
            return found[0] if found else None
        with tasks.deep_stack():
            case = Case(tasks.analysis_of(program, self.limits), program.workflows[workflow], rule)
            finding = tasks.proof_of(rule, name)(case)
        return None if finding is None else finding.verdict


Again = Callable[[Spec], bool]
"""Whether the target is reached by a changed spec."""


def proved(rule: str, workflow: str | None) -> Again:
    """The rule is proved of the workflow."""

    def test(spec: Spec) -> bool:
        return spec.proof(rule, workflow) is Verdict.PROVED

    return test


def sound(old: Spec, new: Spec, candidate: Candidate, target: tuple[str, str | None] | None = None) -> bool:
    """Whether nothing that held is lost by the edits, and what could happen still can. `target`: the rule and the workflow that are now
    to be proved."""
    held = [r for r in old.report.results if _WORTH.get(r.verdict, 1) > 1]
    report = new.part([*(r.rule for r in held), *([] if target is None else [target[0]])])
    tolerated = candidate.brings | (_HOLLOW if candidate.lost else frozenset())
    return (
        _kept(held, report)
        and (target is None or _verdicts(report).get(target) is Verdict.PROVED)
        and _tidy(old.report, report, tolerated)
        and _alive(old, new, candidate)
        and _tested(old) <= _tested(new)
    )


def _tested(spec: Spec) -> frozenset[tuple[str, int]]:
    """The expectations of tests that are met, each by its test and its number."""
    if not spec.made.program.tests:
        return frozenset()
    seen: Counter[str] = Counter()
    found = set()
    for result in run_tests(spec.made.program).results:
        seen[result.title] += 1
        if result.outcome == "passed":
            found.add((result.title, seen[result.title]))
    return frozenset(found)


def unchanged(old: Elaborated, new: Elaborated) -> bool:
    """Whether nothing but the bodies of workflows and the imports changed, no import is gone, and every rule is about as many
    workflows as before."""
    if not set(old.modules) <= set(new.modules):
        return False
    if any(_frame(old.modules[p]) != _frame(new.modules[p]) for p in old.modules):
        return False
    scopes = {rule.name: set(rule.workflows) for rule in new.program.rules}
    return all(set(rule.workflows) <= scopes.get(rule.name, set()) for rule in old.program.rules)


def _frame(module: syntax.Module) -> tuple[syntax.Item, ...]:
    """The declarations of a file without the bodies of its workflows."""
    return tuple(
        attrs.evolve(item, declaration=attrs.evolve(item.declaration, body=_NOTHING))
        if isinstance(item.declaration, syntax.WorkflowDecl)
        else item
        for item in module.items
    )


_NOTHING = syntax.Block((), span=None)  # type: ignore[arg-type]  # takes no part in comparisons


def _kept(held: Sequence[Result], new: Report) -> bool:
    found = _verdicts(new)
    return all(
        _WORTH.get(found.get((r.rule, r.workflow), Verdict.VIOLATED), 1) >= _WORTH.get(r.verdict, 1)
        for r in held
    )


def _verdicts(report: Report) -> dict[tuple[str, str | None], Verdict]:
    return {(r.rule, r.workflow): r.verdict for r in report.results}


def _tidy(old: Report, new: Report, tolerated: frozenset[str]) -> bool:
    """No code is reported more often than before."""
    before = Counter(d.code for d in old.diagnostics)
    now = Counter(d.code for d in new.diagnostics if d.code not in _TOLERATED | tolerated)
    return all(before[code] >= many for code, many in now.items())


def _alive(old: Spec, new: Spec, candidate: Candidate) -> bool:
    """Whether every tool that some run of a workflow calls is still called by a run of it, but for what the edits give up."""
    for workflow in old.made.program.workflows.values():
        other = new.made.program.workflows.get(workflow.symbol)
        if other is None or other == workflow:
            continue
        for tool in _tools(workflow):
            if tool not in candidate.lost and not _runs(new, other, tool) and _runs(old, workflow, tool):
                return False
    return True


def _tools(workflow: core.Workflow) -> Sequence[str]:
    found: dict[str, None] = {}
    for step in statements(workflow.body):
        if isinstance(step, core.Call):
            found[step.tool] = None
        elif isinstance(step, core.Agent):
            found.update({m.tool: None for m in step.may if m.tool is not None})
    return list(found)


def _runs(spec: Spec, workflow: core.Workflow, tool: str) -> bool:
    choice = core.EventChoice("call", frozenset({tool}), span=workflow.span)
    pattern = core.EventPattern((choice,), span=workflow.span)
    limits = attrs.evolve(spec.limits, timeout=min(spec.limits.timeout, 3.0))
    found = reachability.reach(spec.made.program, workflow.symbol, (pattern,), limits)
    return reachability.reachable(found) is True
