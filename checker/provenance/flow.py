"""`forbid flow` and `require decision of`, asked of a recorded run.

A secrecy tag counts from every source that holds the value; an influence tag counts unless a source without it holds it too.
By values only what is copied shows: that a decision was steered shows in `context` alone."""

from __future__ import annotations

from collections.abc import Iterator, Set

import attrs

from wfcheck.checker.conditions.coercion import plain
from wfcheck.checker.conditions.compiled import UNKNOWN, Frame, Known, Tables, holds
from wfcheck.checker.provenance.from_only import compile_origin, name_source
from wfcheck.checker.provenance.labels import NOWHERE
from wfcheck.checker.provenance.places import at_path
from wfcheck.checker.provenance.query import (
    Answer,
    Asking,
    Breach,
    Insufficient,
    Origin,
    argument_of,
    calls_given,
    comes_from,
    is_echo,
)
from wfcheck.checker.provenance.sources import Source
from wfcheck.checker.provenance.values import fold, unknown_inside, wanted
from wfcheck.checker.replay.patterns import Pattern, compile_pattern
from wfcheck.checker.replay.subjects import Conditions, emission_conditions
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.types import ANY, Type

TOLD = frozenset({"say", "ask", "message", "approve", "deny", "remember"})
CALLS = frozenset({"call", "emit", "write", "read"})


@attrs.frozen
class Arriving:
    """A value that reaches a sink, and how the sink names it."""

    name: str
    value: Known
    type: Type


@attrs.frozen
class FlowQuery:
    """A compiled `forbid flow`."""

    body: core.Flow
    program: core.Program
    patterns: tuple[tuple[core.FlowEnd, Pattern | None], ...]
    emissions: Conditions

    @staticmethod
    def of(body: core.Flow, program: core.Program, tables: Tables) -> FlowQuery:
        """Compile the event patterns among the sinks."""
        patterns = tuple(
            (
                end,
                compile_pattern(end.event, program, tables, "judged")
                if isinstance(end, core.CallEnd)
                else None,
            )
            for end in body.sinks
        )
        return FlowQuery(body, program, patterns, emission_conditions(program, tables))

    def ask(self, asking: Asking) -> Answer:
        """Whether a forbidden source reaches a sink at this event."""
        doubt: Answer = None
        for end, pattern in self.patterns:
            for arriving in self._arrivals(end, pattern, asking.view):
                gap = asking.mode != "declared" and asking.provenance.gap
                influence = self.body.influence
                steered = influence is None or self._influenced(influence, asking)
                if not steered and not gap:
                    continue
                answer = self._reach(arriving, asking)
                if gap and (answer is None or not steered):
                    answer = Insufficient("what was seen before is not all recorded")
                if isinstance(answer, Breach):
                    return answer
                doubt = doubt or answer
        return doubt

    def _arrivals(self, end: core.FlowEnd, pattern: Pattern | None, view: View) -> Iterator[Arriving]:
        if view.kind == "call":
            yield from self._call_arrivals(end, pattern, view)
        elif isinstance(end, core.StoreEnd) and view.kind == "remember" and view.event.store == end.store:
            yield Arriving(end.store, view.result, ANY)
        elif isinstance(end, core.PrincipalEnd) and _told(view, end.principal):
            yield from _arguments(view, None)
            if view.kind == "say" and view.event.text is None:
                yield Arriving("text", UNKNOWN, ANY)
            for value in view.event.shows or ():
                yield Arriving(end.principal, plain(value), ANY)
        elif pattern is not None and view.kind in TOLD and pattern.match(view).truth is not False:
            yield from _taken_in(view)

    def _call_arrivals(self, end: core.FlowEnd, pattern: Pattern | None, view: View) -> Iterator[Arriving]:
        match end:
            case core.ArgumentEnd(tool=tool, argument=argument, path=path) if view.name == tool:
                value, type_ = argument_of(view, argument, path)
                yield Arriving(argument, value, type_ or ANY)
            case core.CallEnd() if pattern is not None and pattern.match(view).truth is not False:
                yield from _arguments(view, None)
            case core.ChannelEnd(channels=channels):
                for number, emission in enumerate(view.tool.emits if view.tool else ()):
                    code = self.emissions.get((view.name, number))
                    sent = code is None or holds(code, Frame(view.arguments, view.result)) is not False
                    if emission.channel in channels and sent:
                        yield from _arguments(view, emission.arguments)
                if view.tool is None:
                    yield from _arguments(view, None)
                    if not view.arguments and not _told_all(view):
                        yield Arriving("arguments", UNKNOWN, ANY)
            case core.StoreEnd(store=store) if view.tool is not None and store in view.tool.writes:
                yield from _arguments(view, None)
            case _:
                return

    def _influenced(self, tags: frozenset[str], asking: Asking) -> bool:
        """Whether what the model had seen, or a part of an argument, meets the tags."""
        if any(s.possible & tags for s in asking.context() if s.kind != "argument"):
            return True
        arguments = list(_arguments(asking.view, None))
        held = (holders for arriving in arguments for holders, _ in self._held(arriving, asking))
        return any(source.possible & tags for holders in held for source in holders)

    def _reach(self, arriving: Arriving, asking: Asking) -> Answer:
        if asking.mode == "declared":
            return self._declared(arriving, asking)
        if unknown_inside(arriving.value):
            return Insufficient(f"`{arriving.name}` was not recorded as its type")
        for holders, shown in self._held(arriving, asking):
            source = self._forbidden(holders, asking, arriving.type)
            if source is not None:
                why = f"`{arriving.name}` holds what came from {name_source(source)}"
                return Breach(why, source.index if source.index >= 0 else None, shown)
        return None

    def _held(self, arriving: Arriving, asking: Asking) -> Iterator[tuple[list[Source], str]]:
        """The holders of each part of the value; in context mode, everything that was seen."""
        sources = asking.provenance.sources
        if asking.mode == "context":
            yield [s for s in asking.context() if s.kind not in ("argument", "model")], ""
            return
        for atom in wanted(arriving.value, arriving.type):
            yield asking.holders(atom, len(sources)), atom.shown
        for text in texts(arriving.value):
            holders = asking.provenance.index.holders_of_text(text)
            yield [sources[number] for number in holders], text[:200]

    def _forbidden(self, holders: list[Source], asking: Asking, type_: Type) -> Source | None:
        """The first source that the rule forbids. What an allowed release gave out is free; influence is innocent where another
        source, that is no echo, holds the value too. What was recalled later may be the same value, out of a store. Of an argument
        of a named type that results have too, only results of that type clear it: the id of a file is no id of a meeting."""
        seen = [s for s in holders if s.kind not in ("model", "argument")]
        if any(s.kind == "release" and s.owner in self.body.except_via for s in seen):
            return None
        passed, kinds = calls_given(holders), asking.kinds_of(type_)
        for end in self.body.sources:
            guilty = [s for s in seen if comes_from(s, end, sure=False)]
            since = min((s.index for s in guilty), default=0)
            others = [s for s in seen if s not in guilty and not (s.kind == "recall" and s.index > since)]
            innocent = [s for s in others if s.grants and not is_echo(s, passed) and s.of_kind(kinds)]
            if guilty and not (innocent and asking.mode == "values" and self._influence_only(end)):
                return guilty[0]
        return None

    def _influence_only(self, end: core.FlowEnd) -> bool:
        if not isinstance(end, core.TagEnd):
            return False
        tags = [self.program.tags.get(tag) for tag in end.tags]
        return all(tag is not None and tag.kind != "secrecy" for tag in tags)

    def _declared(self, arriving: Arriving, asking: Asking) -> Answer:
        labels = asking.view.event.argument_labels
        if labels is None or arriving.name not in labels:
            return Insufficient("the trace declares no labels of arguments")
        for end in self.body.sources:
            if not isinstance(end, core.TagEnd):
                return Insufficient("labels in a trace do not name such a source")
            wrong = sorted(end.tags & set(labels[arriving.name]))
            if wrong:
                return Breach(f"`{arriving.name}` carries `{wrong[0]}`", None)
        return None


