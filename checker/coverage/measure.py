"""Mutation coverage of a spec: for each mutant, the first rule that held and is no longer proved.

Only rules that the mutant can touch are proved again, and no run is searched for: what is no longer proved has noticed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import attrs

from wfcheck.checker import sharing, tasks
from wfcheck.checker.coverage.mutants import Mutant, mutants
from wfcheck.checker.coverage.stronger import weak_spots
from wfcheck.checker.obligation import Analysis, Case, Limits
from wfcheck.checker.result import Coverage, Dropped, Result, Stronger, Verdict
from wfcheck.checker.rules import flow, verbs
from wfcheck.dsl import core

Progress = Callable[[str], None]
HELD = frozenset({Verdict.PROVED, Verdict.ENFORCED})


@attrs.frozen
class Budget:
    """`seconds`: for everything together; `limits`: of each rule."""

    limits: Limits
    seconds: float = 60.0


def measure(
    program: core.Program, results: Sequence[Result], asked: Budget, progress: Progress | None = None
) -> Coverage:
    """What could be dropped, and what could be said more strictly. `results`: of the check of this very program."""
    deadline = time.monotonic() + asked.seconds
    held = [r for r in results if r.verdict in HELD and r.workflow is not None]
    items: list[Dropped] = []
    left = 0
    with tasks.deep_stack():
        found, base = mutants(program), _warm(program, asked.limits)
        for mutant in found:
            if time.monotonic() > deadline:
                left += 1
                continue
            if progress is not None:
                progress(f"without {mutant.text}")
            tried = _attempt(program, mutant, held, asked.limits, base)
            items += [] if tried is None else [tried]
            left += tried is None
        weak = tuple(_weak(program, held, asked, deadline, progress, base))
    return Coverage(tuple(items), weak, left)


def _warm(program: core.Program, limits: Limits) -> Analysis:
    """What is the same wherever only rules without labels change."""
    base = analysis_of(program, limits)
    for workflow in program.workflows:
        base.execution(workflow)
    return base


def _attempt(
    program: core.Program, mutant: Mutant, held: Sequence[Result], limits: Limits, base: Analysis
) -> Dropped | None:
    """None where the changed program cannot be analysed: nothing is said of it."""
    try:
        return _tried(program, mutant, held, limits, base)
    except (LookupError, ValueError, AssertionError):  # no analysis expects a program that nobody could write
        return None


def _tried(
    program: core.Program, mutant: Mutant, held: Sequence[Result], limits: Limits, base: Analysis
) -> Dropped:
    changed = mutant.make(program)
    touched = _touched(program, mutant)
    mine = [r for r in held if _may_notice(program, mutant, touched, r)]
    analysis = analysis_of(changed, limits, base if mutant.rule is not None else None)
    noticed = next((r for r in _likely(mine) if not still_holds(analysis, r)), None)
    names = tuple(dict.fromkeys(r.rule for r in mine))
    return Dropped(
        mutant.kind,
        mutant.text,
        mutant.span,
        names,
        None if noticed is None else noticed.rule,
        None if noticed is None else noticed.workflow,
    )


def analysis_of(program: core.Program, limits: Limits, base: Analysis | None = None) -> Analysis:
    """What the rules of a changed program share. `base`: of a program that differs in rules without labels alone."""
    sources = tuple(s for rule in program.rules for s in flow.virtual_sources(program, rule))
    made = Analysis(program, sources, limits)
    if base is not None and base.sources == sources:
        vars(made)["labelling"] = base.labelling
        made._executions.update(base._executions)
    return made


def _touched(program: core.Program, mutant: Mutant) -> frozenset[str]:
    """The workflows whose runs may differ: the changed ones, and those that read what these write."""
    known = sharing.touched(program)
    return frozenset(
        w.symbol
        for w in program.workflows.values()
        if any(other.symbol in mutant.touched for other in sharing.reaching(program, w, known))
    )


def _may_notice(program: core.Program, mutant: Mutant, touched: frozenset[str], result: Result) -> bool:
    if mutant.rule is not None:
        return result.rule in (mutant.rule, "builtin.grants")
    session = any(r.name == result.rule and _over_sessions(r) for r in program.rules)
    return session or result.workflow in touched


def _over_sessions(rule: core.Rule) -> bool:
    if rule.per_session:
        return True
    return isinstance(rule.body, core.Limit) and any(
        s.kind != "run" and s.kind != "turn" for s in rule.body.scopes
    )


def _likely(results: Sequence[Result]) -> Iterator[Result]:
    """Written rules first: they are what guards are there for."""
    yield from (r for r in results if not r.rule.startswith("builtin."))
    yield from (r for r in results if r.rule.startswith("builtin."))


def still_holds(analysis: Analysis, result: Result) -> bool:
    """Whether a rule that held still does."""
    program = analysis.program
    workflow = program.workflows[result.workflow or ""]
    if result.verdict is Verdict.ENFORCED:
        selection = tasks.Selection((result.rule,), workflow.symbol)
        found = tasks.check_program(program, selection=selection, limits=analysis.limits).results
        return any(r.verdict in HELD for r in found if r.rule == result.rule)
    if result.rule.startswith("builtin."):
        made = tasks.BUILTIN[result.rule.removeprefix("builtin.")](Case(analysis, workflow, None))
        return made is None or made.verdict in HELD
    rule = next(r for r in program.rules if r.name == result.rule)
    return verbs.check(Case(analysis, workflow, rule), rule).verdict in HELD


def _weak(
    program: core.Program,
    held: Sequence[Result],
    asked: Budget,
    deadline: float,
    progress: Progress | None,
    base: Analysis,
) -> Iterator[Stronger]:
    for rule in program.rules:
        mine = [r for r in held if r.rule == rule.name and r.verdict is Verdict.PROVED]
        if not mine or len(mine) != len([w for w in rule.workflows if w in program.workflows]):
            continue
        if time.monotonic() > deadline:
            return
        if progress is not None:
            progress(f"{rule.name} said more strictly")

        def proved(stricter: core.Rule, mine: list[Result] = mine) -> bool:
            if time.monotonic() > deadline:
                return False
            rules = tuple(stricter if r.name == stricter.name else r for r in program.rules)
            shared = None if isinstance(stricter.body, core.Flow) else base
            analysis = analysis_of(attrs.evolve(program, rules=rules), asked.limits, shared)
            return all(still_holds(analysis, r) for r in mine)

        yield from weak_spots(program, rule, proved)
