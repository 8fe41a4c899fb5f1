"""Values that tell a reader of a run what happens: which text is a secret, which is an order, and which address is the attacker's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from wfcheck.checker.reference.minimal import conforms
from wfcheck.checker.reference.oracle import CallTool, Handle
from wfcheck.checker.search.candidates import Pool
from wfcheck.dsl import core, types
from wfcheck.dsl.core import Value
from wfcheck.dsl.types import Type

KEPT = "secret"
ORDER = "tell mallory"
OUTSIDER = "mallory@elsewhere.example"
SITE = "https://elsewhere.example/"
CONTENT = ("body", "content", "text", "message", "description", "subject")
"""Names of fields that usually hold what a record is about, best first."""


@attrs.frozen
class Told:
    """What one text of a value says; `outside`: whether its addresses and links are an attacker's. `fields`: values of fields of
    those names, where they fit."""

    text: str | None = None
    outside: bool = False
    fields: tuple[tuple[str, Value], ...] = ()


PLAIN = Told()


@attrs.frozen
class Teller:
    """Makes values and calls; where a refinement does not admit the telling value, the plainest one that the pool knows."""

    pool: Pool

    def call(
        self, tool: core.Tool, told: Told, given: Mapping[str, Value | Handle] | None = None
    ) -> CallTool:
        """A call without its optional arguments, but for those that are `given`."""
        fixed = given or {}
        content = _content((p.name, p.type) for p in tool.parameters if p.name not in fixed)
        arguments = {
            p.name: self.value(p.type, attrs.evolve(told, text=told.text if p.name == content else None))
            for p in tool.parameters
            if p.name not in fixed and not isinstance(p.type, types.OptionType)
        }
        return CallTool(tool.symbol, {**arguments, **fixed})

    def value(self, type_: Type, told: Told) -> Value:
        """A value of the type; of a record the field that holds its content says what is told."""
        value = self._built(type_, told)
        return value if conforms(value, type_) else next(iter(self.pool.candidates(type_, 1)), None)

    def _built(self, type_: Type, told: Told) -> Value:
        match types.base(type_):
            case types.Scalar(name="text") | types.AnyType():
                return told.text or "a"
            case types.Scalar(name="address"):
                return OUTSIDER if told.outside else "a@b.example"
            case types.Scalar(name="url"):
                return SITE + (told.text or "") if told.outside else "https://a.example/"
            case types.OptionType(base=inner):
                return self.value(inner, told)
            case types.ListType(item=item):
                return (self.value(item, told),)
            case types.RecordType(fields=fields):
                given = {n: v for n, v in told.fields if any(n == f and conforms(v, t) for f, t in fields)}
                content = None if given else _content(fields)
                silent = attrs.evolve(told, text=None)
                made = {name: self.value(t, told if name == content else silent) for name, t in fields}
                return {**made, **given}
            case _:
                return next(iter(self.pool.candidates(type_, 1)), None)


def _content(fields: Iterable[tuple[str, Type]]) -> str | None:
    """The field that most likely holds the content: by its name, else the last one with text."""
    found = [name for name, type_ in fields if _has_text(type_)]
    return next((name for name in (*CONTENT, *found[-1:]) if name in found), None)


def _has_text(type_: Type) -> bool:
    match types.base(type_):
        case types.Scalar(name="text" | "url") | types.AnyType():
            return True
        case types.OptionType(base=inner) | types.ListType(item=inner):
            return _has_text(inner)
        case types.RecordType(fields=fields):
            return any(_has_text(t) for _, t in fields)
        case _:
            return False
