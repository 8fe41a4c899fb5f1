"""Where values were copied from: the abstraction behind `require ARG from only SET`.

The same walk as for labels, with another reading of the bits: a bit names a place from which the very value was copied (a field of
a result, a parameter, a release), or says that the value stands in the text of the workflow, was computed, or was made by an
oracle. Decisions do not count: what is asked is whose value it is, not who chose it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import assert_never

import attrs

from wfcheck.checker.labels.domain import Environment
from wfcheck.checker.labels.table import Table
from wfcheck.checker.labels.tree import ELEMENT, EMPTY, Tree, join, joined, leaf, make
from wfcheck.checker.labels.type_overlap import may_share
from wfcheck.dsl import core
from wfcheck.dsl.types import ListType, MapType, OptionType, RecordType, Type, base

Place = tuple[str, str, core.FieldPath]
"""(result | parameter | release | answer | message | store | table | computed | made, its name, field path)."""

DEPTH = 5


@attrs.define(slots=False)
class OriginDomain:
    """Bits are handed out on demand: `places` says what each means."""

    table: Table
    implicit: bool = False
    bounded: bool = True
    everything: int = 0
    doubts: Mapping[str, int] = attrs.field(factory=dict)
    bits: dict[Place, int] = attrs.field(factory=dict)

    def bit(self, kind: str, name: str, path: core.FieldPath = ()) -> int:
        """The bit of a place."""
        return self.bits.setdefault((kind, name, path), 1 << len(self.bits))

    @cached_property
    def computed(self) -> int:
        """Computed by the workflow from other values."""
        return self.bit("computed", "")

    def places(self, mask: int) -> tuple[Place, ...]:
        """What the bits of a mask mean, in the order they were first met."""
        return tuple(place for place, bit in self.bits.items() if bit & mask)

    def spread(self, kind: str, name: str, type_: Type, path: core.FieldPath = ()) -> Tree:
        """A value from one place: a bit of its own for every field that its type names."""
        own = self.bit(kind, name, path)
        if len(path) >= DEPTH:
            return leaf(own)
        return make(own, {n: self.spread(kind, name, t, (*path, n)) for n, t in _parts(type_)})

    def value(self, expression: core.Expr, env: Environment, bound: Environment) -> Tree:
        """Copies keep their origin; everything else is computed."""
        match expression:
            case core.Literal():
                return EMPTY
            case core.Variable(name=name, kind="local"):
                return env[name]
            case core.Variable(name=name):
                return bound.get(name, leaf(self.computed))
            case core.Field(base=inner, name=name):
                return self.value(inner, env, bound).part(name)
            case core.Index(base=inner):
                return self.value(inner, env, bound).element()
            case core.MakeRecord(fields=fields):
                return make(0, {name: self.value(value, env, bound) for name, value in fields})
            case core.MakeList(items=items):
                return make(0, {ELEMENT: joined(self.value(i, env, bound) for i in items)})
            case core.Apply(op="ite", args=(_, first, second)):
                return join(self.value(first, env, bound), self.value(second, env, bound))
            case core.Lookup(table=table):
                return leaf(self.bit("table", table))
            case core.Apply() | core.Quantified() | core.Known() | core.LastEvent() | core.EarlierEvent():
                return leaf(self.computed)
            case _:
                assert_never(expression)

    def parameter(self, workflow: str, parameter: core.Param) -> Tree:
        """A parameter is a place."""
        return self.spread("parameter", f"{workflow}.{parameter.name}", parameter.type)

    def passed(self, workflow: str, parameter: core.Param, value: Tree) -> Tree:
        """An inlined workflow gets the very value, which is now also that parameter's."""
        del workflow, parameter
        return value

    def argument(self, tool: core.Tool, name: str, value: Tree) -> Tree:
        """An argument is the value passed."""
        del tool, name
        return value

    def result(self, tool: core.Tool, arguments: Environment, reads: int, pc: int) -> Tree:
        """A result is a place, with one for each field."""
        del arguments, reads, pc
        return self.spread("result", tool.symbol, tool.result)

    def made(self, step: str, context: int) -> int:
        """What an oracle made is nobody else's value."""
        del context
        return self.bit("made", step)

    def released(self, release: str, arguments: Environment, pc: int) -> Tree:
        """A release is a place."""
        del arguments, pc
        return leaf(self.bit("release", release))

    def answered(self, principal: str, pc: int) -> Tree:
        """An answer is a place."""
        del pc
        return leaf(self.bit("answer", principal))

    def received(self, step: str, sender: str | None, inbox: int, pc: int) -> Tree:
        """A message is a place."""
        del step, inbox, pc
        return leaf(self.bit("message", sender or ""))

    def stored(self, store: core.Store) -> Tree:
        """What a store holds is a place."""
        return leaf(self.bit("store", store.symbol))

    def approved(self, principal: str, shown: int, ever: int) -> int:
        """Decisions do not count."""
        del principal, shown, ever
        return 0

    def inbox(self, principal: str) -> int:
        """Messages are a place of their own."""
        del principal
        return 0

    def presented(self, value: Tree) -> Tree:
        """Showing copies nothing."""
        return value

    def fits(self, hidden: Type, wanted: Type) -> bool:
        """Only where a value may be of both types."""
        return may_share(hidden, wanted)


def _parts(type_: Type) -> tuple[tuple[str, Type], ...]:
    match base(type_):
        case RecordType(fields=fields):
            return fields
        case ListType(item=item):
            return ((ELEMENT, item),)
        case MapType(value=value):
            return ((ELEMENT, value),)
        case OptionType(base=inner):
            return _parts(inner)
        case _:
            return ()


def named(type_: Type, path: core.FieldPath) -> bool:
    """Whether a part of a value of the type has a place of its own."""
    for step in path:
        parts = dict(_parts(type_))
        if step not in parts:
            return False
        type_ = parts[step]
    return len(path) <= DEPTH


def described(place: Place) -> str:
    """A place in the words of the language."""
    kind, name, path = place
    tail = "".join("[]" if step == ELEMENT else f".{step}" for step in path)
    words: Mapping[str, str] = {
        "result": f"the result of `{name}{tail}`",
        "parameter": f"the parameter `{name.rpartition('.')[2]}{tail}`",
        "release": f"the release `{name}`",
        "answer": f"an answer of `{name}`",
        "message": f"a message from `{name}`" if name else "a message",
        "store": f"the store `{name}`",
        "table": f"the table `{name}`",
        "computed": "a value computed in the workflow",
        "made": f"a value made by `{name}`",
    }
    return words[kind]
