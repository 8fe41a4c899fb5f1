"""What may happen next in a small run: the events that a rule speaks of, with plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice, product

import attrs
import msgspec

from wfcheck.checker.explaining.values import values
from wfcheck.checker.explaining.vocabulary import Vocabulary
from wfcheck.checker.reference.codec import encode
from wfcheck.checker.reference.values import Labelled
from wfcheck.checker.traces.event import Event, Kind
from wfcheck.dsl import core, types

START = datetime(2024, 1, 1, tzinfo=UTC)
_TICK = timedelta(seconds=1)
_TOOLS, _VARIANTS = 3, 12
Arguments = Mapping[str, core.Value]


@attrs.frozen
class Move:
    """Events that happen together: an attempt, or a call and its return. `delay`: time that passes before. `trees`: the labels of
    arguments, part by part, of the first event."""

    events: tuple[Event, ...]
    delay: timedelta = timedelta(0)
    trees: Mapping[str, Labelled] | None = attrs.field(default=None, eq=False)


Run = tuple[tuple[Event, ...], Mapping[int, Mapping[str, Labelled]]]


def assembled(moves: Iterable[Move], *, clock: bool) -> Run:
    """One run: events numbered, calls joined with their ends, timed if asked for."""
    events: list[Event] = []
    trees: dict[int, Mapping[str, Labelled]] = {}
    now, opened = START, ""
    for move in moves:
        now += move.delay
        if move.trees is not None:
            trees[len(events)] = move.trees
        for event in move.events:
            number = len(events)
            opened = f"c{number}" if event.kind == "call" else opened
            joined = opened if event.kind in ("call", "result", "fail") else None
            stamp = now.isoformat() if clock else None
            events.append(
                msgspec.structs.replace(event, seq=number, session="s1", run="r1", call=joined, time=stamp)
            )
            now += _TICK
    return tuple(events), trees


def renumbered(move: Move, names: Collection[str], number: int) -> Move:
    """The same call with other values of some arguments, by number."""
    first, *rest = move.events
    given = {n: _numbered(v, number) if n in names else v for n, v in first.arguments.items()}
    return attrs.evolve(move, events=(msgspec.structs.replace(first, args_executed=given), *rest))


def _numbered(value: object, number: int) -> object:
    match value:
        case bool():
            return value
        case int():
            return value + number
        case str() if number:
            return f"{number}{value}"
        case _:
            return value


@attrs.frozen
class Maker:
    """Makes moves for the patterns of one rule. `actor`: who acts where nobody is named."""

    program: core.Program
    words: Vocabulary
    actor: str

    def of(self, pattern: core.EventPattern, *, evidence: bool, by: str | None = None) -> Iterator[Move]:
        """Moves of which some match the pattern and some fail its tests."""
        for choice in pattern.choices:
            yield from islice(self._choice(choice, choice.by or by or self.actor, evidence), 2 * _VARIANTS)

    def _choice(self, choice: core.EventChoice, actor: str, evidence: bool) -> Iterator[Move]:
        match choice.kind:
            case "call" | "read" | "emit" | "write":
                for tool in islice(self._tools(choice), _TOOLS):
                    yield from self.calls(tool, actor, evidence=evidence)
                yield from self._besides(choice, actor)
            case "fail":
                for tool in islice(self._tools(choice), _TOOLS):
                    for given in self.arguments(tool):
                        failed = Event(kind="fail", seq=0, tool=tool.symbol, error="failed")
                        yield Move((self.attempt(tool, actor, given), failed))
            case "approve" | "deny":
                yield from self._decisions(choice, choice.by or "user")
            case _:
                yield from (Move((event,)) for event in self._simple(choice, actor))

    def _tools(self, choice: core.EventChoice) -> Iterator[core.Tool]:
        for tool in self.program.tools.values():
            match choice.kind:
                case "read":
                    fits = any(not choice.subjects or r.tags & choice.subjects for r in tool.returns)
                case "emit":
                    fits = any(not choice.subjects or e.channel in choice.subjects for e in tool.emits)
                case "write":
                    fits = bool(tool.writes & choice.subjects if choice.subjects else tool.writes)
                case _:
                    fits = not choice.subjects or tool.symbol in choice.subjects
            if fits:
                yield tool

    def _besides(self, choice: core.EventChoice, actor: str) -> Iterator[Move]:
        """What also reads or writes."""
        if choice.kind == "read":
            for name in sorted(choice.subjects & self.program.principals.keys()):
                yield Move((Event(kind="input", seq=0, actor=name, text="a", labels=[name]),))
        if choice.kind == "write":
            for store in sorted(choice.subjects)[:1]:
                yield Move((Event(kind="remember", seq=0, actor=actor, store=store, text="a"),))

    # ------------------------------------------------------------ calls

    def calls(self, tool: core.Tool, actor: str, *, evidence: bool) -> Iterator[Move]:
        """Attempts, or calls that returned, with the argument values that matter."""
        for given in self.arguments(tool):
            attempt = self.attempt(tool, actor, given)
            if not evidence:
                yield Move((attempt,))
                continue
            for value in self._results(tool):
                yield Move((attempt, Event(kind="result", seq=0, tool=tool.symbol, result=encode(value))))

    def attempt(self, tool: core.Tool, actor: str, given: Arguments) -> Event:
        """A call about to run."""
        shown = {name: encode(value) for name, value in given.items()}
        return Event(kind="call", seq=0, tool=tool.symbol, actor=actor, args_executed=shown)

    def _results(self, tool: core.Tool) -> list[core.Value]:
        asked = "result" in self.words.names
        return values(tool.result, self.words.constants if asked else (), 4 if asked else 1) or [None]

    def arguments(self, tool: core.Tool) -> list[Arguments]:
        """Plain arguments first; those that the rule asks about vary."""
        pools = [self._pool(parameter) for parameter in tool.parameters]
        if not all(pools):
            return []
        numbered = [list(enumerate(pool)) for pool in pools]
        rows = sorted(islice(product(*numbered), 2000), key=lambda row: sum(n for n, _ in row))
        made: list[Arguments] = []
        for row in rows[:_VARIANTS]:
            pairs = zip(tool.parameters, row, strict=True)
            made.append({p.name: v for p, (_, v) in pairs if not (p.optional and v is None)})
        return made

    def _pool(self, parameter: core.Param) -> list[core.Value]:
        asked = parameter.name in self.words.names
        if parameter.optional and not asked:
            return [None]
        return values(parameter.type, self.words.constants if asked else (), 8 if asked else 1)

    # ------------------------------------------------------------ other events

    def _decisions(self, choice: core.EventChoice, by: str) -> Iterator[Move]:
        """Decisions about the calls that the pattern names, or about those that the rule judges."""
        tools = self._tools(choice) if choice.subjects else self._judged()
        kind: Kind = "approve" if choice.kind == "approve" else "deny"
        word = "approved" if kind == "approve" else "refused"
        named = [(tool, given) for tool in islice(tools, _TOOLS) for given in self.arguments(tool)]
        for tool, given in named:
            shown = {name: encode(value) for name, value in given.items()}
            made = Event(kind=kind, seq=0, actor=by, tool=tool.symbol, args_requested=shown, decision=word)
            yield Move((made,))
        if not named:
            yield Move((Event(kind=kind, seq=0, actor=by, decision=word),))

    def _judged(self) -> Iterator[core.Tool]:
        wanted = [
            c for role, p in self.words.patterns if role == "judged" for c in p.choices if c.kind == "call"
        ]
        seen: dict[str, core.Tool] = {t.symbol: t for c in wanted for t in islice(self._tools(c), _TOOLS)}
        yield from seen.values()

    def _simple(self, choice: core.EventChoice, actor: str) -> Iterator[Event]:
        kind, subjects = choice.kind, sorted(choice.subjects)
        first = subjects[0] if subjects else None
        match kind:
            case "input":
                sender = first or "user"
                yield from (Event(kind="input", seq=0, actor=sender, text=t) for t in self.texts())
            case "say" | "ask":
                yield from (Event(kind=kind, seq=0, actor=actor, to="user", text=t) for t in self.texts())
            case "message":
                sender, to = first or actor, next(iter(sorted(choice.to)), "user")
                yield from (Event(kind="message", seq=0, actor=sender, to=to, text=t) for t in self.texts())
            case "remember" | "recall":
                store = first or next(iter(self.program.stores), None)
                if store is not None:
                    yield Event(kind=kind, seq=0, actor=actor, store=store, text="a")
            case "release":
                name = first or next(iter(self.program.releases), None)
                if name is not None:
                    yield self._release(self.program.releases[name], actor)
            case "llm" | "step":
                yield Event(kind=kind, seq=0, actor=actor, step=first or "a")
            case "reset" | "end":
                yield Event(kind=kind, seq=0)
            case _:
                return

    def _release(self, release: core.Release, actor: str) -> Event:
        value = next(iter(values(release.result, (), 1)), None)
        return Event(
            kind="release", seq=0, actor=release.by or actor, step=release.symbol, result=encode(value)
        )

    def texts(self) -> list[str]:
        """Texts of inputs and answers."""
        asked = "text" in self.words.names or any(role == "context" for role, _ in self.words.patterns)
        found = values(types.TEXT, self.words.constants if asked else (), 4 if asked else 1)
        return [text for text in found if isinstance(text, str)]
