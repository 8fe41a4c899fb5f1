"""What a program says about the results of its tools: the tags of their parts, and which parts may be new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar, cast

import attrs

from wfcheck.checker.conditions.compiled import Code, Frame, Tables, Truth, compile_expression, holds
from wfcheck.checker.provenance.places import (
    Place,
    around,
    below,
    declared_part,
    has_maps,
    named_types,
)
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.walk import expressions, statements, subexpressions

_T = TypeVar("_T")
NOWHERE: frozenset[str] = frozenset()
Granted: TypeAlias = "tuple[frozenset[str], frozenset[str], bool, bool]"


def _written(program: core.Program) -> tuple[tuple[core.Value, ...], frozenset[str]]:
    """The constants in the workflows of a program, and the tools that they call themselves."""
    texts: dict[str, core.Value] = {}
    called = set()
    for workflow in program.workflows.values():
        for statement in statements(workflow.body):
            called |= {statement.tool} if isinstance(statement, core.Call) else set()
            for part in (e for top in expressions(statement) for e in subexpressions(top)):
                if isinstance(part, core.Literal):
                    texts[repr(part.value)] = part.value
    return tuple(texts.values()), frozenset(called)


@attrs.define
class Labels:
    """What a program says about the results of its tools, compiled once."""

    program: core.Program
    every_tag: frozenset[str]
    influence: frozenset[str]
    texts: tuple[core.Value, ...]  # the constants in workflows
    called: frozenset[str]  # the tools that workflows call themselves
    conditions: Mapping[tuple[str, int], Code]
    mapped: frozenset[str]  # the tools whose results hold maps
    kinds: frozenset[str]  # the named types of which results have values
    _made: dict[int, object] = attrs.field(factory=dict, repr=False)

    def once(self, rule: object, make: Callable[[], _T]) -> _T:
        """What `make` makes of a rule of the program, made for the first trace and kept for all."""
        if id(rule) not in self._made:
            self._made[id(rule)] = make()
        return cast(_T, self._made[id(rule)])

    @staticmethod
    def of(program: core.Program) -> Labels:
        """The label declarations of a program."""
        tables = Tables.of(program)
        conditions = {
            (tool.symbol, number): compile_expression(tags.condition, tables)
            for tool in program.tools.values()
            for number, tags in enumerate(tool.returns)
            if tags.condition is not None
        }
        every = frozenset(s for s, tag in program.tags.items() if tag.kind in ("secrecy", "influence"))
        influence = frozenset(s for s, tag in program.tags.items() if tag.kind == "influence")
        mapped = frozenset(t.symbol for t in program.tools.values() if has_maps(t.result))
        kinds = frozenset(kind for tool in program.tools.values() for kind in named_types(tool.result))
        return Labels(program, every, influence, *_written(program), conditions, mapped, kinds)

    def of_leaf(
        self, tool: core.Tool, place: Place, truths: Mapping[int, Truth]
    ) -> tuple[frozenset[str], frozenset[str]]:
        """The tags that the leaf surely carries, and those it may carry: of an undeclared one, also what its neighbours carry."""
        sure, possible = NOWHERE, NOWHERE
        beside = declared_part(tool.result, place)
        for number, clause in enumerate(tool.returns):
            truth = truths.get(number, True)
            inside = below(clause.path, place)
            if truth is False or not (inside or (beside is not None and around(clause.path, beside))):
                continue
            possible |= clause.tags
            sure |= clause.tags if truth is True and inside else NOWHERE
        return sure, possible

    def granted(
        self, view: View, tool: core.Tool, place: Place, truths: Mapping[int, Truth], said: frozenset[str]
    ) -> Granted:
        """How a leaf of a result counts as a source; `said`: the tags that the record itself gives."""
        sure, possible = self.of_leaf(tool, place, truths)
        silent = not tool.declared_returns
        grants = not view.side_effect or any(below(path, place) for path in tool.fresh)
        return (NOWHERE if silent else sure) | said, possible | said, grants, silent

    def truths(self, view: View, tool: core.Tool) -> dict[int, Truth]:
        """Which conditional `returns` clauses hold of a result."""
        frame = Frame(view.arguments, view.result)
        return {
            number: holds(code, frame)
            for number in range(len(tool.returns))
            if (code := self.conditions.get((tool.symbol, number))) is not None
        }
