"""A second solver, cvc5, for what Z3 has decided: the same text, read by other code. cvc5 is an extra (`pip install wfcheck[recheck]`).

It lives in a child process of its own. As with the first, whatever goes wrong there is `unknown`, never `unsat`."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias

import attrs

from wfcheck.solver.backend import Child, ChildError
from wfcheck.solver.smtlib import script
from wfcheck.solver.term import Term

Status: TypeAlias = Literal["unsat", "sat", "unknown"]
_GRACE = 0.5


@attrs.frozen
class Opinion:
    """`core`: selectors that suffice for `unsat`, sorted. `reason`: why the status is `unknown`, else empty."""

    status: Status
    core: tuple[str, ...] = ()
    reason: str = ""


def available() -> bool:
    """Whether cvc5 is installed; nothing is imported."""
    return find_spec("cvc5") is not None


@cache
def second_child() -> Child:
    """The child that all questions of this process share; killed at exit."""
    child = second_process()
    atexit.register(child.close)
    return child


def second_process(memory: int = 4096) -> Child:
    """A child with cvc5 in it, within so many megabytes; the caller closes it."""
    path = Path(__file__).with_name("cvc5_backend.py")
    return Child((sys.executable, "-E", "-s", str(path), str(memory)))


def check_text(
    text: str, selectors: Sequence[str] = (), *, seconds: float = 10.0, child: Child | None = None
) -> Opinion:
    """Whether the SMT-LIB text has a model in which the selectors (names of its Boolean constants) are true.

    The text may declare, define and assert; any other command makes the answer `unknown`."""
    if not available() and child is None:
        return Opinion("unknown", reason="cvc5 is not installed")
    question = {"text": text, "selectors": list(selectors), "milliseconds": int(seconds * 1000)}
    try:
        answer = (child or second_child()).ask(question, seconds + _GRACE)
    except ChildError as error:
        return Opinion("unknown", reason=str(error))
    match answer:
        case {"status": "unsat", "core": list(core)} if set(core) <= set(selectors):
            return Opinion("unsat", tuple(sorted(core)))
        case {"status": "sat"}:
            return Opinion("sat")
        case {"status": "unknown", "reason": str(reason)}:
            return Opinion("unknown", reason=reason)
        case _:
            return Opinion("unknown", reason="the second solver answered nonsense")


def check(
    formula: Term,
    assumptions: Sequence[tuple[str, Term]] = (),
    *,
    seconds: float = 10.0,
    child: Child | None = None,
) -> Opinion:
    """Whether the formula and all assumptions can be true together; `core` holds names of assumptions."""
    printed = script(formula, [term for _, term in assumptions])
    opinion = check_text(printed.text, printed.selectors, seconds=seconds, child=child)
    names = {s: name for s, (name, _) in zip(printed.selectors, assumptions, strict=True)}
    return attrs.evolve(opinion, core=tuple(sorted({names[s] for s in opinion.core})))
