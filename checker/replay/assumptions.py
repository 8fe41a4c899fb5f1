"""The contracts of tools on a recorded run: which `requires` and `ensures` an event breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from wfcheck.checker.conditions.compiled import Code, Frame, History, Tables, compile_expression, holds
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core


@attrs.frozen
class Broken:
    """An event at which a named assumption is surely false."""

    index: int
    assumption: str


@attrs.frozen
class Contracts:
    """The conditions of each tool, compiled once."""

    requires: Mapping[str, tuple[tuple[str, Code], ...]]
    ensures: Mapping[str, tuple[tuple[str, Code], ...]]

    @staticmethod
    def of(program: core.Program, tables: Tables) -> Contracts:
        """The contracts of a program's tools."""
        return Contracts(
            {
                symbol: _compiled(tool.requires, tables)
                for symbol, tool in program.tools.items()
                if tool.requires
            },
            {
                symbol: _compiled(tool.ensures, tables)
                for symbol, tool in program.tools.items()
                if tool.ensures
            },
        )

    def broken(self, view: View, history: History) -> Iterator[Broken]:
        """What a call breaks of its tool's `requires`, or a result of its `ensures`."""
        conditions = self.requires if view.kind == "call" else self.ensures if view.kind == "result" else {}
        for name, code in conditions.get(view.name, ()):
            if holds(code, Frame(view.arguments, view.result, now=view.moment, history=history)) is False:
                yield Broken(view.index, name)


def _compiled(conditions: tuple[core.Condition, ...], tables: Tables) -> tuple[tuple[str, Code], ...]:
    return tuple((c.name, compile_expression(c.condition, tables)) for c in conditions)
