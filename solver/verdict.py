"""What a solver may answer, and the limits it answers within."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from wfcheck.solver.evaluate import Model


@attrs.frozen
class Unsat:
    """No model. `core`: the sorted names of assumptions that suffice for that, none of which is known to be superfluous."""

    core: tuple[str, ...]


@attrs.frozen
class Sat:
    """A model; the formula and every assumption were evaluated under it and are true."""

    model: Model


@attrs.frozen
class Unknown:
    """No answer, and why: a limit, a crash, a hang, an answer that could not be confirmed."""

    reason: str


Answer: TypeAlias = Unsat | Sat | Unknown


@attrs.frozen
class Limits:
    """`rlimit`: Z3's deterministic resource units per check. `seconds`: the wall clock, for the whole question. `tidy`: how many
    extra checks may be spent on a plainer model. `memory`: megabytes of the child."""

    rlimit: int = 30_000_000
    seconds: float = 10.0
    tidy: int = 48
    memory: int = 4096
