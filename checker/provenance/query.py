"""Flow rules asked of a recorded run: `from only`, `forbid flow`, `require decision of`.

Each query is asked at the judged call, before the call itself is taken in. Three answers: nothing wrong, a breach with the event
that brought the value in, or that the record does not suffice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias, assert_never

import attrs

from wfcheck.checker.conditions.compiled import (
    UNKNOWN,
    Code,
    Frame,
    History,
    Known,
    Truth,
    holds,
)
from wfcheck.checker.provenance.labels import NOWHERE
from wfcheck.checker.provenance.places import Place, at_path, below, named_types
from wfcheck.checker.provenance.sources import WORKFLOW, Provenance, Source
from wfcheck.checker.provenance.values import Atom, unknown_inside, wanted
from wfcheck.checker.replay.view import SYSTEM, View
from wfcheck.dsl import core
from wfcheck.dsl.types import ANY, Type

Mode: TypeAlias = Literal["declared", "values", "context"]


@attrs.frozen
class Breach:
    """`cause`: the event that brought the value in, or None if it was made up. `why` groups equal causes; `shown` is the value."""

    why: str
    cause: int | None
    shown: str = ""
    invented: bool = False


@attrs.frozen
class Insufficient:
    """The record does not settle the question."""

    reason: str


Answer: TypeAlias = Breach | Insufficient | None


@attrs.frozen
class Origin:
    """A compiled source of `from only`: an end, a gate, a designation."""

    end: core.FlowEnd
    via: frozenset[str]
    gate: Code | None
    designated: Target | None

    def accepts(self, source: Source, asking: Asking, kinds: frozenset[str]) -> Truth:
        """Whether the source may lend a value here, of one of the named types if there are any. A tag speaks of many results, of
        which only those of the type count; a field that is named counts as it is."""
        if source.kind == "release" and source.owner in self.via:
            return asking.released(source)
        if not source.of_session(asking.view.session):
            return False
        if not source.grants or not comes_from(source, self.end, sure=True):
            return False
        if isinstance(self.end, core.TagEnd) and not source.of_kind(kinds):
            return False
        if self.gate is not None:
            return asking.gate(self.gate)
        return True if self.designated is None else self.designated.covers(source, asking)


@attrs.frozen
class Target:
    """What must come from the sources: an argument, or (in a designation) a part of a result."""

    owner: str
    argument: str | None
    path: core.FieldPath
    origins: tuple[Origin, ...]

    @property
    def released(self) -> bool:
        """Whether what a release gave out may stand."""
        return any(o.via or (o.designated is not None and o.designated.released) for o in self.origins)

    def covers(self, source: Source, asking: Asking) -> Truth:
        """Whether the call (or the result's own element) that the source belongs to was itself designated."""
        view = source.view
        if view is None or view.name != self.owner or view.kind != "result":
            return False
        key = (id(self), source.number if self.argument is None else view.index)
        if key not in asking.known:
            asking.known[key] = False  # a designation that leans on itself designates nothing
            asking.known[key] = self._designated(source, view, asking)
        return asking.known[key]

    def _designated(self, source: Source, view: View, asking: Asking) -> Truth:
        if self.argument is None:
            value, type_, mark = (
                beside(view.result, self.path, source.place),
                None,
                asking.provenance.marks[view.index],
            )
        else:
            call = view.call
            if call is None:
                return UNKNOWN
            value, type_ = argument_of(call, self.argument, self.path)
            mark = asking.provenance.marks[call.index]
        if unknown_inside(value):
            return UNKNOWN
        atoms = list(wanted(value, type_ or ANY))
        if not atoms:
            return False
        kinds = asking.kinds_of(type_ or ANY)
        return _every(asking.granted(atom, self.origins, mark, kinds)[0] for atom in atoms)


def _every(truths: Iterator[Truth]) -> Truth:
    answers = list(truths)
    return False if False in answers else UNKNOWN if UNKNOWN in answers else True


def beside(value: Known, path: core.FieldPath, place: Place) -> Known:
    """The part of a result at a path, in the same list elements as `place` where both go through lists."""
    at: Known = value
    for number, step in enumerate(path):
        if step != "[]":
            at = at_path(at, (step,))
        elif number < len(place) and isinstance(place[number], int) and isinstance(at, tuple):
            at = at[place[number]]  # type: ignore[index]
        else:
            return at_path(at, path[number:])
    return at


def argument_of(view: View, argument: str, path: core.FieldPath) -> tuple[Known, Type | None]:
    """The value of an argument (or of the part at `path`) and its type."""
    parameter = view.tool.parameter(argument) if view.tool else None
    value = at_path(view.arguments.get(argument, UNKNOWN), path)
    return value, None if parameter is None or path else parameter.type


def comes_from(source: Source, end: core.FlowEnd, *, sure: bool) -> bool:
    """Whether a source is one that the end names. `sure` counts only what it surely carries, else what it may carry."""
    match end:
        case core.TagEnd(tags=tags):
            return bool((source.tags if sure else source.possible) & tags)
        case core.ResultEnd(tool=tool, path=path):
            return source.kind == "result" and source.owner == tool and below(path, source.place)
        case core.ArgumentEnd(tool=tool, argument=argument, path=path):
            return (
                source.kind == "argument" and source.owner == tool and below((argument, *path), source.place)
            )
        case core.CallEnd(event=event):
            tools = [choice.subjects for choice in event.choices if choice.kind == "call"]
            return source.kind == "result" and any(not names or source.owner in names for names in tools)
        case core.ParameterEnd():
            return source.kind == "input"
        case core.StoreEnd(store=store):
            return source.kind == "recall" and source.owner == store
        case core.LiteralEnd(table=table):
            return source.kind == "literal" and source.owner == table
        case core.AgentEnd(step=step):
            return source.kind == "model" and source.view is not None and source.view.event.step == step
        case core.PrincipalEnd(principal=principal):
            return source.kind in ("input", "message") and source.owner == principal
        case core.ChannelEnd():
            return False
        case _:
            assert_never(end)


@attrs.define
class Asking:
    """One question: the judged call, what was seen before it, the past; `known` remembers designations over the trace."""

    program: core.Program
    provenance: Provenance
    view: View
    history: History
    known: dict[tuple[int, int], Truth]
    mode: Mode
    origins: tuple[Origin, ...] = ()
    _gates: dict[int, Truth] = attrs.field(factory=dict)

    @property
    def influence(self) -> frozenset[str]:
        """The declared influence tags: whoever can write such values is the likelier culprit."""
        return self.provenance.labels.influence

    def own_text(self, source: Source) -> bool:
        """Whether it is text of the workflow, and the call may be the workflow's own: what an agent wrote is never a literal."""
        return source.owner == SYSTEM or (source.owner == WORKFLOW and self.view.event.agent is None)

    @property
    def computed(self) -> bool:
        """Whether the workflow itself may have made the call, and so may have computed its arguments."""
        return self.view.event.agent is None and self.view.name in self.provenance.labels.called

    def context(self) -> Iterator[Source]:
        """Whatever had been seen in the session of the judged event."""
        return (s for s in self.provenance.sources if s.of_session(self.view.session))

    def released(self, source: Source) -> Truth:
        """Whether all that a release was given came from allowed sources; unknown where the record does not show it."""
        view = source.view
        given = [] if view is None else list(view.arguments.values())
        if view is None or not given or any(unknown_inside(value) for value in given):
            return UNKNOWN
        atoms = [atom for value in given for atom in wanted(value, ANY)]
        mark = self.provenance.marks[view.index]
        return _every(self.granted(atom, self.origins, mark)[0] for atom in atoms)

    def gate(self, code: Code) -> Truth:
        """The truth of a gate at the judged call."""
        key = id(code)
        if key not in self._gates:
            frame = Frame(self.view.arguments, now=self.view.moment, history=self.history)
            self._gates[key] = holds(code, frame)
        return self._gates[key]

    def holders(self, atom: Atom, limit: int) -> list[Source]:
        """The sources, seen before `limit`, in which the atom stands."""
        sources = self.provenance.sources
        return [sources[number] for number in self.provenance.index.holders(atom, limit)]

    def kinds_of(self, type_: Type) -> frozenset[str]:
        """The named types of an argument of which results have values too."""
        known = self.provenance.labels.kinds
        return known.intersection(named_types(type_)) if known else known

    def granted(
        self, atom: Atom, origins: tuple[Origin, ...], limit: int, kinds: frozenset[str] = NOWHERE
    ) -> tuple[Truth, Source | None]:
        """Whether some allowed source holds the atom; if not, the source that brought it in (None: nobody holds it)."""
        holders = self.holders(atom, limit)
        truth: Truth = False
        passed = calls_given(holders)
        culprit: Source | None = None
        for source in holders:
            if source.kind == "literal" and self.own_text(source):
                return True, None
            if is_echo(source, passed):
                continue
            found = _any(origin.accepts(source, self, kinds) for origin in origins)
            if found is True:
                return True, None
            if source.kind not in ("model", "argument"):
                if source.kind == "literal" and source.owner == WORKFLOW:
                    continue
                if culprit is None or (
                    source.possible & self.influence and not culprit.possible & self.influence
                ):
                    culprit = source
                truth = UNKNOWN if found is UNKNOWN or source.silent else truth
        if culprit is None:
            made = self._may_be_made(origins)
            return (made if truth is False else truth), None
        return truth, culprit

    def _may_be_made(self, origins: tuple[Origin, ...]) -> Truth:
        """Whether a value that stands nowhere may be the model's own."""
        own = [o for o in origins if isinstance(o.end, core.TagEnd) and "model" in o.end.tags]
        return _any(True if o.gate is None else self.gate(o.gate) for o in own)


def calls_given(holders: list[Source]) -> frozenset[int]:
    """The calls that were given the value as an argument."""
    return frozenset(s.view.index for s in holders if s.kind == "argument" and s.view is not None)


def is_echo(source: Source, passed: frozenset[int]) -> bool:
    """A result that repeats what its own call was given lends nothing."""
    call = None if source.view is None else source.view.call
    return source.kind == "result" and call is not None and call.index in passed


def _any(truths: Iterator[Truth]) -> Truth:
    result: Truth = False
    for truth in truths:
        if truth is True:
            return True
        result = UNKNOWN if truth is UNKNOWN else result
    return result
