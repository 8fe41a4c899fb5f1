"""The taint of an expression: structure is kept by records, lists, fields, indices and conditionals only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from wfcheck.checker.labels.domain import operands
from wfcheck.checker.labels.tree import ELEMENT
from wfcheck.checker.symbolic.taint import CLEAN, EMPTY, Mask, Taint, guarded, join, raised, total, union
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

Truth = Callable[[core.Expr], Term]
"""The term of a condition, for what only one branch brings in."""


def taint_of(  # noqa: C901 - one case per form of expression
    expression: core.Expr,
    env: Mapping[str, Taint],
    unknown: Mask,
    truth: Truth,
    bound: Mapping[str, Taint] | None = None,
) -> Taint:
    """`unknown` is the mask of what no workflow can read (records of earlier events)."""
    names = bound or {}
    of = partial(taint_of, env=env, unknown=unknown, truth=truth, bound=names)
    match expression:
        case core.Literal():
            return EMPTY
        case core.Variable(name=name, kind="local"):
            return env.get(name) or Taint(unknown)
        case core.Variable(name=name, kind=kind):
            return EMPTY if kind == "now" else names.get(name) or Taint(unknown)
        case core.Field(base=base, name=name):
            return of(base).part(name)
        case core.Index(base=base, index=index):
            whole = of(base)
            return raised(whole.element(), union(whole.own, of(index).every))
        case core.Apply(op="ite", args=(condition, first, second)):
            return raised(_either(condition, of(first), of(second), truth, names), of(condition).every)
        case core.Apply():
            return Taint(total(of(e) for e in operands(expression)))
        case core.MakeRecord(fields=fields):
            return Taint(CLEAN, {name: of(value) for name, value in fields})
        case core.MakeList(items=items):
            return Taint(CLEAN, {ELEMENT: join(EMPTY, *map(of, items))})
        case core.Quantified(binders=binders, body=body):
            lists = [of(source) for source in expression.sources]
            elements = {n: raised(t.element(), t.own) for n, t in zip(binders, lists, strict=True)}
            inside = taint_of(body, env, unknown, truth, {**names, **elements})
            return Taint(union(total(lists), inside.every))
        case core.Lookup(key=key):
            return Taint(of(key).every)
        case core.Known() | core.LastEvent() | core.EarlierEvent():
            return Taint(unknown)


def _either(
    condition: core.Expr, first: Taint, second: Taint, truth: Truth, bound: Mapping[str, Taint]
) -> Taint:
    if bound:
        return join(first, second)
    chosen = truth(condition)
    return join(guarded(chosen, first), guarded(b.not_(chosen), second))
