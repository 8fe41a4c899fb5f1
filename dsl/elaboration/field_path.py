"""A path of fields as written: what it starts from, and the steps below it."""

from __future__ import annotations

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.context import Context, Entity
from wfcheck.dsl.source import Span


@attrs.frozen
class Path:
    """What a path starts from, and the steps below it. `entity` None: `name` is nothing declared (perhaps a parameter)."""

    entity: Entity | None
    name: str
    root: syntax.Expr
    steps: core.FieldPath
    span: Span


def path_of(context: Context, module: str, value: syntax.Expr, kinds: frozenset[str]) -> Path | None:
    """The parts of a path; None when the expression is none. `org.pay.amount` starts from `org.pay`."""
    steps: list[tuple[str, syntax.Expr]] = []
    inner = value
    while True:
        match inner:
            case syntax.Member(base=below, name=name):
                steps.append((name.text, inner))
                inner = below
            case syntax.Subscript(base=below, index=None):
                steps.append(("[]", inner))
                inner = below
            case syntax.Name():
                break
            case _:
                return None
    assert isinstance(inner, syntax.Name)
    steps.reverse()
    return _rooted(context, module, inner, steps, kinds, value.span)


def _rooted(
    context: Context,
    module: str,
    root: syntax.Name,
    steps: list[tuple[str, syntax.Expr]],
    kinds: frozenset[str],
    span: Span,
) -> Path:
    names = tuple(name for name, _ in steps)
    entity = context.lookup(module, (root.text,), kinds)
    if entity is not None and entity.kind in kinds:
        return Path(entity, root.text, root, names, span)
    if root.text in context.names[module].prefixes and names and names[0] != "[]":
        inside = context.lookup(module, (root.text, names[0]), kinds)
        found = inside if inside is not None and inside.kind in kinds else None
        return Path(found, f"{root.text}.{names[0]}", steps[0][1], names[1:], span)
    return Path(None, root.text, root, names, span)
