"""Flows may start at ends that are no tags: a tool, a field of its result, a parameter, a store, a step. On request the interpreter
labels what leaves such an end with a *mark*, which then travels like a tag."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import TypeAlias

import attrs

from wfcheck.checker.reference.evaluate import Truth
from wfcheck.checker.reference.sides import MARK
from wfcheck.checker.reference.values import NOTHING, Label, Labelled, raised, raised_at
from wfcheck.dsl import core

Meets: TypeAlias = Callable[[core.EventPattern], Truth]
_DOUBT = "\x1d"


def mark(end: core.FlowEnd) -> str | None:
    """The mark of an end, or None where tags alone say it (or it cannot be a source)."""
    match end:
        case core.ResultEnd(tool=tool, path=path):
            return _name("result", tool, *path)
        case core.ArgumentEnd(tool=tool, argument=argument, path=path):
            return _name("argument", tool, argument, *path)
        case core.CallEnd(event=event):
            return _name("call", blake2b(repr(event.choices).encode(), digest_size=8).hexdigest())
        case core.ParameterEnd(workflow=workflow, parameter=parameter, path=path):
            return _name("parameter", workflow or "", parameter, *path)
        case core.StoreEnd(store=store):
            return _name("store", store)
        case core.AgentEnd(step=step):
            return _name("step", step)
        case core.PrincipalEnd() | core.TagEnd() | core.ChannelEnd() | core.LiteralEnd():
            return None


def _name(*parts: str) -> str:
    return MARK + "\x1f".join(parts)


def released(tag: str, residue: str) -> str:
    """The mark after its value went through a release (or an approval)."""
    return f"{tag}\x1e{residue}"


def doubtful(tag: str) -> str:
    """The mark of what may or may not have left the end."""
    return f"{tag}{_DOUBT}"


def is_doubtful(tag: str) -> bool:
    """Whether a mark is one of those."""
    return _DOUBT in tag


def origin(tag: str) -> tuple[str, frozenset[str]]:
    """A mark and the residues it went through."""
    first, *residues = tag.replace(_DOUBT, "").split("\x1e")
    return first, frozenset(residues)


@attrs.frozen
class Marks:
    """The ends that are marked in a run."""

    ends: tuple[core.FlowEnd, ...] = ()

    @staticmethod
    def of(ends: Iterable[core.FlowEnd]) -> Marks:
        """The ends among these that have a mark."""
        return Marks(tuple(end for end in ends if mark(end) is not None))

    def parameter(self, workflow: str, name: str, value: Labelled) -> Labelled:
        """The argument that a workflow is started with."""
        for end in self.ends:
            if (
                isinstance(end, core.ParameterEnd)
                and end.parameter == name
                and end.workflow in (None, workflow)
            ):
                value = raised_at(value, end.path, _label(end))
        return value

    def result(self, tool: core.Tool, value: Labelled, meets: Meets) -> Labelled:
        """The result of a call: of the tool, of a path of it, and of every argument that it depends on. `meets`: whether the call
        is one of a pattern; where that is unknown, so is the mark."""
        for end in self.ends:
            match end:
                case core.ResultEnd(tool=name, path=path) if name == tool.symbol:
                    value = raised_at(value, path, _label(end))
                case core.ArgumentEnd(tool=name, argument=argument) if name == tool.symbol:
                    value = value if argument in tool.independent else raised(value, _label(end))
                case core.CallEnd(event=event) if (truth := meets(event)) is not False:
                    own = _label(end)
                    value = raised(value, own if truth is True else frozenset(map(doubtful, own)))
                case _:
                    pass
        return value

    def store(self, store: str) -> Label:
        """What is read from a store."""
        return NOTHING.union(
            *(_label(e) for e in self.ends if isinstance(e, core.StoreEnd) and e.store == store)
        )

    def step(self, step: str) -> Label:
        """What a model or agent step makes."""
        return NOTHING.union(
            *(_label(e) for e in self.ends if isinstance(e, core.AgentEnd) and e.step == step)
        )


def _label(end: core.FlowEnd) -> Label:
    name = mark(end)
    return NOTHING if name is None else frozenset({name})
