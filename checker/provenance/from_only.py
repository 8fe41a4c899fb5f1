"""`require ARG from only SET`, compiled and asked of a recorded run."""

from __future__ import annotations

from typing import assert_never

from wfcheck.checker.conditions.compiled import UNKNOWN, Tables, compile_expression
from wfcheck.checker.provenance.query import (
    Answer,
    Asking,
    Breach,
    Insufficient,
    Origin,
    Target,
    argument_of,
)
from wfcheck.checker.provenance.sources import Source
from wfcheck.checker.provenance.values import Atom, unknown_inside, wanted
from wfcheck.dsl import core
from wfcheck.dsl.types import ANY


def compile_target(rule: core.FromOnly, tables: Tables) -> Target:
    """The compiled form of `ARG from only SET`."""
    origins = tuple(compile_origin(source, tables) for source in rule.sources)
    match rule.target:
        case core.ArgumentEnd(tool=tool, argument=argument, path=path):
            return Target(tool, argument, path, origins)
        case core.ResultEnd(tool=tool, path=path):
            return Target(tool, None, path, origins)
        case _:
            assert_never(rule.target)


def compile_origin(source: core.AllowedSource, tables: Tables) -> Origin:
    """The compiled form of one allowed source."""
    gate = None if source.when is None else compile_expression(source.when, tables)
    designated = None if source.designated is None else compile_target(source.designated, tables)
    return Origin(source.end, source.via, gate, designated)


def ask_from_only(target: Target, asking: Asking) -> Answer:
    """`from only` at a call of the target's tool."""
    assert target.argument is not None
    value, type_ = argument_of(asking.view, target.argument, target.path)
    if unknown_inside(value):
        return Insufficient(f"the argument `{target.argument}` was not recorded as its type")
    if asking.mode == "declared":
        return _declared(target, asking)
    asking.origins = target.origins
    limit = len(asking.provenance.sources)
    doubt: Answer = None
    kinds = asking.kinds_of(type_ or ANY)
    for atom in wanted(value, type_ or ANY):
        truth, culprit = asking.granted(atom, target.origins, limit, kinds)
        if truth is UNKNOWN:
            doubt = Insufficient(f"whether `{target.argument}` may come from there is not recorded")
        elif truth is False and culprit is None and asking.computed:
            doubt = Insufficient(f"the workflow may have computed `{target.argument}`")
        elif truth is False and culprit is None and atom.loose:
            doubt = Insufficient(f"whether `{target.argument}` names something or is prose is not known")
        elif truth is False:
            return _breach(target.argument, atom, culprit)
    return doubt


def _breach(argument: str, atom: Atom, culprit: Source | None) -> Breach:
    if culprit is None:
        return Breach(f"`{argument}` was invented", None, atom.shown, invented=True)
    return Breach(f"`{argument}` came from {name_source(culprit)}", culprit.index, atom.shown)


def name_source(source: Source) -> str:
    """The source in the words of a rule."""
    path = "".join("[]" if isinstance(p, int) else f".{p}" for p in source.place)
    match source.kind:
        case "result":
            return f"`{source.owner}{path}`"
        case "input" | "message":
            return f"what `{source.owner}` wrote"
        case "recall":
            return f"the store `{source.owner}`"
        case _:
            return f"`{source.owner}`"


def _declared(target: Target, asking: Asking) -> Answer:
    labels = asking.view.event.argument_labels
    if labels is None or target.argument not in labels:
        return Insufficient("the trace declares no labels of arguments")
    allowed = {
        t for o in target.origins if isinstance(o.end, core.TagEnd) and o.gate is None for t in o.end.tags
    }
    influence = {t for t in labels[target.argument] if _influence(t, asking.program)}
    wrong = sorted(influence - allowed)
    return Breach(f"`{target.argument}` carries `{wrong[0]}`", None) if wrong else None


def _influence(symbol: str, program: core.Program) -> bool:
    tag = program.tags.get(symbol)
    return tag is not None and tag.kind != "secrecy"
