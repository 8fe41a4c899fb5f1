"""The child process that owns Z3: the only importer of z3. It is run as a file, so that it loads nothing of this package.

Protocol, both ways: four bytes of length (big endian), then JSON. A question holds `text` (SMT-LIB), `selectors`, `wishes`,
`values` (constants to read), `rlimit`, `milliseconds`, `tidy` and its `number`. An answer holds that number, `status` (unsat,
sat, unknown) and `core`, `values` or `reason`. Other kinds: `each` (several `goals` over one text), and `open`,
`ask`, `close` (a session: one text, many questions that `define` more for good and `assert` for themselves). Whatever goes
wrong here ends the process or answers unknown: the parent believes nothing else."""

from __future__ import annotations

import json
import resource
import struct
import sys
import time
from typing import Any, BinaryIO

import z3

_FULL = 1_000_000_000
"""Bytes: a process that has grown so large is to be replaced, as memory is seldom given back."""


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answers questions until the source ends."""
    sessions: dict[str, _Session] = {}
    while len(head := source.read(4)) == 4:
        question = json.loads(source.read(struct.unpack(">I", head)[0]))
        try:
            answer = _answers(question, sessions)
        except z3.Z3Exception as error:
            answer = {"status": "unknown", "reason": f"the solver failed: {error}"[:500]}
        full = not sessions and _resident() > _FULL
        payload = json.dumps({**answer, "number": question["number"], "retire": full}).encode()
        sink.write(struct.pack(">I", len(payload)) + payload)
        sink.flush()


def _resident() -> int:
    """Bytes of memory in use; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as status:  # noqa: PTH123 - this file loads nothing of its own
            return int(status.read().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def _answers(question: dict[str, Any], sessions: dict[str, _Session]) -> dict[str, Any]:
    match question.get("kind", "solve"):
        case "solve":
            return _answer(question)
        case "each":
            return _each(question)
        case "open":
            sessions[question["session"]] = _Session(question)
            return {"status": "open"}
        case "ask":
            session = sessions.get(question["session"])
            return (
                session.ask(question) if session else {"status": "unknown", "reason": "the session was lost"}
            )
        case "close":
            sessions.pop(question["session"], None)
            return {"status": "closed"}
        case _:
            return {"status": "unknown", "reason": "the question is not understood"}


def _each(question: dict[str, Any]) -> dict[str, Any]:
    """Several goals over one text, each by itself; what is asked after the time is over stays unknown."""
    deadline = time.monotonic() + question["milliseconds"] / 1000
    context = z3.Context()
    solver, parser = z3.SimpleSolver(context), z3.ParserContext(context)
    solver.add(parser.from_string(question["text"]))
    switches = [z3.Bool(name, context) for name in question["selectors"]]
    answers: list[dict[str, Any]] = []
    for goal in question["goals"]:
        left = int((deadline - time.monotonic()) * 1000)
        if left <= 0 or (answers and question["stop"] and answers[-1]["status"] != "unsat"):
            answers.append({"status": "unknown", "reason": "the solver gave up: not asked any more"})
            continue
        _limit(solver, {**question, "milliseconds": left})
        solver.push()
        solver.add(parser.from_string(f"(assert {goal})"))
        answers.append(_checked(solver, switches, question, left))
        solver.pop()
    return {"status": "each", "answers": answers}


def _checked(solver: z3.Solver, switches: list[Any], question: dict[str, Any], left: int) -> dict[str, Any]:
    result = solver.check(*switches)
    if result == z3.unsat:
        return {"status": "unsat", "core": _core(solver, question, time.monotonic() + left / 2000)}
    if result == z3.sat:
        return {"status": "sat", "values": _values(solver.model(), set(question["values"]))}
    return {"status": "unknown", "reason": f"the solver gave up: {solver.reason_unknown()}"[:500]}


def _limit(solver: z3.Solver, question: dict[str, Any]) -> None:
    solver.set("random_seed", 0)
    solver.set("rlimit", question["rlimit"])
    solver.set("timeout", question["milliseconds"])


class _Session:
    """A solver that keeps its text; each question adds definitions for good, and assertions for itself only."""

    def __init__(self, question: dict[str, Any]) -> None:
        self.context = z3.Context()
        self.parser = z3.ParserContext(self.context)
        self.solver = z3.SimpleSolver(self.context)
        self.solver.set("relevancy", 0)  # three times faster over long chains of cases
        self.solver.set("arith.solver", 2)
        self.solver.add(self.parser.from_string(question["text"]))

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        self.solver.add(self.parser.from_string(question["define"]))
        _limit(self.solver, question)
        self.solver.push()
        try:
            self.solver.add(self.parser.from_string(question["assert"]))
            switches = [z3.Bool(name, self.context) for name in question["selectors"]]
            return _checked(self.solver, switches, question, question["milliseconds"])
        finally:
            self.solver.pop()


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    start = time.monotonic()
    context = z3.Context()
    solver = z3.SimpleSolver(context)
    solver.set("random_seed", 0)
    solver.set("rlimit", question["rlimit"])
    solver.set("timeout", question["milliseconds"])
    solver.from_string(question["text"])
    deadline = start + question["milliseconds"] / 2000
    switches = [z3.Bool(name, context) for name in question["selectors"]]
    result = solver.check(*switches)
    if result == z3.unsat:
        return {"status": "unsat", "core": _core(solver, question, deadline)}
    if result == z3.sat:
        model = _plain(solver, switches, question, deadline, context)
        return {"status": "sat", "values": _values(model, set(question["values"]))}
    return {"status": "unknown", "reason": f"the solver gave up: {solver.reason_unknown()}"[:500]}


def _named(solver: z3.Solver) -> list[Any]:
    vector: Any = solver.unsat_core()
    return list(vector)


def _core(solver: z3.Solver, question: dict[str, Any], deadline: float) -> list[str]:
    core = _named(solver)
    _hurry(solver, question)
    for switch in sorted(core, key=str)[: question["tidy"]]:
        fewer = [other for other in core if not other.eq(switch)]
        if time.monotonic() < deadline and len(fewer) < len(core) and solver.check(*fewer) == z3.unsat:
            core = _named(solver)
    return sorted(str(switch) for switch in core)


def _hurry(solver: z3.Solver, question: dict[str, Any]) -> None:
    """What comes now only improves an answer that is there already."""
    solver.set("rlimit", max(question["rlimit"] // 100, 100_000))
    solver.set("timeout", max(question["milliseconds"] // 4, 1))


def _plain(
    solver: z3.Solver, switches: list[Any], question: dict[str, Any], deadline: float, context: z3.Context
) -> z3.ModelRef:
    model, kept = solver.model(), list(switches)
    _hurry(solver, question)
    for name in question["wishes"][: question["tidy"]]:
        if time.monotonic() > deadline:
            break
        wish = z3.Bool(name, context)
        if solver.check(*kept, wish) == z3.sat:
            kept.append(wish)
            model = solver.model()
    return model


def _values(model: z3.ModelRef, wanted: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for declaration in model.decls():
        name = declaration.name()
        if name in wanted and declaration.arity() == 0:
            found[name] = _value(model[declaration])
    return found


def _value(value: Any) -> Any:
    if z3.is_bool(value):
        return z3.is_true(value)
    if z3.is_int_value(value):
        return value.as_string()
    if z3.is_rational_value(value):
        return f"{value.numerator_as_long()}/{value.denominator_as_long()}"
    return value.sexpr()


def main() -> None:
    """Serves standard input and output, within the megabytes given as the first argument."""
    megabytes = int(sys.argv[1]) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (megabytes, megabytes))
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
