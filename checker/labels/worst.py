"""Labels where less is taken for granted: each named assumption that is dropped is replaced by the worst case.

source-labels     results, parameters, first contents of stores and answers carry every tag
llm-context       what a model makes carries everything
approval-shows    an approver may be shown anything
typed-outputs     a handle may stand for a hidden result of any type
STORE.writers     the store may hold anything from the start
PRINCIPAL.senders the inbox may hold anything from the start
step-budgets      an agent may make any number of steps
RELEASE           the sanitiser removes nothing
tool-effects      results, stores and inboxes carry everything (and every call reaches every channel and store: see
                  `careless`)"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import attrs

from wfcheck.checker.labels.domain import Environment, LabelDomain
from wfcheck.checker.labels.table import residue
from wfcheck.checker.labels.tree import Tree, leaf, raised, union
from wfcheck.dsl import core
from wfcheck.dsl.types import Type

SOURCE_LABELS = "source-labels"
LLM_CONTEXT = "llm-context"
APPROVAL_SHOWS = "approval-shows"
TYPED_OUTPUTS = "typed-outputs"
TOOL_EFFECTS = "tool-effects"
STEP_BUDGETS = "step-budgets"


def writers(store: str) -> str:
    """The assumption that a store changes only through the workflows that were checked."""
    return f"{store}.writers"


def senders(principal: str) -> str:
    """The assumption that an inbox is filled only by the workflows that were checked."""
    return f"{principal}.senders"


@attrs.frozen(slots=False)
class WorstDomain:
    """The labels of `known` where the assumptions in `dropped` do not hold. A `Domain`."""

    known: LabelDomain
    dropped: frozenset[str]

    @property
    def implicit(self) -> bool:
        """As in the domain it weakens."""
        return self.known.implicit

    @property
    def bounded(self) -> bool:
        """Rests on `step-budgets`."""
        return STEP_BUDGETS not in self.dropped

    @property
    def everything(self) -> int:
        """As in the domain it weakens."""
        return self.known.everything

    @cached_property
    def anything(self) -> int:
        """Every bit there is: tags, residues, and the sources that rules name."""
        mask = 0
        for bit in self.known.table.bits.values():
            mask |= bit
        return mask

    @property
    def doubts(self) -> Mapping[str, int]:
        """Every tag for `source-labels`, everything for the others."""
        return self._doubts

    @cached_property
    def _doubts(self) -> Mapping[str, int]:
        some = self.known.table.every_tag
        return {name: some if name == SOURCE_LABELS else self.anything for name in self.dropped}

    def _every_tag(self, tree: Tree) -> Tree:
        return raised(tree, self.known.table.every_tag) if SOURCE_LABELS in self.dropped else tree

    def value(self, expression: core.Expr, env: Environment, bound: Environment) -> Tree:
        """Computing rests on nothing."""
        return self.known.value(expression, env, bound)

    def parameter(self, workflow: str, parameter: core.Param) -> Tree:
        """Rests on `source-labels`."""
        return self._every_tag(self.known.parameter(workflow, parameter))

    def passed(self, workflow: str, parameter: core.Param, value: Tree) -> Tree:
        """Passing rests on nothing."""
        return self.known.passed(workflow, parameter, value)

    def argument(self, tool: core.Tool, name: str, value: Tree) -> Tree:
        """Passing rests on nothing."""
        return self.known.argument(tool, name, value)

    def result(self, tool: core.Tool, arguments: Environment, reads: int, pc: int) -> Tree:
        """Rests on `source-labels`, and on `tool-effects` for what the tool may have looked at."""
        found = self.known.result(tool, arguments, reads, pc)
        return leaf(self.anything) if TOOL_EFFECTS in self.dropped else self._every_tag(found)

    def made(self, step: str, context: int) -> int:
        """Rests on `llm-context`."""
        return self.anything if LLM_CONTEXT in self.dropped else self.known.made(step, context)

    def released(self, release: str, arguments: Environment, pc: int) -> Tree:
        """What a sanitiser removes rests on it; what a decision removes was decided."""
        found = self.known.released(release, arguments, pc)
        if release not in self.dropped:
            return found
        return leaf(union(arguments.values()) | self.known.table.bits[residue(release)] | pc)

    def answered(self, principal: str, pc: int) -> Tree:
        """Rests on `source-labels`."""
        return self._every_tag(self.known.answered(principal, pc))

    def received(self, step: str, sender: str | None, inbox: int, pc: int) -> Tree:
        """What the inbox holds, whoever filled it."""
        return self.known.received(step, sender, inbox, pc)

    def stored(self, store: core.Store) -> Tree:
        """Rests on `source-labels` for what it starts with, on its `writers` and on `tool-effects` for all else."""
        if not self.dropped.isdisjoint((writers(store.symbol), TOOL_EFFECTS)):
            return leaf(self.anything)
        return self._every_tag(self.known.stored(store))

    def inbox(self, principal: str) -> int:
        """Rests on its `senders` and on `tool-effects`."""
        filled = not self.dropped.isdisjoint((senders(principal), TOOL_EFFECTS))
        return self.anything if filled else self.known.inbox(principal)

    def approved(self, principal: str, shown: int, ever: int) -> int:
        """Rests on `approval-shows`."""
        if APPROVAL_SHOWS in self.dropped:
            return self.known.approved(principal, self.anything, self.anything)
        return self.known.approved(principal, shown, ever)

    def presented(self, value: Tree) -> Tree:
        """Rests on `approval-shows`."""
        return raised(value, self.anything) if APPROVAL_SHOWS in self.dropped else value

    def fits(self, hidden: Type, wanted: Type) -> bool:
        """Rests on `typed-outputs`."""
        return TYPED_OUTPUTS in self.dropped or self.known.fits(hidden, wanted)


def careless(program: core.Program) -> core.Program:
    """The program whose tools read and write every store and send all they get and read to every channel."""
    everywhere = frozenset(program.stores)
    tools = {
        symbol: attrs.evolve(
            tool,
            reads=everywhere,
            writes=everywhere,
            emits=tuple(core.Emission(channel, None, None, span=tool.span) for channel in program.channels),
        )
        for symbol, tool in program.tools.items()
    }
    return attrs.evolve(program, tools=tools)
