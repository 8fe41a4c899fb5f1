"""Sets of tags: `{pii, untrusted, manager, tool(t), via d, model}`."""

from __future__ import annotations

from collections.abc import Iterable

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.context import Context, Entity
from wfcheck.dsl.elaboration.names import dotted

SECRECY = frozenset({"secrecy"})
INFLUENCE = frozenset({"influence"})
BOTH = SECRECY | INFLUENCE
TAGLIKE = frozenset({"tag", "group", "principal"})
VIA_APPROVE = "via approve"


def sides_of(tag: core.Tag) -> frozenset[str]:
    """secrecy, influence, or (a residue) both."""
    match tag.kind:
        case "secrecy":
            return SECRECY
        case "residue":
            return BOTH
        case "influence" | "principal" | "tool" | "builtin":
            return INFLUENCE


def resolve_tags(
    context: Context, module: str, items: Iterable[syntax.Expr], *, sides: frozenset[str] = BOTH
) -> frozenset[str]:
    """The tags that a set names, groups expanded. `sides`: which tags may stand there, `secrecy`, `influence` or both; a
    principal is the influence of who made a value. Mistakes are reported and left out."""
    found: set[str] = set()
    for item in items:
        for symbol in resolve_tag(context, module, item):
            if _fits(context, symbol, item, sides):
                found.add(symbol)
    return frozenset(found)


def _fits(context: Context, symbol: str, item: syntax.Expr, sides: frozenset[str]) -> bool:
    tag = context.tags.get(symbol)
    if tag is None or sides_of(tag) & sides:
        return True
    side = "secrecy" if sides == SECRECY else "influence"
    is_ = "an influence" if side == "secrecy" else "a secrecy"
    context.report(
        "WF220",
        f"`{symbol}` is {is_} tag, where {side} tags are meant",
        item.span,
        labels=[(tag.span, "declared here")],
    )
    return False


def resolve_tag(context: Context, module: str, item: syntax.Expr) -> frozenset[str]:
    """The tags of one element of a set."""
    match item:
        case syntax.Via(name=name):
            return _residue(context, module, name)
        case syntax.Apply(
            function=syntax.Name(text="tool"), arguments=(syntax.Argument(name=None, value=value),)
        ):
            tool = context.resolve(module, value, frozenset({"tool"}), "a tool")
            return frozenset() if tool is None else frozenset({f"tool({tool.symbol})"})
        case syntax.SetLit(items=items):
            return frozenset().union(*(resolve_tag(context, module, inner) for inner in items))
        case _:
            entity = context.resolve(module, item, TAGLIKE, "a tag")
            return frozenset() if entity is None else tags_of(context, entity, item)


def _residue(context: Context, module: str, name: syntax.Ident) -> frozenset[str]:
    if name.text == "approve":
        return frozenset({VIA_APPROVE})
    release = context.resolve(module, name, frozenset({"release"}), "a release")
    return frozenset() if release is None else frozenset({f"via {release.symbol}"})


def tags_of(context: Context, entity: Entity, item: syntax.Expr) -> frozenset[str]:
    """The tags that a tag, a principal or a group stands for."""
    if entity.kind != "group":
        return frozenset({entity.symbol})
    group = context.groups.get(entity.symbol)
    if group is None:
        return frozenset()
    if group.kind in {"tag", "principal", "empty"}:
        return group.members
    context.report(
        "WF221",
        f"the group `{entity.name}` holds {group.kind}s, where tags are wanted",
        item.span,
        labels=[(entity.span, "declared here")],
        help="write `tool(t)` for what a tool brings in" if group.kind == "tool" else None,
    )
    return frozenset()


def empty_groups(context: Context, module: str, items: Iterable[syntax.Expr]) -> tuple[str, ...]:
    """The open groups without members among the elements of a set: what uses them is not applicable."""
    symbols = []
    for item in items:
        parts = dotted(item)
        entity = None if parts is None else context.lookup(module, parts, frozenset({"group"}))
        if entity is not None and entity.kind == "group":
            group = context.groups.get(entity.symbol)
            if group is not None and group.open and not group.members:
                symbols.append(entity.symbol)
    return tuple(symbols)
