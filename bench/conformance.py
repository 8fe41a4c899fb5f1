"""Cost of conformance per event: a loop of calls, an agent that records all, and one that records calls alone, at two lengths.

    python bench/conformance.py [EVENTS]

A cost that grows with the length would be seen in the second of each pair."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wfcheck import stdlib
from wfcheck.checker.conditions.compiled import Tables
from wfcheck.checker.conformance.model import Compiled, Model
from wfcheck.checker.conformance.tracker import Tracker
from wfcheck.checker.replay.reader import Reader
from wfcheck.checker.replay.view import Catalogue
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.elaboration.elaborate import load

SPEC = """
principal bot is agent
tool fetch(id: text) -> text { effect read  emits nothing  returns {} }
tool keep(text: text) -> bool { effect write  emits nothing  returns {} }
workflow collect(go: text from {user}) as bot {
  more = true
  repeat while more {
    text = fetch(id: go)
    more = keep(text: text)
  }
}
workflow chat(go: text from {user}) as bot { agent helper(go) may { fetch, keep, say } max 10_000_000 steps }
"""
Generator = Callable[[int], Iterator[Event]]


def called(number: int, tool: str, arguments: dict[str, str], result: object) -> Iterator[Event]:
    """A call and its result."""
    name = f"{tool}{number}"
    yield Event(kind="call", seq=0, tool=tool, call=name, args_requested=arguments)
    yield Event(kind="result", seq=0, tool=tool, call=name, result=result)


def loop(events: int) -> Iterator[Event]:
    """Rounds of a loop, each with a result that the next call gets."""
    yield Event(kind="input", seq=0, actor="user", text="x")
    for number in range(events // 4):
        yield from called(number, "fetch", {"id": "x"}, f"t{number}")
        yield from called(number, "keep", {"text": f"t{number}"}, True)


def agent(events: int) -> Iterator[Event]:
    """An agent whose answers are recorded."""
    yield Event(kind="input", seq=0, actor="user", text="x")
    yield Event(kind="step", seq=0, step="helper")
    for number in range(events // 3):
        yield Event(kind="llm", seq=0, step="helper")
        yield from called(number, "fetch", {"id": f"q{number}"}, f"t{number}")


def calls(events: int) -> Iterator[Event]:
    """An agent of which only calls are recorded."""
    yield Event(kind="input", seq=0, actor="user", text="x")
    for number in range(events // 2):
        yield from called(number, "fetch", {"id": f"q{number}"}, f"t{number}")


def measure(program: core.Program, events: list[Event]) -> tuple[float, int]:
    """Microseconds per event, and the deviations found."""
    tracker = Tracker(Model.of(Compiled(program, Tables.of(program)), "wftrace", {}))
    reader = Reader(Catalogue.of(program), {}, None)
    found, started = 0, time.process_time()
    for index, event in enumerate(events):
        view = reader.view(index, event)
        found += sum(not deviation.soft for deviation in tracker.step(view))
        reader.take(view)
    return (time.process_time() - started) / len(events) * 1e6, found


def main() -> None:
    """Print a line per shape and length."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "conformance.wf")
        path.write_text(SPEC)
        program = load([path], library=stdlib.load)[0]
    shapes: dict[str, Generator] = {"loop": loop, "agent": agent, "calls alone": calls}
    for name, generator in shapes.items():
        for size in (most // 10, most):
            events = list(generator(size))
            cost, found = measure(program, events)
            print(f"{name:12} {len(events):>8} events  {cost:6.1f} us/event  {found} deviations")


if __name__ == "__main__":
    main()
