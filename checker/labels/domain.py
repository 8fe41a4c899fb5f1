"""What each source of a value adds to its label: the transfer functions, apart from the order of the statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias, assert_never

import attrs

from wfcheck.checker.labels.table import MODEL, Table
from wfcheck.checker.labels.tree import ELEMENT, EMPTY, Tree, grown, join, joined, leaf, make, raised, union
from wfcheck.checker.labels.type_overlap import may_share
from wfcheck.dsl import core
from wfcheck.dsl.types import Type

Environment = Mapping[str, Tree]


class Domain(Protocol):
    """What the walk over a workflow asks of an abstraction of values; see `LabelDomain` for the labels proper."""

    @property
    def implicit(self) -> bool:
        """Whether decisions count (False: the control label stays empty)."""
        ...

    @property
    def doubts(self) -> Mapping[str, int]:
        """Assumptions that are not made, each with what may come in for want of it (see `worst`)."""
        ...

    @property
    def bounded(self) -> bool:
        """Whether an agent makes no more steps than it may."""
        ...

    @property
    def everything(self) -> int:
        """What a value carries of which nothing is known."""
        ...

    def value(self, expression: core.Expr, env: Environment, bound: Environment) -> Tree:
        """An expression over local variables and bound names."""
        ...

    def parameter(self, workflow: str, parameter: core.Param) -> Tree:
        """A parameter of a workflow that is started from outside."""
        ...

    def passed(self, workflow: str, parameter: core.Param, value: Tree) -> Tree:
        """A parameter of an inlined workflow."""
        ...

    def argument(self, tool: core.Tool, name: str, value: Tree) -> Tree:
        """What an argument of a call carries."""
        ...

    def result(self, tool: core.Tool, arguments: Environment, reads: int, pc: int) -> Tree:
        """The result of a call."""
        ...

    def made(self, step: str, context: int) -> int:
        """What an oracle makes of its context."""
        ...

    def released(self, release: str, arguments: Environment, pc: int) -> Tree:
        """The result of a release."""
        ...

    def answered(self, principal: str, pc: int) -> Tree:
        """The answer of a principal that was asked."""
        ...

    def received(self, step: str, sender: str | None, inbox: int, pc: int) -> Tree:
        """A message taken from an inbox."""
        ...

    def stored(self, store: core.Store) -> Tree:
        """What a store holds before the first run."""
        ...

    def inbox(self, principal: str) -> int:
        """What an inbox holds before the first run."""
        ...

    def approved(self, principal: str, shown: int, ever: int) -> int:
        """What a decision of an approver adds to the control label; `ever`: what approvers were shown before, too."""
        ...

    def presented(self, value: Tree) -> Tree:
        """What an approver sees of a value that is shown."""
        ...

    def fits(self, hidden: Type, wanted: Type) -> bool:
        """Whether a handle for a hidden result may stand where a type is wanted."""
        ...


def evaluate(
    domain: Domain, expression: core.Expr, env: Environment, bound: Environment, unknown: int
) -> Tree:
    """The label of an expression: structure is kept by records, lists, fields, indices and conditionals only.

    `unknown` is the mask of what no workflow can read (records of earlier events)."""
    match expression:
        case core.Literal():
            return EMPTY
        case core.Variable(name=name, kind="local"):
            return env[name]
        case core.Variable(name=name, kind=kind):
            return EMPTY if kind == "now" else bound.get(name, leaf(unknown))
        case core.Field(base=base, name=name):
            return domain.value(base, env, bound).part(name)
        case core.Index(base=base, index=index):
            tree = domain.value(base, env, bound)
            return raised(tree.element(), tree.own | domain.value(index, env, bound).every)
        case core.Apply(op="ite", args=(condition, first, second)):
            either = join(domain.value(first, env, bound), domain.value(second, env, bound))
            return raised(either, domain.value(condition, env, bound).every)
        case core.Apply():
            return leaf(union(domain.value(e, env, bound) for e in operands(expression)))
        case _:
            return _built(domain, expression, env, bound, unknown)


Built: TypeAlias = (
    core.MakeRecord
    | core.MakeList
    | core.Quantified
    | core.Lookup
    | core.Known
    | core.LastEvent
    | core.EarlierEvent
)


def _built(domain: Domain, expression: Built, env: Environment, bound: Environment, unknown: int) -> Tree:
    match expression:
        case core.MakeRecord(fields=fields):
            return make(0, {name: domain.value(value, env, bound) for name, value in fields})
        case core.MakeList(items=items):
            return make(0, {ELEMENT: joined(domain.value(i, env, bound) for i in items)})
        case core.Quantified():
            return leaf(_quantified(domain, expression, env, bound))
        case core.Lookup(key=key):
            return leaf(domain.value(key, env, bound).every)
        case core.Known() | core.LastEvent() | core.EarlierEvent():
            return leaf(unknown)
        case _:
            assert_never(expression)


def operands(expression: core.Apply) -> list[core.Expr]:
    """What a nest of strict operators is applied to (a chain of ten thousand sums is one nest)."""
    found: list[core.Expr] = []
    stack: list[core.Expr] = [expression]
    while stack:
        top = stack.pop()
        if isinstance(top, core.Apply) and top.op != "ite":
            stack.extend(top.args)
        else:
            found.append(top)
    return found


def _quantified(domain: Domain, expression: core.Quantified, env: Environment, bound: Environment) -> int:
    sources = [domain.value(source, env, bound) for source in expression.sources]
    elements = {n: raised(t.element(), t.own) for n, t in zip(expression.binders, sources, strict=True)}
    return union(sources) | domain.value(expression.body, env, {**bound, **elements}).every


@attrs.frozen(slots=False)
class LabelDomain:
    """The label rules of docs/guarantees.md. `implicit` False: data only, as `explicit` flow rules ask."""

    table: Table
    implicit: bool = True
    doubts: Mapping[str, int] = {}
    bounded: bool = True

    @property
    def everything(self) -> int:
        """Every tag."""
        return self.table.every_tag

    def value(self, expression: core.Expr, env: Environment, bound: Environment) -> Tree:
        """See `evaluate`."""
        return evaluate(self, expression, env, bound, self.table.every_tag)

    def parameter(self, workflow: str, parameter: core.Param) -> Tree:
        """The tags of its `from {..}`, or every tag; and what rules call by its name."""
        sources = parameter.sources
        mask = self.table.every_tag if sources is None else self.table.mask(sources)
        return self.passed(workflow, parameter, leaf(mask))

    def passed(self, workflow: str, parameter: core.Param, value: Tree) -> Tree:
        """The argument as it is; and what rules call by the parameter's name."""
        for source in self.table.sources:
            match source.end:
                case core.ParameterEnd(workflow=owner, parameter=parameter.name, path=path) if (
                    owner is None or owner == workflow
                ):
                    value = grown(value, path, self.table.bits[source.symbol])
                case _:
                    pass
        return value

    def argument(self, tool: core.Tool, name: str, value: Tree) -> Tree:
        """The value itself; and what rules call `tool.argument`."""
        for path, bit in self.table.argument_sources.get((tool.symbol, name), ()):
            value = grown(value, path, bit)
        return value

    def result(self, tool: core.Tool, arguments: Environment, reads: int, pc: int) -> Tree:
        """returns(t) + all a_i (less `independent of`) + label(reads) + pc; a condition of a clause may always hold."""
        inputs = union(v for name, v in arguments.items() if name not in tool.independent)
        tree = leaf(inputs | reads | pc)
        for clause in tool.returns:
            tree = grown(tree, clause.path, self.table.mask(clause.tags))
        for path, bit in self.table.result_sources.get(tool.symbol, ()):
            tree = grown(tree, path, bit)
        return tree

    def made(self, step: str, context: int) -> int:
        """{model} + all of ctx, whatever the type."""
        return self.table.bits[MODEL] | context | self.table.step_sources.get(step, 0)

    def released(self, release: str, arguments: Environment, pc: int) -> Tree:
        """(G(x) minus removes) + {via d} + pc."""
        return leaf(self.table.released(release, union(arguments.values())) | pc)

    def answered(self, principal: str, pc: int) -> Tree:
        """The principal's own influence + pc."""
        return leaf(self.table.mask((principal,)) | pc)

    def received(self, step: str, sender: str | None, inbox: int, pc: int) -> Tree:
        """label(inbox) + pc, and the sender that is relied on."""
        named = 0 if sender is None else self.table.mask((sender,))
        return leaf(inbox | pc | named | self.table.step_sources.get(step, 0))

    def stored(self, store: core.Store) -> Tree:
        """The tags of `holds`."""
        return leaf(self.table.mask(store.holds) | self.table.store_sources.get(store.symbol, 0))

    def approved(self, principal: str, shown: int, ever: int) -> int:
        """{p} + influence of what was shown, less what p trusts, + the residue of the approval."""
        return self.table.approved(principal, shown) | self.table.approval_marks(ever)

    def inbox(self, principal: str) -> int:
        """Nothing."""
        del principal
        return 0

    def presented(self, value: Tree) -> Tree:
        """The value itself."""
        return value

    def fits(self, hidden: Type, wanted: Type) -> bool:
        """Only where a value may be of both types."""
        return may_share(hidden, wanted)
