"""What rules ask to have happened before given calls, with the values of these very calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs
import msgspec

from wfcheck.checker.explaining.moves import Maker, Move
from wfcheck.checker.explaining.vocabulary import Vocabulary
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core


def supporting(
    rules: Sequence[core.Rule], program: core.Program, words: Vocabulary, calls: Iterable[Event]
) -> Iterator[Move]:
    """Evidence of `require ... before` rules for the calls, and events that end a ban."""
    wanted = [rule.body for rule in rules if isinstance(rule.body, core.Before | core.After)]
    ends = [r.body.until for r in rules if isinstance(r.body, core.Forbid) and r.body.until is not None]
    for call in calls:
        for body in wanted:
            mine = [c for c in body.judged.choices if not c.subjects or call.tool in c.subjects]
            for choice in body.evidence.choices if mine else ():
                yield from _evidence(choice, mine[0], call, program, words)
    for until in ends:
        for choice in until.choices:
            yield from _evidence(choice, None, None, program, words)


def _evidence(
    choice: core.EventChoice,
    judged: core.EventChoice | None,
    call: Event | None,
    program: core.Program,
    words: Vocabulary,
) -> Iterator[Move]:
    actor = choice.by or (call.actor if call is not None and call.actor is not None else "user")
    if choice.kind == "approve" and call is not None:
        who = choice.by or "user"
        yield Move(
            (
                Event(
                    kind="approve",
                    seq=0,
                    actor=who,
                    tool=call.tool,
                    args_requested=call.arguments,
                    decision="approved",
                ),
            )
        )
        return
    maker = Maker(program, words, actor)
    for move in list(maker.of(core.EventPattern((choice,), span=choice.span), evidence=True))[:2]:
        shared = _shared(choice, judged, call)
        if not shared:
            yield move
            continue
        first, *rest = move.events
        given = {**first.arguments, **shared}
        yield attrs.evolve(move, events=(msgspec.structs.replace(first, args_executed=given), *rest))


def _shared(
    choice: core.EventChoice, judged: core.EventChoice | None, call: Event | None
) -> dict[str, object]:
    """The arguments that have to be those of the call."""
    if judged is None or call is None:
        return {}
    bound = {t.name: n for n, t in judged.tests if isinstance(t, core.Bind)}
    found: dict[str, object] = {}
    for name, test in choice.tests:
        source = (
            name
            if isinstance(test, core.Same)
            else bound.get(test.name)
            if isinstance(test, core.Bind)
            else None
        )
        if source is not None and source in call.arguments:
            found[name] = call.arguments[source]
    return found
