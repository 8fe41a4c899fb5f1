"""Principals, channels and stores: who acts, and where things go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal as OneOf

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.consistency import is_any, item_of
from wfcheck.dsl.elaboration.context import Context, Entity
from wfcheck.dsl.elaboration.declaration_group import emits_unknown, entities, every_tag
from wfcheck.dsl.elaboration.expression import elaborate_type, resolve_tags
from wfcheck.dsl.elaboration.expression_tags import INFLUENCE, SECRECY
from wfcheck.dsl.elaboration.names import did_you_mean, listing
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import MapType, RecordType, Type, base, show

PrincipalKind = OneOf["human", "agent", "service"]
KINDS: tuple[PrincipalKind, ...] = ("human", "agent", "service")
NOWHERE = Span("<built-in>", 0, 0, 1, 1, 1, 1)


def elaborate_principals(context: Context) -> None:
    """Fills `context.principals`; the built-in `user` is a human of whom nothing is promised and who trusts themselves."""
    user = core.Principal("user", "human", None, frozenset({"user"}), None, span=NOWHERE)
    context.principals["user"] = user
    for entity in entities(context, "principal"):
        context.principals[entity.symbol] = _principal(context, entity)
    _check_chains(context)


def _principal(context: Context, entity: Entity) -> core.Principal:
    declaration = entity.declaration
    assert isinstance(declaration, syntax.PrincipalDecl)
    module = entity.module
    clears = _optional_tags(context, module, declaration.clears, SECRECY)
    trusts = _optional_tags(context, module, declaration.trusts, INFLUENCE) or frozenset()
    acts_for = None
    if declaration.acts_for is not None:
        found = context.resolve(module, declaration.acts_for, frozenset({"principal"}), "a principal")
        acts_for = None if found is None else found.symbol
    kind = _kind(context, declaration.kind)
    span = declaration.span
    return core.Principal(entity.symbol, kind, clears, trusts | {entity.symbol}, acts_for, span=span)


def _optional_tags(
    context: Context, module: str, items: Iterable[syntax.Expr] | None, sides: frozenset[str]
) -> frozenset[str] | None:
    return None if items is None else resolve_tags(context, module, items, sides=sides)


def _kind(context: Context, word: syntax.Ident) -> PrincipalKind:
    for kind in KINDS:
        if word.text == kind:
            return kind
    help_ = did_you_mean(word.text, KINDS) or f"a principal is {listing(KINDS).replace(' and ', ' or ')}"
    context.report("WF239", f"`{word.text}` is no kind of principal", word.span, help=help_)
    return "agent"


def _check_chains(context: Context) -> None:
    settled: set[str] = set()
    for start in context.principals:
        trail: list[str] = []
        at: str | None = start
        while at is not None and at not in settled and at not in trail:
            trail.append(at)
            at = context.principals[at].acts_for if at in context.principals else None
        if at is not None and at in trail:
            _cycle(context, trail[trail.index(at) :])
        settled.update(trail)


def _cycle(context: Context, members: list[str]) -> None:
    spans = [context.principals[symbol].span for symbol in members]
    context.report(
        "WF238",
        f"{listing(members)} act{'s' if len(members) == 1 else ''} for {'itself' if len(members) == 1 else 'each other'}",
        spans[0],
        labels=[(span, "declared here") for span in spans[1:]],
    )


# ---------------------------------------------------------------- channels and stores


def elaborate_channels(context: Context) -> None:
    """Fills `context.channels`: declared ones, and one for each tool that does not say where its arguments go."""
    for entity in entities(context, "channel"):
        declaration = entity.declaration
        assert isinstance(declaration, syntax.ChannelDecl)
        clears = _optional_tags(context, entity.module, declaration.clears, SECRECY)
        context.channels[entity.symbol] = core.Channel(
            entity.symbol, clears, implied=False, span=declaration.span
        )
    for entity in entities(context, "tool"):
        if emits_unknown(entity) and entity.span is not None:
            context.channels[entity.symbol] = core.Channel(
                entity.symbol, None, implied=True, span=entity.span
            )


def elaborate_stores(context: Context) -> None:
    """Fills `context.stores`."""
    for entity in entities(context, "store"):
        declaration = entity.declaration
        assert isinstance(declaration, syntax.StoreDecl)
        type_ = elaborate_type(context, entity.module, declaration.type)
        holds = _optional_tags(context, entity.module, declaration.holds, SECRECY | INFLUENCE)
        context.stores[entity.symbol] = core.Store(
            entity.symbol,
            type_,
            _partition(context, declaration, type_),
            every_tag(context) if holds is None else holds,
            span=declaration.span,
        )


def _partition(context: Context, declaration: syntax.StoreDecl, type_: Type) -> str | None:
    key = declaration.partition
    if key is None:
        return None
    bare = base(type_)
    element = base(item_of(bare) or bare)
    if isinstance(bare, MapType) or is_any(element):
        return key.text
    fields = [name for name, _ in element.fields] if isinstance(element, RecordType) else []
    if key.text not in fields:
        context.report(
            "WF240",
            f"`{show(type_)}` has no field `{key.text}` to partition by",
            key.span,
            help=did_you_mean(key.text, fields)
            or "partition by a field of the stored record, or store a map",
        )
    return key.text
