"""What a proof consists of, so that it can be weakened, certified and checked again.

A `Finding` that is PROVED carries one of these. What they say is not trusted by whoever checks a proof again: the question is made
anew from the program, and only answers that are hard to find (labels, invariants) are taken from a certificate, and checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from wfcheck.solver.term import Term
from wfcheck.solver.transition import Invariant, System

if TYPE_CHECKING:
    from wfcheck.checker.obligation import Case


@attrs.frozen
class Inspected:
    """Decided by the labelling (`labels`), or by what the workflow and the declarations say (`shape`), without a solver. `holds`
    decides the same rule of another case: the same workflow, where less is taken for granted. `also`: names of assumptions that it
    rests on in any case."""

    kind: Literal["labels", "shape"]
    holds: Callable[[Case], bool]
    also: tuple[str, ...] = ()


@attrs.frozen
class Refuted:
    """`formula` has no model in which all (named) `assumptions` hold. `also`: as in `Inspected`. `again`: the same question of another
    case, as far as the formula depends on declarations; None where it does not."""

    formula: Term
    assumptions: tuple[tuple[str, Term], ...]
    also: tuple[str, ...] = ()
    again: Callable[[Case], Refuted] | None = None


@attrs.frozen
class Inductive:
    """`invariant` is inductive in `system` and proves it safe: see `transition.conditions`. `also`: as in `Refuted`."""

    system: System
    invariant: Invariant
    also: tuple[str, ...] = ()


Proof: TypeAlias = Inspected | Refuted | Inductive
