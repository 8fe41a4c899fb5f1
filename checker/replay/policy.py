"""A program made ready for traces: rules to monitors, tools to a catalogue, conditions to closures, once for all traces."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.conditions.compiled import Tables
from wfcheck.checker.provenance.labels import Labels
from wfcheck.checker.replay.assumptions import Contracts
from wfcheck.checker.replay.past import Tracked, compile_tracked, expressions_in
from wfcheck.checker.replay.view import Catalogue
from wfcheck.dsl import core


@attrs.frozen
class CompiledPolicy:
    """Everything about a program that replay needs, compiled once for all traces."""

    program: core.Program
    rules: tuple[tuple[core.Rule, monitor.Compiled], ...]
    catalogue: Catalogue
    tables: Tables
    labels: Labels
    tracked: Tracked
    contracts: Contracts
    plans: dict[object, object] = attrs.field(init=False, factory=dict, eq=False, repr=False)
    """What was made of the policy for traces, by what they show; of a changed policy nothing."""

    @property
    def answerable(self) -> bool:
        """Whether a rule asks on whose behalf somebody acts."""
        return any(isinstance(rule.body, core.Allow) for rule, _ in self.rules)


def compile_policy(program: core.Program, rules: Sequence[str] = ()) -> CompiledPolicy:
    """The rules of a program (those whose name matches a glob of `rules`, if there are any) ready for traces."""
    tables = Tables.of(program)
    chosen = [r for r in program.rules if not rules or any(fnmatchcase(r.name, glob) for glob in rules)]
    expressions = [e for rule in chosen for e in expressions_in(rule.body)]
    return CompiledPolicy(
        program,
        tuple((rule, monitor.compile_rule(rule, program)) for rule in chosen),
        Catalogue.of(program),
        tables,
        Labels.of(program),
        compile_tracked(program, expressions, tables),
        Contracts.of(program, tables),
    )
