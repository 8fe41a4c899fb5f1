"""Walks over core trees. Expressions are walked with an explicit stack: their depth belongs to the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import assert_never

import attrs

from wfcheck.dsl import core


def children(expression: core.Expr) -> tuple[core.Expr, ...]:
    """The direct subexpressions, in evaluation order. Conditions of event patterns are not among them."""
    match expression:
        case core.Literal() | core.Variable() | core.LastEvent():
            return ()
        case core.Field(base=base):
            return (base,)
        case core.Index(base=base, index=index):
            return (base, index)
        case core.Apply(args=args):
            return args
        case core.MakeRecord(fields=fields):
            return tuple(value for _, value in fields)
        case core.MakeList(items=items):
            return items
        case core.Quantified(sources=sources, body=body):
            return (*sources, body)
        case core.Lookup(key=key):
            return (key,)
        case core.Known(key=key):
            return () if key is None else (key,)
        case core.EarlierEvent(body=body):
            return (body,)
        case _:
            assert_never(expression)


def subexpressions(expression: core.Expr) -> Iterator[core.Expr]:
    """The expression and everything below it, parents first, left to right."""
    stack = [expression]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(children(top)))


def expressions(statement: core.Statement) -> tuple[core.Expr, ...]:  # noqa: C901 - one flat arm per kind
    """The expressions that the statement itself evaluates, without those of nested blocks."""
    match statement:
        case core.Let(value=value) | core.Say(value=value) | core.Ask(value=value):
            return (value,)
        case core.Call(arguments=arguments) | core.ReleaseCall(arguments=arguments):
            return tuple(value for _, value in arguments)
        case core.Scope(parameters=parameters):
            return tuple(value for _, value in parameters)
        case core.Llm(context=context, ensures=ensures):
            return (*context, *(e.condition for e in ensures))
        case core.Agent(context=context, ensures=ensures, may=may):
            grants = (m.condition for m in may if m.condition is not None)
            return (*context, *grants, *(e.condition for e in ensures))
        case core.If(condition=condition):
            return (condition,)
        case core.For(source=source):
            return (source,)
        case core.While(condition=condition, invariants=invariants):
            return (condition, *(i.condition for i in invariants))
        case core.Approve(arguments=arguments, shows=shows):
            return (*(value for _, value in arguments), *shows)
        case core.Send(values=values):
            return values
        case core.Remember(value=value, key=key):
            return (value,) if key is None else (value, key)
        case core.Recall(key=key, condition=condition):
            return tuple(e for e in (key, condition) if e is not None)
        case core.Return(value=result):
            return () if result is None else (result,)
        case core.Parallel() | core.Retry() | core.Receive() | core.Stop():
            return ()
        case _:
            assert_never(statement)


def blocks(statement: core.Statement) -> tuple[core.Block, ...]:
    """The blocks that the statement owns, in source order."""
    match statement:
        case core.If(then=then, otherwise=otherwise):
            return (then, otherwise)
        case core.For(body=body) | core.While(body=body) | core.Scope(body=body):
            return (body,)
        case core.Parallel(branches=branches):
            return branches
        case core.Retry(body=body, handler=handler):
            return (body,) if handler is None else (body, handler)
        case core.Approve(otherwise=refused):
            return () if refused is None else (refused,)
        case _:
            return ()


def statements(block: core.Block) -> Iterator[core.Statement]:
    """All statements of the block and of the blocks below it, in source order."""
    stack = list(reversed(block))
    while stack:
        top = stack.pop()
        yield top
        for inner in reversed(blocks(top)):
            stack.extend(reversed(inner))


def target(statement: core.Statement) -> str | None:
    """The variable that the statement itself binds."""
    match statement:
        case core.For(item=item):
            return item
        case (
            core.Let(target=name)
            | core.Call(target=name)
            | core.Llm(target=name)
            | core.Agent(target=name)
            | core.ReleaseCall(target=name)
            | core.Scope(target=name)
            | core.Ask(target=name)
            | core.Receive(target=name)
            | core.Recall(target=name)
        ):
            return name
        case _:
            return None


def assigned(block: core.Block) -> frozenset[str]:
    """The variables that the block or a block below it may bind."""
    found = set()
    for statement in statements(block):
        name = target(statement)
        if name is not None:
            found.add(name)
        if isinstance(statement, core.Scope):
            found.update(name for name, _ in statement.parameters)
    return frozenset(found)


def locals_of(expression: core.Expr) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each use of a workflow variable with the field path read from it (`x.a[0].b` is `a`, `[]`, `b`)."""
    stack: list[tuple[core.Expr, tuple[str, ...]]] = [(expression, ())]
    while stack:
        top, path = stack.pop()
        match top:
            case core.Variable(name=name, kind="local"):
                yield name, path
            case core.Field(base=base, name=name):
                stack.append((base, (name, *path)))
            case core.Index(base=base, index=index):
                stack.append((index, ()))
                stack.append((base, ("[]", *path)))
            case _:
                stack.extend((child, ()) for child in reversed(children(top)))


def rewrite(expression: core.Expr, change: Callable[[core.Expr], core.Expr]) -> core.Expr:
    """The expression with `change` applied to every part, innermost first. Types stay as they were."""
    match expression:
        case core.Field(base=base):
            return change(attrs.evolve(expression, base=rewrite(base, change)))
        case core.EarlierEvent(body=body):
            return change(attrs.evolve(expression, body=rewrite(body, change)))
        case core.Index(base=base, index=index):
            return change(attrs.evolve(expression, base=rewrite(base, change), index=rewrite(index, change)))
        case core.Apply(args=args):
            return change(attrs.evolve(expression, args=tuple(rewrite(a, change) for a in args)))
        case core.MakeRecord(fields=fields):
            rewritten = tuple((name, rewrite(value, change)) for name, value in fields)
            return change(attrs.evolve(expression, fields=rewritten))
        case core.MakeList(items=items):
            return change(attrs.evolve(expression, items=tuple(rewrite(i, change) for i in items)))
        case core.Quantified(sources=sources, body=body):
            walked = tuple(rewrite(s, change) for s in sources)
            return change(attrs.evolve(expression, sources=walked, body=rewrite(body, change)))
        case core.Lookup(key=key):
            return change(attrs.evolve(expression, key=rewrite(key, change)))
        case core.Known(key=key) if key is not None:
            return change(attrs.evolve(expression, key=rewrite(key, change)))
        case _:
            return change(expression)


def fields_of(node: object) -> list[tuple[str, object]]:
    """The names and values of the fields of any frozen node, surface or core."""
    return [(field.name, getattr(node, field.name)) for field in getattr(type(node), "__attrs_attrs__", ())]
