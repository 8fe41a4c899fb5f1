"""Everything that can be said of a rule without a workflow."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from wfcheck.checker.explaining.automaton import automaton
from wfcheck.checker.explaining.expansion import Expansion, expansions
from wfcheck.checker.explaining.formula import Formula, formula
from wfcheck.checker.explaining.prose import sentence
from wfcheck.checker.explaining.runs import Runs, find_runs
from wfcheck.checker.explaining.states import Automaton
from wfcheck.dsl import core
from wfcheck.dsl.source import Span


@attrs.frozen
class Explained:
    """`plain` makes names of symbols (`pay@a.wf`) plain; whatever shows the rest applies it last."""

    rule: str
    span: Span
    doc: str | None
    severity: str
    heuristic: bool
    workflows: tuple[str, ...]
    not_applicable: str | None
    prose: str
    formula: Formula
    automaton: Automaton
    expansions: tuple[Expansion, ...]
    runs: Runs
    plain: Callable[[str], str] = attrs.field(eq=False, repr=False)


def explain(rule: core.Rule, program: core.Program) -> Explained:
    """The explanation of a rule. Deterministic; bounded by counted work."""
    return Explained(
        rule=rule.name,
        span=rule.span,
        doc=rule.doc,
        severity=rule.severity,
        heuristic=rule.heuristic,
        workflows=rule.workflows,
        not_applicable=rule.not_applicable,
        prose=sentence(rule, program),
        formula=formula(rule, program),
        automaton=automaton(rule, program),
        expansions=expansions(rule, program),
        runs=find_runs(rule, program),
        plain=_plainer(program.files),
    )


def _plainer(files: tuple[str, ...]) -> Callable[[str], str]:
    def plain(text: str) -> str:
        for file in files:
            text = text.replace(f"@{file}", "")
        return text

    return plain
