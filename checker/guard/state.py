"""All that a guard remembers, taken down and put back, so that it need not take in its whole log again."""

from __future__ import annotations

from typing import Any, TypeAlias

from wfcheck.checker.guard.deciding import Decider
from wfcheck.checker.guard.packing import Packer, UnpackableError, Unpacker
from wfcheck.checker.replay.limits import QuotaStepper
from wfcheck.checker.replay.memory import Memory
from wfcheck.checker.replay.past import Past
from wfcheck.checker.replay.places import Totals
from wfcheck.checker.replay.reader import Reader
from wfcheck.checker.replay.sequence_rules import InvariantStepper, ResponseStepper, SeparationStepper
from wfcheck.checker.replay.stepper import Stepper
from wfcheck.checker.replay.stepping import MonitorStepper
from wfcheck.checker.replay.streaks import StreakStepper

Taken: TypeAlias = list[Any]


def taken(decider: Decider) -> Taken | None:
    """What the guard remembers, as plain data; None where that is too much: a policy that asks where values came from remembers them
    all.

    Raises:
        UnpackableError: it remembers something that cannot be written.
    """
    watch = decider.watch
    if watch.traced:
        return None
    pack = Packer().pack
    reader = _reader(watch.reader)
    asked = [id(event) for event, _, _ in watch.policy.tracked.asked]
    sessions = {key: [*_past(past, asked), bits] for key, (past, bits, _) in watch.sessions.items()}
    places = {key: place.bits for key, place in watch.places.items() if key == _canonical(key)}
    rules = {one.rule.name: _stepper(one.stepper) for one in watch.working}
    return [pack(part) for part in (watch.index, reader, sessions, places, rules, decider.pending.calls)]


def put_back(decider: Decider, data: Taken) -> None:
    """Let a guard at its start remember what was taken down.

    Raises:
        Exception: it is not of such a guard.
    """
    watch = decider.watch
    unpack = Unpacker(watch.policy.catalogue, watch.reader).unpack
    index, reader, sessions, places, rules, pending = (unpack(part) for part in data)
    watch.index = index
    _fill_reader(watch.reader, reader)
    asked = [id(event) for event, _, _ in watch.policy.tracked.asked]
    for key, (registers, records, steady, bits) in sessions.items():
        past = Past(
            watch.policy.tracked,
            registers,
            {(asked[n], run): found for (n, run), found in records.items()},
            steady,
        )
        watch.sessions[key] = (past, bits, Totals())
    for key, bits in places.items():
        watch.put_back(key, bits)
    working = {one.rule.name: one.stepper for one in watch.working}
    if working.keys() != rules.keys():
        raise UnpackableError("it is of other rules")
    for name, kept in rules.items():
        _fill_stepper(working[name], kept)
    decider.pending.calls.update(pending)


def _canonical(key: tuple[str | None, str | None]) -> tuple[str | None, str | None]:
    return key[0] or None, key[1] or None


def _past(past: Past, asked: list[int]) -> list[Any]:
    records = {(asked.index(event), run): found for (event, run), found in past.records.items()}
    return [past.registers, records, past.steady]


def _reader(reader: Reader) -> list[Any]:
    calls, ids = reader.open_calls, reader.by_id
    runs = {key: found for key, found in reader.runs.items() if key == _canonical(key)}
    recent = [[kept.young, kept.old, kept.forgot] for kept in (calls, ids)]
    return [reader.sessions, runs, reader.latest, *recent]


def _fill_reader(reader: Reader, data: list[Any]) -> None:
    sessions, runs, latest, calls, ids = data
    reader.sessions.update(sessions)
    reader.runs.update(runs)
    reader.latest.update(latest)
    kept: tuple[Any, Any] = (reader.open_calls, reader.by_id)
    for recent, (young, old, forgot) in zip(kept, (calls, ids), strict=True):
        recent.young, recent.old, recent.forgot = young, old, forgot


def _stepper(stepper: Stepper) -> Any:
    match stepper:
        case MonitorStepper(states=states):
            return {
                scope: [[dict(m.buckets), m.alike] for m in state.memories] for scope, state in states.items()
            }
        case QuotaStepper():
            return [stepper.tallies, stepper.loose, stepper.ever, stepper.clock]
        case StreakStepper():
            return [stepper.streaks, stepper.ending.counted]
        case ResponseStepper():
            return [stepper.debts, stepper.ended]
        case SeparationStepper():
            return [stepper.seen, stepper.kept]
        case InvariantStepper():
            return None
        case _:
            raise UnpackableError("a rule that remembers more")


def _fill_stepper(stepper: Stepper, kept: Any) -> None:
    match stepper:
        case MonitorStepper():
            for scope, memories in kept.items():
                state = stepper.states[scope] = stepper.blank.fresh()
                for memory, held in zip(state.memories, memories, strict=True):
                    _fill_memory(memory, held)
        case QuotaStepper():
            stepper.tallies.update(kept[0])
            stepper.loose.update(kept[1])
            stepper.ever.update(kept[2])
            stepper.clock = kept[3]
        case StreakStepper():
            stepper.streaks.update(kept[0])
            stepper.ending.counted.update(kept[1])
        case ResponseStepper():
            stepper.debts.update(kept[0])
            stepper.ended.update(kept[1])
        case SeparationStepper():
            stepper.seen.update(kept[0])
            stepper.kept.update(kept[1])
        case _:
            return


def _fill_memory(memory: Memory, held: list[Any]) -> None:
    memory.buckets.update(held[0])
    memory.alike.update(held[1])
