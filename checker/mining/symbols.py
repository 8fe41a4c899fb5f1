"""What a run did, as a word: one symbol per act. How models think and phrase is left out, and so is most of what acts were given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.traces.event import Event, Json
from wfcheck.checker.traces.trace import Trace

Events: TypeAlias = Literal["acts", "dialogue"]
Outcome: TypeAlias = Literal["", "failed", "denied", "unanswered"]
_ACTS = frozenset({"call", "approve", "remember", "recall", "release", "message", "reset"})
_DIALOGUE = frozenset({"input", "say", "ask"})
_WORD = 40


@attrs.frozen(order=True)
class Symbol:
    """One kind of act: `name` is the tool, store, step or receiver; `shape` says of chosen arguments what they look like."""

    kind: str
    name: str = ""
    outcome: Outcome = ""
    shape: tuple[tuple[str, str], ...] = ()

    @property
    def act(self) -> tuple[str, str]:
        """The act without its outcome and its arguments."""
        return self.kind, self.name

    def __str__(self) -> str:
        head = (self.name if self.kind == "call" else f"{self.kind} {self.name}").strip()
        shape = f"[{', '.join(f'{name}: {value}' for name, value in self.shape)}]" if self.shape else ""
        return f"{head}{shape} {self.outcome}".rstrip()


@attrs.frozen
class Abstraction:
    """What of a run counts. `events`: acts alone, or what is said to and by the user too. `by`: pairs (tool, argument) by whose shape
    calls are told apart. `without`: tools that do not count."""

    events: Events = "acts"
    by: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()


@attrs.frozen
class Act:
    """One letter of a word: the symbol, the event and its number in the trace."""

    symbol: Symbol
    index: int
    event: Event = attrs.field(repr=False, eq=False)


@attrs.frozen
class Word:
    """One run: the name of its trace (with the run, where the trace holds several) and what it did."""

    name: str
    acts: tuple[Act, ...]
    trace: Trace = attrs.field(repr=False, eq=False)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The symbols alone."""
        return tuple(act.symbol for act in self.acts)


def words_of(trace: Trace, abstraction: Abstraction) -> list[Word]:
    """One word per run of the trace, in the order in which the runs begin."""
    runs: dict[tuple[str | None, str | None], list[tuple[int, Event]]] = {}
    for index, event in enumerate(trace.events):
        runs.setdefault((event.session, event.run), []).append((index, event))
    words = []
    for key, events in runs.items() or [((None, None), [])]:
        name = "/".join([trace.name, *(part for part in key if part)]) if len(runs) > 1 else trace.name
        words.append(Word(name, tuple(_acts(events, abstraction)), trace))
    return words


def _acts(events: Sequence[tuple[int, Event]], abstraction: Abstraction) -> Iterator[Act]:
    kinds = _ACTS | _DIALOGUE if abstraction.events == "dialogue" else _ACTS
    outcomes = _outcomes(event for _, event in events)
    for place, (index, event) in enumerate(events):
        if event.tool is not None and event.tool in abstraction.without:
            continue
        if event.kind == "deny" and not _denies_a_call(place, events):
            yield Act(Symbol("call", event.tool or "", "denied", _shape(event, abstraction)), index, event)
        elif event.kind in kinds and not (event.kind == "message" and event.actor == "system"):
            outcome = outcomes.get(_key(event), "unanswered") if event.kind == "call" else ""
            shape = _shape(event, abstraction) if event.kind == "call" else ()
            yield Act(Symbol(event.kind, _name(event), outcome, shape), index, event)


def _name(event: Event) -> str:
    return event.tool or event.store or event.step or event.to or ""


def _key(event: Event) -> str:
    return event.call or f"\0{event.tool}"


def _denies_a_call(place: int, events: Sequence[tuple[int, Event]]) -> bool:
    denied = events[place][1]
    return denied.call is not None and any(
        e.kind == "call" and e.call == denied.call for _, e in events[:place]
    )


def _outcomes(events: Iterator[Event]) -> Mapping[str, Outcome]:
    """How the calls ended, by their identifiers. A call without one has the outcome of its tool's last."""
    ended: dict[str, Outcome] = {}
    for event in events:
        match event.kind:
            case "result":
                ended[_key(event)] = ""
            case "fail":
                ended[_key(event)] = "failed"
            case "deny" if event.call is not None:
                ended[_key(event)] = "denied"
            case _:
                pass
    return ended


def _shape(event: Event, abstraction: Abstraction) -> tuple[tuple[str, str], ...]:
    chosen = [argument for tool, argument in abstraction.by if tool == event.tool]
    return tuple((name, _looks(event.arguments.get(name))) for name in chosen)


def _looks(value: Json) -> str:
    """What a value looks like: truth values as they are, texts by their first word, everything else by its kind."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            words = value.split(maxsplit=1)
            return words[0][:_WORD] if words else "empty"
        case list() | tuple():
            return "list" if value else "empty list"
        case dict():
            return "record"
        case _:
            return "number"
