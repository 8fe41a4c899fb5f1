"""Tags and groups: everything that a set can name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal as OneOf

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.context import Context, Entity
from wfcheck.dsl.elaboration.expression_tags import VIA_APPROVE, resolve_tag
from wfcheck.dsl.source import Span

GroupKind = OneOf["tag", "tool", "channel", "principal", "store", "release", "empty"]
KINDS: tuple[GroupKind, ...] = ("tag", "tool", "channel", "principal", "store", "release")
MEMBERS = frozenset({"group", *KINDS})


def entities(context: Context, kind: str) -> list[Entity]:
    """Every declared entity of a kind, in the order of loading."""
    return [
        entity
        for names in context.names.values()
        for entity in (*names.own.values(), *names.policies.values())
        if entity.kind == kind and entity.declaration is not None
    ]


def elaborate_tags(context: Context) -> None:
    """Fills `context.tags`: built-in ones, declared ones, one per principal, tool and release."""
    tags = [core.Tag("user", "builtin"), core.Tag("model", "builtin")]
    for entity in entities(context, "tag"):
        declaration = entity.declaration
        assert isinstance(declaration, syntax.TagsDecl)
        secret = declaration.kind == "secrecy"
        tags.append(core.Tag(entity.symbol, "secrecy" if secret else "influence", entity.span))
    tags += [core.Tag(e.symbol, "principal", e.span) for e in entities(context, "principal")]
    tags += [core.Tag(f"tool({e.symbol})", "tool", e.span) for e in entities(context, "tool")]
    tags += [core.Tag(f"via {e.symbol}", "residue", e.span) for e in entities(context, "release")]
    tags.append(core.Tag(VIA_APPROVE, "residue"))
    context.tags.update((tag.symbol, tag) for tag in tags)
    context.declared_tags = frozenset(t.symbol for t in tags if t.kind in {"secrecy", "influence"})


def declared_tags(context: Context) -> frozenset[str]:
    """What silence about a result stands for: every declared tag."""
    return context.declared_tags


def every_tag(context: Context) -> frozenset[str]:
    """What silence about a store stands for: every tag but residues, which stand for tags that are all there anyway."""
    return frozenset(t.symbol for t in context.tags.values() if t.kind != "residue")


# ---------------------------------------------------------------- groups


@attrs.frozen
class _Addition:
    """A member that a file writes, with the file whose names it uses."""

    module: str
    item: syntax.Expr


@attrs.define
class _Groups:
    context: Context
    owners: dict[str, Entity]
    additions: dict[str, list[_Addition]]
    pending: list[str] = attrs.Factory(list)


def elaborate_groups(context: Context) -> None:
    """Fills `context.groups`; nested groups are expanded, `+=` of every file is counted in."""
    owners = {entity.symbol: entity for entity in entities(context, "group")}
    additions: dict[str, list[_Addition]] = {symbol: [] for symbol in (*owners, "trusted")}
    _gather(context, additions)
    groups = _Groups(context, owners, additions)
    _expand(groups, "trusted")
    channels = _external(context)
    context.groups["external"] = core.Group(
        "external", "channel" if channels else "empty", channels, open=False
    )
    context.groups["untrusted"] = core.Group("untrusted", "tag", _untrusted(context), open=False)
    for symbol in owners:
        _expand(groups, symbol)


def _gather(context: Context, additions: dict[str, list[_Addition]]) -> None:
    for path, loaded in context.modules.items():
        for item in loaded.tree.items:
            declaration = item.declaration
            if not isinstance(declaration, syntax.GroupDecl):
                continue
            symbol = _target(context, path, declaration)
            if symbol is not None:
                additions[symbol] += [_Addition(path, member) for member in declaration.members]


def _target(context: Context, path: str, declaration: syntax.GroupDecl) -> str | None:
    name = declaration.name
    if declaration.operator != "+=":
        entity = context.names[path].own.get(name.text)
        if entity is None or not (entity.symbol == "trusted" or entity.declaration is declaration):
            return None  # a second declaration of the name, reported as such
        return entity.symbol
    entity = context.resolve(path, name, frozenset({"group"}), "a group")
    if entity is None:
        return None
    if entity.symbol in {"external", "untrusted"}:
        help_ = {
            "external": "a channel is external while it has no `clears`",
            "untrusted": "influence is untrusted unless it is in the group `trusted`",
        }[entity.symbol]
        context.report(
            "WF225", f"nothing can be added to the built-in group `{name.text}`", name.span, help=help_
        )
        return None
    return entity.symbol


def _external(context: Context) -> frozenset[str]:
    channels = {e.symbol for e in entities(context, "channel") if _without_clears(e)}
    return frozenset(channels | {e.symbol for e in entities(context, "tool") if emits_unknown(e)})


def _without_clears(entity: Entity) -> bool:
    return isinstance(entity.declaration, syntax.ChannelDecl) and entity.declaration.clears is None


def emits_unknown(entity: Entity) -> bool:
    """Whether a tool says nothing about where its arguments go."""
    tool = entity.declaration
    assert isinstance(tool, syntax.ToolDecl)
    return not any(isinstance(clause, syntax.EmitsClause | syntax.PureClause) for clause in tool.clauses)


def _untrusted(context: Context) -> frozenset[str]:
    trusted = context.groups["trusted"].members
    influence = {t.symbol for t in context.tags.values() if t.kind in {"influence", "tool"}}
    return frozenset(influence - trusted)


def _expand(groups: _Groups, symbol: str) -> core.Group:
    context = groups.context
    if symbol in context.groups:
        return context.groups[symbol]
    groups.pending.append(symbol)
    found: dict[str, tuple[str, Span]] = {}
    for addition in groups.additions[symbol]:
        for member, kind in _members(groups, addition):
            found.setdefault(member, (kind, addition.item.span))
    groups.pending.pop()
    owner = groups.owners.get(symbol)
    common: GroupKind = "tag" if symbol == "trusted" else _common(context, owner, found)
    if symbol == "trusted":
        found = _only_tags(context, found)
    group = core.Group(
        symbol, common, frozenset(found), _is_open(owner), None if owner is None else owner.span
    )
    context.groups[symbol] = group
    return group


def _only_tags(context: Context, found: dict[str, tuple[str, Span]]) -> dict[str, tuple[str, Span]]:
    for member, (kind, span) in found.items():
        if kind not in {"tag", "principal"}:
            context.report("WF221", f"`{member}` is a {kind}, and the group `trusted` holds tags", span)
    return {member: place for member, place in found.items() if place[0] in {"tag", "principal"}}


def _is_open(owner: Entity | None) -> bool:
    return owner is None or (
        isinstance(owner.declaration, syntax.GroupDecl) and owner.declaration.operator is None
    )


def _members(groups: _Groups, addition: _Addition) -> Iterable[tuple[str, str]]:
    context, item = groups.context, addition.item
    if isinstance(item, syntax.Via | syntax.Apply | syntax.SetLit):
        return [(tag, "tag") for tag in resolve_tag(context, addition.module, item)]
    what = "a tag, tool, channel, principal, store, release or group"
    entity = context.resolve(addition.module, item, MEMBERS, what)
    if entity is None:
        return []
    if entity.kind != "group":
        return [(entity.symbol, entity.kind)]
    if entity.symbol in groups.pending:
        labels = [
            (groups.owners[s].span, f"`{s}` is declared here") for s in groups.pending if s in groups.owners
        ]
        context.report("WF223", f"the group `{entity.name}` contains itself", item.span, labels=labels)
        return []
    inner = _expand(groups, entity.symbol)
    return [(member, inner.kind) for member in sorted(inner.members)]


def _common(context: Context, owner: Entity | None, found: dict[str, tuple[str, Span]]) -> GroupKind:
    kinds = {kind for kind, _ in found.values()}
    for kind in KINDS:
        if kinds == {kind} or (kind == "tag" and kinds == {"tag", "principal"}):
            return kind
    if not kinds:
        return "empty"
    places = {kind: (span, f"a {kind}") for kind, span in reversed(found.values())}
    context.report(
        "WF222",
        f"the group `{'' if owner is None else owner.name}` mixes kinds",
        None if owner is None else owner.span,
        labels=places.values(),
        help="a group holds tags, or tools, or channels, or principals, or stores, or releases",
    )
    return "tag" if "tag" in kinds else "tool"