def _taken_in(view: View) -> Iterator[Arriving]:
    """What an event other than a call takes in: what is said, asked, sent, shown or remembered."""
    yield from _arguments(view, None)
    for value in view.event.shows or ():
        yield Arriving(view.kind, plain(value), ANY)
    if view.kind == "remember":
        yield Arriving(view.kind, view.result, ANY)


def _told(view: View, principal: str) -> bool:
    if view.kind in ("say", "ask"):
        return (view.event.to or "user") == principal
    if view.kind in ("approve", "deny"):
        return view.actor == principal
    return view.kind == "message" and view.event.to == principal


def _told_all(view: View) -> bool:
    """Whether a call without arguments had none."""
    event, hides = view.event, view.reading.hides
    if event.args_executed is not None:
        return not hides(event, "args_executed")
    return event.args_requested is not None and not hides(event, "args_requested")


def _arguments(view: View, names: Set[str] | None) -> Iterator[Arriving]:
    for name, value in view.arguments.items():
        if names is None or name in names:
            parameter = view.tool.parameter(name) if view.tool else None
            yield Arriving(name, at_path(value, ()), ANY if parameter is None else parameter.type)


def texts(value: Known) -> Iterator[str]:
    """The texts inside a value that are more than a word."""
    match value:
        case str():
            if " " in fold(value):
                yield value
        case tuple():
            for element in value:
                yield from texts(element)
        case dict():
            for element in value.values():
                yield from texts(element)
        case _:
            return


# ---------------------------------------------------------------- decisions


@attrs.frozen
class DecisionQuery:
    """A compiled `require decision of CALL from only SET`; always by context."""

    judged: Pattern
    origins: tuple[Origin, ...]
    program: core.Program

    @staticmethod
    def of(body: core.Decision, program: core.Program, tables: Tables) -> DecisionQuery:
        """Compile the call pattern and the sources."""
        judged = compile_pattern(body.event, program, tables, "judged")
        return DecisionQuery(judged, tuple(compile_origin(s, tables) for s in body.sources), program)

    def ask(self, asking: Asking) -> Answer:
        """Whether something outside the set had been seen before the call."""
        truth = self.judged.match(asking.view).truth
        if truth is False:
            return None
        doubt: Answer = (
            Insufficient("whether the rule speaks of this call is not recorded") if truth is UNKNOWN else None
        )
        influence = {s for s, tag in self.program.tags.items() if tag.kind != "secrecy"}
        for source in asking.context():
            if source.kind == "argument" or not (source.possible & influence or source.silent):
                continue
            answers = [origin.accepts(source, asking, NOWHERE) for origin in self.origins]
            if True in answers:
                continue
            if UNKNOWN in answers or truth is UNKNOWN or not source.possible & influence:
                doubt = doubt or Insufficient("what may steer the decision is not recorded")
                continue
            whole = name_source(attrs.evolve(source, place=()))
            return Breach(f"the decision may be steered by {whole}", source.index)
        return doubt
