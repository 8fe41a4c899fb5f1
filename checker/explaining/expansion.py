"""What the events of a rule come down to in a program: tools, stores, channels, tags, and the groups they are known by."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.explaining import ends, patterns
from wfcheck.checker.explaining.merging import bare, merged
from wfcheck.checker.explaining.vocabulary import nodes
from wfcheck.dsl import core

_MEMBERS: dict[core.EventKind, str] = {
    "call": "tool",
    "fail": "tool",
    "approve": "tool",
    "deny": "tool",
    "read": "tag",
    "emit": "channel",
    "write": "store",
    "remember": "store",
    "recall": "store",
    "input": "principal",
    "message": "principal",
    "llm": "step",
    "step": "step",
    "release": "release",
}


@attrs.frozen
class Expansion:
    """`what`: an event or an end of a flow, in words. `kind`: of its members. `tools`: the tools whose calls it may be (or that emit
    to it), where these are not the members themselves. `groups`: declared groups with just these members."""

    what: str
    kind: str
    members: tuple[str, ...]
    tools: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def expansions(rule: core.Rule, program: core.Program) -> tuple[Expansion, ...]:
    """Of every event pattern and every end of a flow in the rule, each once."""
    if isinstance(rule.body, core.Allow):
        return _granted(rule.body, program)
    found: dict[Expansion, None] = {}
    for node in nodes(rule.body):
        match node:
            case core.EventPattern():
                found |= dict.fromkeys(_choice(choice, program) for choice in merged(bare(node)).choices)
            case core.TagEnd(tags=tags) if tags:
                found[_made(ends.source(node), "tag", tags, program, _returning(tags, program))] = None
            case core.ChannelEnd(channels=channels):
                found[_made(ends.sink(node), "channel", channels, program, _emitting(channels, program))] = (
                    None
                )
            case core.Flow(influence=influence) if influence is not None:
                found[_made("the influence that the rule speaks of", "tag", influence, program)] = None
            case _:
                pass
    return tuple(found)


def _granted(body: core.Allow, program: core.Program) -> tuple[Expansion, ...]:
    """The tools that some grant names, and those that none does."""
    choices = [choice for grant in body.grants for choice in bare(grant.event).choices]
    named = frozenset(name for c in choices if c.kind == "call" for name in c.subjects or program.tools)
    others = frozenset(program.tools) - named
    found = (("named by a grant", named), ("named by no grant", others))
    return tuple(_made(what, "tool", tools, program) for what, tools in found if tools)


def _choice(choice: core.EventChoice, program: core.Program) -> Expansion:
    what = patterns.described(choice, evidence=False)
    kind = _MEMBERS.get(choice.kind, "event")
    members = choice.subjects
    tools: Iterator[str] = iter(())
    match choice.kind:
        case "call" | "fail" if not members:
            members = frozenset(program.tools)
        case "read":
            tools = _returning(members, program)
        case "emit":
            tools = _emitting(members, program)
        case "write":
            tools = (
                t.symbol for t in program.tools.values() if (t.writes & members if members else t.writes)
            )
        case _:
            pass
    return _made(what, kind, members, program, tools)


def _made(
    what: str,
    kind: str,
    members: frozenset[str],
    program: core.Program,
    tools: Iterator[str] | tuple[str, ...] = (),
) -> Expansion:
    groups = (g.symbol for g in program.groups.values() if len(members) > 1 and g.members == members)
    return Expansion(what, kind, tuple(sorted(members)), tuple(sorted(tools)), tuple(sorted(groups)))


def _returning(tags: frozenset[str], program: core.Program) -> Iterator[str]:
    for tool in program.tools.values():
        if any(not tags or returned.tags & tags for returned in tool.returns):
            yield tool.symbol


def _emitting(channels: frozenset[str], program: core.Program) -> Iterator[str]:
    for tool in program.tools.values():
        if any(not channels or emission.channel in channels for emission in tool.emits):
            yield tool.symbol
