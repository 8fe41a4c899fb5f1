"""Questions to the solver: `solve`. Z3 lives in a child process that is started once, kept, and killed when it overstays.

Whatever the child does - crash, hang, answer nonsense, claim a model that is none - the answer is Unknown, never a verdict."""

from __future__ import annotations

import atexit
import json
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from wfcheck.solver.concretise import BadAnswerError, read_model
from wfcheck.solver.evaluate import Model, UndefinedError, evaluate_all
from wfcheck.solver.smtlib import Script, script
from wfcheck.solver.term import FALSE, TRUE, Term, symbols
from wfcheck.solver.verdict import Answer, Limits, Sat, Unknown, Unsat
from wfcheck.solver.wishes import wishes_for

_GRACE = 0.5
_MAX_ANSWER = 64_000_000


class ChildError(Exception):
    """The child broke off, overstayed or answered nonsense; it has been killed."""


class Child:
    """One solver process, started at the first question and again after each that it did not survive."""

    def __init__(self, command: Sequence[str] | None = None, memory: int = 4096) -> None:
        self._command = tuple(command or _command(memory))
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = 0

    def ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The child's answer; raises ChildError. Whatever interrupts the exchange ends the child: no answer is ever read late."""
        self._asked += 1
        try:
            answer = self._exchange({**question, "number": self._asked}, time.monotonic() + seconds)
        except (OSError, ValueError) as error:
            self.close()
            raise ChildError(str(error) or "the solver broke off") from None
        except BaseException:
            self.close()
            raise
        if answer.get("retire"):
            self.close()
        return answer

    def _exchange(self, question: dict[str, Any], deadline: float) -> dict[str, Any]:
        payload = json.dumps(question).encode()
        self._write(struct.pack(">I", len(payload)) + payload, deadline)
        size = struct.unpack(">I", self._read(4, deadline))[0]
        if size > _MAX_ANSWER:
            raise ChildError("the solver answered nonsense")
        answer = json.loads(self._read(size, deadline))
        if not isinstance(answer, dict) or answer.get("number") != question["number"]:
            raise ChildError("the solver answered nonsense")
        return answer

    def start(self) -> subprocess.Popen[bytes]:
        """Starts the process if there is none; returns at once, while it still loads."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            assert self._process.stdin is not None
            os.set_blocking(self._process.stdin.fileno(), False)
        return self._process

    def close(self) -> None:
        """Kills the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()

    def _write(self, payload: bytes, deadline: float) -> None:
        stream = self.start().stdin
        assert stream is not None
        while payload:
            _wait([], [stream.fileno()], deadline)
            payload = payload[os.write(stream.fileno(), payload[:65536]) :]

    def _read(self, size: int, deadline: float) -> bytes:
        stream = self.start().stdout
        assert stream is not None
        found = bytearray()
        while len(found) < size:
            _wait([stream.fileno()], [], deadline)
            piece = os.read(stream.fileno(), size - len(found))
            if not piece:
                raise ChildError("the solver broke off")
            found += piece
        return bytes(found)


def _wait(readers: list[int], writers: list[int], deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0 or not any(select.select(readers, writers, [], left)):
        raise ChildError("the solver overstayed its time")


def _command(memory: int) -> tuple[str, ...]:
    return (sys.executable, "-E", "-s", str(Path(__file__).with_name("z3_backend.py")), str(memory))


@cache
def shared_child() -> Child:
    """The child that all questions of this process share; killed at exit."""
    child = Child()
    atexit.register(child.close)
    return child


def solve(
    formula: Term,
    assumptions: Sequence[tuple[str, Term]] = (),
    limits: Limits | None = None,
    *,
    child: Child | None = None,
    wishes: Sequence[Term] = (),
) -> Answer:
    """Whether the formula and all (named) assumptions can be true together.

    `wishes`: what a plain model should also satisfy, most wanted first; small numbers come after them."""
    limits = limits or Limits()
    terms = tuple(term for _, term in assumptions)
    if formula is FALSE:
        return Unsat(())
    if formula is TRUE and all(term is TRUE for term in terms):
        return Sat(Model({}))
    wanted = tuple(wishes) + wishes_for(symbols((formula, *terms)))
    printed = script(formula, terms, wanted[: limits.tidy])
    try:
        answer = (child or shared_child()).ask(_question(printed, limits), limits.seconds + _GRACE)
        return _verdict(answer, printed, formula, assumptions)
    except (ChildError, BadAnswerError) as error:
        return Unknown(str(error))


def solve_each(
    formulas: Sequence[Term],
    assumptions: Sequence[tuple[str, Term]] = (),
    limits: Limits | None = None,
    *,
    child: Child | None = None,
    stop: bool = False,
) -> tuple[Answer, ...]:
    """For each formula by itself: whether it and all assumptions can be true together. The text is printed and sent once, and
    `limits.seconds` is for all of them. `stop`: after the first answer but Unsat, the rest stays Unknown."""
    limits = limits or Limits()
    printed = script(TRUE, [term for _, term in assumptions], (), formulas)
    question = {**_question(printed, limits), "kind": "each", "goals": printed.goals, "stop": stop}
    try:
        answer = (child or shared_child()).ask(question, limits.seconds + _GRACE)
    except ChildError as error:
        return (Unknown(str(error)),) * len(formulas)
    parts = answer.get("answers")
    if not isinstance(parts, list) or len(parts) != len(formulas):
        return (Unknown(str(answer.get("reason", "the solver answered nonsense"))),) * len(formulas)
    return tuple(
        _part(part, printed, formula, assumptions) for part, formula in zip(parts, formulas, strict=True)
    )


def _part(part: Any, printed: Script, formula: Term, assumptions: Sequence[tuple[str, Term]]) -> Answer:
    if not isinstance(part, dict):
        return Unknown("the solver answered nonsense")
    try:
        return _verdict(part, printed, formula, assumptions)
    except BadAnswerError as error:
        return Unknown(str(error))


def _question(printed: Script, limits: Limits) -> dict[str, Any]:
    return {
        "text": printed.text,
        "selectors": printed.selectors,
        "wishes": printed.wishes,
        "values": [*printed.values.values(), *printed.elements, *printed.atoms.values()],
        "rlimit": limits.rlimit,
        "milliseconds": int(limits.seconds * 1000),
        "tidy": limits.tidy,
    }


def _verdict(
    answer: dict[str, Any], printed: Script, formula: Term, assumptions: Sequence[tuple[str, Term]]
) -> Answer:
    match answer:
        case {"status": "unsat", "core": list(core)} if set(core) <= set(printed.selectors):
            places = {
                selector: name for selector, (name, _) in zip(printed.selectors, assumptions, strict=True)
            }
            return Unsat(tuple(sorted({places[selector] for selector in core})))
        case {"status": "sat", "values": dict(values)}:
            return _confirmed(
                read_model(values, printed, (formula, *(t for _, t in assumptions))), formula, assumptions
            )
        case {"status": "unknown", "reason": str(reason)}:
            return Unknown(reason)
        case _:
            return Unknown("the solver answered nonsense")


def _confirmed(model: Model, formula: Term, assumptions: Sequence[tuple[str, Term]]) -> Answer:
    terms = (formula, *(term for _, term in assumptions))
    try:
        values = evaluate_all(terms, model)
    except UndefinedError as error:
        return Unknown(f"the solver's model is incomplete: {error}")
    if all(values[term] is True for term in terms):
        return Sat(model)
    return Unknown("the solver's model could not be confirmed")
