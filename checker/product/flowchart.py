"""A workflow as places and loop-free segments between them: what happens in each, and where control goes next."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.symbolic.state import SymbolicEvent
from wfcheck.dsl import core
from wfcheck.solver.term import Symbol, Term


@attrs.frozen
class Exit:
    """To `target` if `guard`. `values`: one per variable of the target."""

    target: str
    guard: Term
    values: tuple[Term, ...]


@attrs.frozen
class Stretch:
    """What can happen from a place up to the next ones. `events` in the order of every run; the last one, of kind `end`, happens where
    the run ends normally here. `assumptions`: named. `hints`: what may well hold whenever control is at the place."""

    place: str
    variables: tuple[Symbol, ...]
    events: tuple[SymbolicEvent, ...]
    assumptions: tuple[tuple[str, Term], ...]
    exits: tuple[Exit, ...]
    hints: tuple[Term, ...] = ()


@attrs.frozen
class Overlap:
    """Branches of a `parallel` that were walked one after another. `returns`: a `return` in them leaves an inlined workflow only.
    `fails`: a failing call in them leaves an attempt of a `retry` only."""

    node: core.NodeId
    branches: tuple[core.Block, ...]
    returns: bool
    fails: bool


@attrs.frozen
class Flowchart:
    """All runs of a workflow. `start` is visited once, so that what it chooses (`fixed`) may be read everywhere; it has no variables.
    `indices`: by place, the variables that count the elements of a list. `notes` made every symbol."""

    workflow: core.Workflow
    start: str
    stretches: Mapping[str, Stretch]
    notes: Notes
    fixed: tuple[Symbol, ...]
    indices: Mapping[str, tuple[Symbol, ...]]
    overlaps: tuple[Overlap, ...]


class UnsupportedError(Exception):
    """The workflow has no flowchart; the reason is one lower-case sentence."""
