"""Moves for rules about flows: events that carry labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

import attrs
import msgspec

from wfcheck.checker.explaining import ends
from wfcheck.checker.explaining.moves import Maker, Move
from wfcheck.checker.explaining.values import values
from wfcheck.checker.explaining.vocabulary import nodes
from wfcheck.checker.reference import marks, sides
from wfcheck.checker.reference.codec import decode
from wfcheck.checker.reference.values import Label, Labelled, raised_at
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core, types

_CLEAN: Label = frozenset()
_INVENTED = "mallory"


def label_moves(maker: Maker, rule: core.Rule) -> Iterator[Move]:
    """Events at the sinks of the rule, with labels that it accepts and others."""
    match rule.body:
        case core.Flow() as body:
            for sink in body.sinks:
                yield from _arrivals(maker, sink, _flow_labels(body))
        case core.FromOnly(target=target, sources=sources):
            if isinstance(target, core.ArgumentEnd):
                yield from _from_only(maker, target, sources)
        case core.Decision(event=event, sources=sources):
            for label in _decision_labels(maker.program, sources):
                for move in maker.of(event, evidence=False):
                    yield _labelled(maker.program, move, {"": label})
        case _:
            return


def unlabelled(move: Move) -> Move:
    """The move with events whose labels are known to be empty."""
    made = (
        e if e.argument_labels is not None else msgspec.structs.replace(e, argument_labels={})
        for e in move.events
    )
    return attrs.evolve(move, events=tuple(made))


def told_marks(rule: core.Rule, program: core.Program) -> Mapping[str, str]:
    """What the marks of ends that are no tags stand for, in words."""
    found = [n for n in nodes(rule.body) if isinstance(n, core.FlowEnd)]
    found += [core.ResultEnd(tool, ()) for tool in program.tools]
    return {mark: ends.source(end) for end in found if (mark := marks.mark(end)) is not None}


# ---------------------------------------------------------------- labels


def label_of(end: core.FlowEnd) -> Label:
    """What a value from the end carries: one of its tags, or its mark."""
    match end:
        case core.TagEnd(tags=tags):
            return frozenset(sorted(tags, key=lambda tag: (tag.startswith("via "), tag))[:1])
        case core.PrincipalEnd(principal=principal):
            return frozenset({principal})
        case _:
            mark = marks.mark(end)
            return _CLEAN if mark is None else frozenset({mark})


def _flow_labels(body: core.Flow) -> list[Label]:
    met = _CLEAN if body.influence is None else frozenset(sorted(body.influence)[:1])
    found = [_CLEAN, *(label_of(source) | met for source in body.sources)]
    if met:
        found += [label_of(source) for source in body.sources]
    return list(dict.fromkeys(found))


def _decision_labels(program: core.Program, sources: tuple[core.AllowedSource, ...]) -> list[Label]:
    allowed = [label_of(source.end) for source in sources]
    named = frozenset().union(*allowed, *(s.end.tags for s in sources if isinstance(s.end, core.TagEnd)))
    foreign = [t for t in program.tags if t not in named and not t.startswith("via ")]
    steering = [frozenset({t}) for t in foreign if "influence" in sides.sides(program, t)]
    return list(dict.fromkeys([*allowed[:2], *steering[:2], _CLEAN]))


# ---------------------------------------------------------------- arrivals


def _arrivals(maker: Maker, sink: core.FlowEnd, labels: list[Label]) -> Iterator[Move]:
    for label in labels:
        match sink:
            case core.ArgumentEnd(tool=tool, argument=argument, path=path):
                for move in islice(maker.calls(maker.program.tools[tool], maker.actor, evidence=False), 4):
                    yield _labelled(maker.program, move, {argument: label}, path)
            case core.CallEnd(event=event):
                for move in islice(maker.of(event, evidence=False), 6):
                    yield _one(maker.program, move, label)
            case core.ChannelEnd(channels=channels):
                for emitter in _emitting(maker.program, channels):
                    for move in islice(maker.calls(emitter, maker.actor, evidence=False), 4):
                        yield _one(maker.program, move, label, _emitted(emitter, channels))
            case _:
                told = _told(maker, sink, label)
                if told is not None:
                    yield Move((told,))


def _emitting(program: core.Program, channels: frozenset[str]) -> Iterator[core.Tool]:
    found = (t for t in program.tools.values() if any(e.channel in channels for e in t.emits))
    yield from islice(found, 3)


def _told(maker: Maker, sink: core.FlowEnd, label: Label) -> Event | None:
    shown = sorted(label)
    match sink:
        case core.StoreEnd(store=store):
            return Event(
                kind="remember",
                seq=0,
                actor=maker.actor,
                store=store,
                text="a",
                labels=shown,
                argument_labels={},
            )
        case core.PrincipalEnd(principal=principal):
            return Event(
                kind="say", seq=0, actor=maker.actor, to=principal, text="a", labels=shown, argument_labels={}
            )
        case core.AgentEnd(step=step):
            return Event(kind="llm", seq=0, actor=maker.actor, step=step, argument_labels={"context": shown})
        case _:
            return None


def _emitted(tool: core.Tool, channels: frozenset[str]) -> frozenset[str] | None:
    """The arguments of which one surely goes to a channel; None: all."""
    taken = [e.arguments for e in tool.emits if e.channel in channels]
    return None if None in taken else frozenset().union(*(names for names in taken if names is not None))


def _one(program: core.Program, move: Move, label: Label, among: frozenset[str] | None = None) -> Move:
    """The label on the first argument, or on the decision where there is none."""
    given = [name for name in move.events[0].arguments if among is None or name in among]
    return _labelled(program, move, {given[0] if given else "": label})


def _labelled(
    program: core.Program, move: Move, labels: Mapping[str, Label], path: core.FieldPath = ()
) -> Move:
    first, *rest = move.events
    carried = {name: sorted(label) for name, label in labels.items() if label}
    events = (msgspec.structs.replace(first, argument_labels=carried), *rest)
    return unlabelled(attrs.evolve(move, events=events, trees=_trees(program, first, labels, path)))


def _trees(
    program: core.Program, event: Event, labels: Mapping[str, Label], path: core.FieldPath
) -> Mapping[str, Labelled]:
    tool = program.tools.get(event.tool or "")
    made: dict[str, Labelled] = {}
    for name, json in event.arguments.items():
        parameter = None if tool is None else tool.parameter(name)
        tree = decode(json, types.ANY if parameter is None else parameter.type)
        made[name] = raised_at(tree, path, labels.get(name, _CLEAN))
    return made


# ---------------------------------------------------------------- from only


def _from_only(
    maker: Maker, target: core.ArgumentEnd, sources: tuple[core.AllowedSource, ...]
) -> Iterator[Move]:
    tool = maker.program.tools[target.tool]
    named = frozenset().union(*(s.via for s in sources))
    allowed = [label_of(source.end) for source in sources]
    released = [frozenset({f"via {name}"}) for name in sorted(named)]
    labels = [*(label for label in allowed if label), *released, _CLEAN, *_foreign(maker.program, sources)]
    for label in dict.fromkeys(labels):
        for move in islice(maker.calls(tool, maker.actor, evidence=False), 3):
            if target.argument in move.events[0].arguments:
                yield _labelled(maker.program, move, {target.argument: label}, target.path)
    yield from _made_up(maker, tool, target)


def _foreign(program: core.Program, sources: tuple[core.AllowedSource, ...]) -> Iterator[Label]:
    """Results of tools that no source names."""
    named = {node.tool for s in sources for node in nodes(s) if isinstance(node, core.ResultEnd)}
    others = [tool for tool in program.tools.values() if tool.symbol not in named]
    others.sort(key=lambda tool: -_steering(program, tool))
    for tool in others[:3]:
        tags = frozenset(tag for r in tool.returns for tag in r.tags)
        yield label_of(core.ResultEnd(tool.symbol, ())) | tags


def _steering(program: core.Program, tool: core.Tool) -> int:
    """How much it says that a value is from there: 2 with influence of its own, 1 with other tags."""
    tags = [tag for returned in tool.returns for tag in returned.tags]
    return 2 if any("influence" in sides.sides(program, tag) for tag in tags) else int(bool(tags))


def _made_up(maker: Maker, tool: core.Tool, target: core.ArgumentEnd) -> Iterator[Move]:
    """A model invents the value."""
    parameter = tool.parameter(target.argument)
    if parameter is None or target.path:
        return
    invented = next(iter(values(parameter.type, (_INVENTED,), 2)[-1:]), None)
    for move in islice(maker.calls(tool, maker.actor, evidence=False), 1):
        if not isinstance(invented, str) or target.argument not in move.events[0].arguments:
            return
        call = move.events[0]
        given = {**call.arguments, target.argument: invented}
        made = _labelled(
            maker.program,
            Move((msgspec.structs.replace(call, args_executed=given),)),
            {target.argument: frozenset({sides.MODEL})},
        )
        answer = Event(
            kind="llm",
            seq=0,
            actor=maker.actor,
            step="model",
            text=invented,
            result=invented,
            argument_labels={},
        )
        yield Move((answer,))
        yield made
