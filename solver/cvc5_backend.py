"""The child process that owns cvc5: the only importer of cvc5. It is run as a file, so that it loads nothing of this package.

Protocol, both ways: four bytes of length (big endian), then JSON. A question holds `text` (SMT-LIB), `selectors`, `milliseconds` and
its `number`; an answer that number, `status` (unsat, sat, unknown) and `core` or `reason`."""

from __future__ import annotations

import json
import re
import resource
import struct
import sys
from typing import Any, BinaryIO

import cvc5 as _cvc5

cvc5: Any = _cvc5  # its stubs leave out what its Python layer adds
_ALLOWED = {"declare-sort", "declare-const", "declare-fun", "define-fun", "assert"}
_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_!.]*")


class RefusedError(Exception):
    """The text holds what no question needs."""


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answers questions until the source ends."""
    while len(head := source.read(4)) == 4:
        question = json.loads(source.read(struct.unpack(">I", head)[0]))
        try:
            answer = _answer(question)
        except (RuntimeError, RefusedError) as error:
            answer = {"status": "unknown", "reason": f"the second solver failed: {error}"[:500]}
        payload = json.dumps({**answer, "number": question["number"]}).encode()
        sink.write(struct.pack(">I", len(payload)) + payload)
        sink.flush()


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("tlimit-per", str(question["milliseconds"]))
    solver.setOption("produce-unsat-assumptions", "true")
    solver.setLogic("ALL")
    names = cvc5.SymbolManager(solver)
    _read(solver, names, question["text"])
    if not all(_SIMPLE.fullmatch(name) for name in question["selectors"]):
        raise RefusedError("a selector is not a plain name")
    status = _said(solver, names, f"(check-sat-assuming ({' '.join(question['selectors'])}))")
    if status == "unsat":
        core = _said(solver, names, "(get-unsat-assumptions)").strip("()").split()
        return {"status": "unsat", "core": core}
    if status == "sat":
        return {"status": "sat"}
    return {"status": "unknown", "reason": f"the second solver gave up: {status}"[:500]}


def _read(solver: Any, names: Any, text: str) -> None:
    for command in _commands(solver, names, text):
        if command.getCommandName() not in _ALLOWED:
            raise RefusedError(f"a question has no use for {command.getCommandName()}")
        said = str(command.invoke(solver, names)).strip()
        if said:
            raise RefusedError(said)


def _said(solver: Any, names: Any, text: str) -> str:
    return "".join(str(c.invoke(solver, names)) for c in _commands(solver, names, text)).strip()


def _commands(solver: Any, names: Any, text: str) -> Any:
    parser = cvc5.InputParser(solver, names)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    while not (command := parser.nextCommand()).isNull():
        yield command


def main() -> None:
    """Serves standard input and output, within the megabytes given as the first argument."""
    megabytes = int(sys.argv[1]) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (megabytes, megabytes))
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
