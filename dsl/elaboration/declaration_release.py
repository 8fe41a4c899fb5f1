"""Releases: the only way to lose a tag."""

from __future__ import annotations

from math import log2

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.context import Context, Entity, Env
from wfcheck.dsl.elaboration.declaration_group import entities
from wfcheck.dsl.elaboration.declaration_tool import argument_names, elaborate_parameters
from wfcheck.dsl.elaboration.expression import elaborate_condition, elaborate_type, resolve_tags
from wfcheck.dsl.elaboration.expression_tags import INFLUENCE, sides_of
from wfcheck.dsl.elaboration.names import listing
from wfcheck.dsl.types import Type, cardinality, show


def elaborate_releases(context: Context) -> None:
    """Fills `context.releases`."""
    for entity in entities(context, "release"):
        context.releases[entity.symbol] = _release(context, entity)


def _release(context: Context, entity: Entity) -> core.Release:
    declaration = entity.declaration
    assert isinstance(declaration, syntax.ReleaseDecl)
    module = entity.module
    parameters = elaborate_parameters(context, module, declaration.parameters, sources=False)
    result = elaborate_type(context, module, declaration.result)
    removes = resolve_tags(context, module, declaration.removes)
    by = None
    if declaration.by is not None:
        by = context.resolve(module, declaration.by, frozenset({"principal"}), "a principal")
    condition = None
    if declaration.condition is not None:
        env = Env(module, argument_names(parameters), what="the condition of a release")
        condition = elaborate_condition(context, env, declaration.condition)
    _check(context, declaration, removes, result)
    return core.Release(
        symbol=entity.symbol,
        parameters=parameters,
        result=result,
        removes=removes,
        by=None if by is None else by.symbol,
        condition=condition,
        bits=bits(result),
        span=declaration.span,
    )


def bits(result: Type) -> float | None:
    """What one use of a release can tell, in bits; None when its result has no known number of values."""
    values = cardinality(result)
    return None if values is None else log2(max(values, 1))


def _check(context: Context, declaration: syntax.ReleaseDecl, removes: frozenset[str], result: Type) -> None:
    name = declaration.name
    if not declaration.removes:
        context.report(
            "WF247", f"the release `{name.text}` removes nothing", name.span, help="name the tags it removes"
        )
    if not declaration.parameters:
        context.report("WF247", f"the release `{name.text}` is given nothing to release", name.span)
    if declaration.by is not None or declaration.condition is not None or cardinality(result) is not None:
        return
    influence = sorted(tag for tag in removes if sides_of(context.tags[tag]) == INFLUENCE)
    if influence:
        context.report(
            "WF237",
            f"the sanitiser `{name.text}` removes {listing(influence[:4])} and may return any `{show(result)}`",
            declaration.result.span,
            notes=("without `by` nobody vouches for the value: only a finite type or a condition can",),
            help="return an enum or a bool, add `when`, or say who decides with `by`",
        )
