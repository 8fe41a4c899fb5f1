"""Type expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TypeAlias

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import is_option, scalar
from wfcheck.dsl.elaboration.context import MISSING, Context, Entity, Env, article
from wfcheck.dsl.elaboration.folding import constant, refuted
from wfcheck.dsl.elaboration.names import did_you_mean
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import (
    ANY,
    SCALARS,
    EnumType,
    ListType,
    MapType,
    OptionType,
    RecordType,
    RefinedType,
    Type,
    base,
    members,
    show,
)

Condition: TypeAlias = Callable[[Context, Env, syntax.Expr], core.Expr]
MAX_TYPE_DEPTH = 60


@attrs.frozen
class Typing:
    """How deep a type expression stands, and how its conditions are elaborated."""

    context: Context
    module: str
    condition: Condition
    depth: int = 0


def elaborate_type_with(typing: Typing, expression: syntax.TypeExpr, name: str | None) -> Type:
    """The type that an expression writes; `name`: of the declaration it stands in. Mistakes are reported and count as `any`."""
    if typing.depth > MAX_TYPE_DEPTH:
        typing.context.report("WF340", "the type is nested too deeply", expression.span)
        return ANY
    inner = attrs.evolve(typing, depth=typing.depth + 1)
    match expression:
        case syntax.TypeName():
            return _named(typing, expression.name)
        case syntax.TypeList(item=item):
            return ListType(elaborate_type_with(inner, item, None))
        case syntax.TypeOption(base=item):
            option = elaborate_type_with(inner, item, None)
            return option if is_option(option) else OptionType(option)
        case syntax.TypeMap():
            return _map(inner, expression)
        case syntax.TypeEnum(members=idents):
            _duplicates(typing.context, idents, "the member")
            return EnumType(name, tuple(dict.fromkeys(ident.text for ident in idents)))
        case syntax.TypeRecord(fields=fields):
            _duplicates(typing.context, (f.name for f in fields), "the field")
            types = {f.name.text: elaborate_type_with(inner, f.type, None) for f in reversed(fields)}
            return RecordType(name, tuple(reversed(types.items())))
        case syntax.TypeRefined():
            return _refined(inner, expression, name)


def _duplicates(context: Context, idents: Iterable[syntax.Ident], what: str) -> None:
    seen: dict[str, Span] = {}
    for ident in idents:
        if ident.text in seen:
            context.report(
                "WF314",
                f"{what} `{ident.text}` is declared twice",
                ident.span,
                labels=[(seen[ident.text], "first declared here")],
            )
        seen.setdefault(ident.text, ident.span)


def _map(typing: Typing, expression: syntax.TypeMap) -> Type:
    key = elaborate_type_with(typing, expression.key, None)
    value = elaborate_type_with(typing, expression.value, None)
    if scalar(key) is None and not isinstance(base(key), EnumType) and base(key) != ANY:
        typing.context.report(
            "WF315",
            f"`{show(key)}` cannot be the key of a map",
            expression.key.span,
            help="use a scalar or an enum",
        )
        return MapType(ANY, value)
    return MapType(key, value)


def _named(typing: Typing, name: syntax.Ident) -> Type:
    context, module = typing.context, typing.module
    parts = context.parts(module, name) or ()
    entity = context.lookup(module, parts, frozenset({"type"}))
    if entity is not None and entity.kind == "type":
        return declared_type(typing, entity)
    if name.text == "any":
        return ANY
    if name.text in SCALARS:
        return SCALARS[name.text]
    if entity is None and not context.unseen(module, parts):
        pool = {*SCALARS, "any", "list", "map", *context.candidates(module, frozenset({"type"}))}
        context.report(
            "WF317", f"no type is called `{name.text}`", name.span, help=did_you_mean(name.text, pool)
        )
    elif entity is not None and entity.kind != MISSING:
        labels = [(entity.span, "declared here")]
        message = f"`{name.text}` is {article(entity.kind)}, where a type is wanted"
        context.report("WF202", message, name.span, labels=labels)
    return ANY


def declared_type(typing: Typing, entity: Entity) -> Type:
    """The type that a declaration names, elaborated at its first use."""
    context = typing.context
    if entity.symbol in context.types:
        return context.types[entity.symbol]
    declaration = entity.declaration
    assert isinstance(declaration, syntax.TypeDecl)
    if entity.symbol in context.pending_types:
        context.report(
            "WF318",
            f"the type `{entity.name}` contains itself",
            entity.span,
            help="use `any` or a list of keys",
        )
        return ANY
    context.pending_types.add(entity.symbol)
    inside = attrs.evolve(typing, module=entity.module)
    made = elaborate_type_with(inside, declaration.type, entity.name)
    context.pending_types.discard(entity.symbol)
    context.types.setdefault(entity.symbol, made)
    return context.types[entity.symbol]


# ---------------------------------------------------------------- refinements


def _refined(typing: Typing, expression: syntax.TypeRefined, name: str | None) -> Type:
    inner = elaborate_type_with(typing, expression.base, None)
    env = Env(typing.module, it=inner, what="a refinement")
    condition = typing.condition(typing.context, env, expression.condition)
    refined = RefinedType(name, inner, condition)
    if _empty(refined):
        typing.context.report(
            "WF316",
            "no value satisfies this refinement",
            expression.condition.span,
            notes=(f"it is over `{show(inner)}`",),
        )
    return refined


def _empty(refined: RefinedType) -> bool:
    known = constant(refined.condition)
    if known is not None:
        return known.value is False
    names = members(refined)
    if names is not None:
        return all(refuted(refined, name) is not None for name in names)
    return _no_room(refined)


def _no_room(refined: RefinedType) -> bool:
    """Whether the comparisons of `it` with numbers leave no number."""
    low: tuple[Fraction, bool] | None = None
    high: tuple[Fraction, bool] | None = None
    for op, bound in _bounds(refined):
        strict = op in {"<", ">"}
        if op in {">", ">=", "=="}:
            low = max(low, (bound, strict)) if low else (bound, strict)
        if op in {"<", "<=", "=="}:
            high = min(high, (bound, not strict)) if high else (bound, not strict)
    if low is None or high is None:
        return False
    if scalar(refined) == "int":
        return _first_above(*low) > _last_below(high[0], not high[1])
    return low[0] > high[0] or (low[0] == high[0] and (low[1] or not high[1]))


def _first_above(bound: Fraction, strict: bool) -> int:
    up = -(-bound.numerator // bound.denominator)
    return up + 1 if strict and up == bound else up


def _last_below(bound: Fraction, strict: bool) -> int:
    down = bound.numerator // bound.denominator
    return down - 1 if strict and down == bound else down


FLIP = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


def _bounds(refined: RefinedType) -> Iterable[tuple[str, Fraction]]:
    stack: list[core.Expr] = [refined.condition]
    if isinstance(refined.base, RefinedType):
        yield from _bounds(refined.base)
    while stack:
        match stack.pop():
            case core.Apply(op="and", args=args):
                stack.extend(args)
            case core.Apply(op=op, args=(core.Variable(kind="it"), other)) if op in FLIP:
                yield from ((op, bound) for bound in _number(other))
            case core.Apply(op=op, args=(other, core.Variable(kind="it"))) if op in FLIP:
                yield from ((FLIP[op], bound) for bound in _number(other))
            case _:
                pass


def _number(expression: core.Expr) -> tuple[Fraction, ...]:
    known = constant(expression)
    if known is None or isinstance(known.value, bool) or not isinstance(known.value, int | Fraction):
        return ()
    return (Fraction(known.value),)
