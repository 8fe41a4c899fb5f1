"""Random expressions of a given type over the variables in scope."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import attrs
from generators import build as b
from generators.declarations import CHOICE, MAIL, MAILS, TEXTS

from wfcheck.dsl import core, types
from wfcheck.dsl.types import Type

SHARED_TEXTS = ("", "a", "go", "hello", "x@y.example")
VALUE_TYPES = (b.TEXT, b.BOOL, b.INT, CHOICE, MAIL, TEXTS, MAILS)
FIELD_TYPES = dict(MAIL.fields)


@attrs.frozen
class Expressions:
    """Makes expressions; `names` are the variables that are surely assigned, with their types."""

    random: Random
    names: Mapping[str, Type]

    def make(self, type_: Type, depth: int = 2) -> core.Expr:
        """An expression of the type: mostly a variable where there is one."""
        choices = self.variables(type_)
        if choices and self.random.random() < 0.65:
            return self.random.choice(choices)
        if depth <= 0 or self.random.random() < 0.35:
            return (
                self.random.choice(choices)
                if choices and self.random.random() < 0.5
                else self.constant(type_)
            )
        return self.compound(type_, depth - 1)

    def variables(self, type_: Type) -> list[core.Expr]:
        """Variables of the type, and fields of mails."""
        found: list[core.Expr] = [self.variable(n) for n, t in self.names.items() if t == type_]
        for name, owner in self.names.items():
            if owner == MAIL:
                fields = (f for f, t in MAIL.fields if t == type_)
                found += [core.Field(self.variable(name), f, type_, span=b.SPAN) for f in fields]
        return found

    def variable(self, name: str) -> core.Variable:
        """A local."""
        return core.Variable(name, "local", self.names[name], span=b.SPAN)

    def constant(self, type_: Type) -> core.Expr:
        """A literal, or a record or list of expressions."""
        match type_:
            case types.Scalar(name="bool"):
                return _literal(self.random.random() < 0.5, type_)
            case types.Scalar(name="int"):
                return _literal(self.random.randint(0, 3), type_)
            case types.EnumType(members=members):
                return _literal(self.random.choice(members), type_)
            case types.RecordType(fields=fields):
                made = tuple((name, self.make(part, 0)) for name, part in fields)
                return core.MakeRecord(made, type_, span=b.SPAN)
            case types.ListType(item=item):
                parts = tuple(self.make(item, 0) for _ in range(self.random.randint(0, 2)))
                return core.MakeList(parts, type_, span=b.SPAN)
            case _:
                return _literal(self.random.choice(SHARED_TEXTS), type_)

    def compound(self, type_: Type, depth: int) -> core.Expr:
        """An operator with operands."""
        if self.random.random() < 0.15:
            parts = (self.make(b.BOOL, depth), self.make(type_, depth), self.make(type_, depth))
            return core.Apply("ite", parts, type_, span=b.SPAN)
        match type_:
            case types.Scalar(name="bool"):
                return self.condition(depth)
            case types.Scalar(name="int"):
                return self.number(depth)
            case types.Scalar(name="text"):
                return self.apply(self.random.choice(["+", "+", "lower"]), type_, depth)
            case _:
                return self.constant(type_)

    def number(self, depth: int) -> core.Expr:
        """Arithmetic, or the length of a list."""
        if self.random.random() < 0.3:
            return core.Apply("length", (self.make(TEXTS, depth),), b.INT, span=b.SPAN)
        return self.apply(self.random.choice(["+", "-"]), b.INT, depth)

    def apply(self, op: str, type_: Type, depth: int) -> core.Expr:
        """An operator on operands of the result's type."""
        count = 1 if op in ("lower", "not") else 2
        return core.Apply(op, tuple(self.make(type_, depth) for _ in range(count)), type_, span=b.SPAN)

    def condition(self, depth: int = 1) -> core.Expr:
        """A Boolean."""
        kind = self.random.choice(["same", "same", "less", "logic", "logic", "not", "variable", "any"])
        match kind:
            case "same":
                of = self.random.choice([b.TEXT, b.INT, CHOICE])
                parts = (self.make(of, depth), self.make(of, 0))
                return core.Apply(self.random.choice(["==", "!="]), parts, b.BOOL, span=b.SPAN)
            case "less":
                parts = (self.make(b.INT, depth), self.make(b.INT, 0))
                return core.Apply(self.random.choice(["<", "<="]), parts, b.BOOL, span=b.SPAN)
            case "logic" if depth > 0:
                return self.apply(self.random.choice(["and", "or", "implies"]), b.BOOL, depth - 1)
            case "not" if depth > 0:
                return self.apply("not", b.BOOL, depth - 1)
            case "any" if depth > 0:
                return self.quantified()
            case _:
                return self.make(b.BOOL, 0)

    def quantified(self) -> core.Expr:
        """any t in texts: t == e"""
        bound = core.Variable("each", "bound", b.TEXT, span=b.SPAN)
        body = core.Apply("==", (bound, self.make(b.TEXT, 0)), b.BOOL, span=b.SPAN)
        kind = self.random.choice(["any", "all"])
        return core.Quantified(kind, ("each",), (self.make(TEXTS, 0),), body, b.BOOL, span=b.SPAN)  # type: ignore[arg-type]


def _literal(value: core.Value, type_: Type) -> core.Literal:
    return core.Literal(value, type_, span=b.SPAN)
