"""The child process that owns Z3: the only importer of z3. It is run as a file, so that it loads nothing of this package.

Protocol, both ways: four bytes of length (big endian), then JSON. A question holds `text` (SMT-LIB), `selectors`, `wishes`,
`values` (constants to read), `rlimit`, `milliseconds`, `tidy` and its `number`. An answer holds that number, `status` (unsat,
sat, unknown) and `core`, `values` or `reason`. Whatever goes wrong here ends the process or answers unknown: the parent
believes nothing else."""

from __future__ import annotations

import json
import resource
import struct
import sys
import time
from typing import Any, BinaryIO

import z3


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answers questions until the source ends."""
    while len(head := source.read(4)) == 4:
        question = json.loads(source.read(struct.unpack(">I", head)[0]))
        try:
            answer = _answer(question)
        except z3.Z3Exception as error:
            answer = {"status": "unknown", "reason": f"the solver failed: {error}"[:500]}
        payload = json.dumps({**answer, "number": question["number"]}).encode()
        sink.write(struct.pack(">I", len(payload)) + payload)
        sink.flush()


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
