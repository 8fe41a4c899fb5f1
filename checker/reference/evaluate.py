"""Expressions by definition: `dsl.operators` gives every meaning, this file the order, the labels and the third truth value.

An error is raised; an unknown is a value that strict operators hand on. The label of a result is the union of the labels of what
was evaluated for it: operands of an operator, the deciding side of a lazy one, the condition and the branch taken of `if`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeAlias, assert_never

import attrs

from wfcheck.checker.reference.trampoline import Computation, finish, wait
from wfcheck.checker.reference.values import (
    NOTHING,
    Atom,
    Items,
    Label,
    Labelled,
    Record,
    Unknown,
    build,
    joined,
    plain,
    raised,
    total,
    unknown_part,
)
from wfcheck.dsl import core
from wfcheck.dsl.core import Value
from wfcheck.dsl.values.operators import OPERATORS, EvaluationError

Names: TypeAlias = Mapping[tuple[str, str], Labelled]
"""What a variable of a kind and a name stands for."""
Truth: TypeAlias = bool | Unknown


class History(Protocol):
    """The events before the judged one, as far as expressions ask for them."""

    def last(self, pattern: core.EventPattern) -> Labelled:
        """The latest event of the pattern as a record; an unknown atom when there is none."""
        ...

    def earlier(self, pattern: core.EventPattern) -> Iterator[tuple[Truth, Names]]:
        """Each event that may match, with the names that a body over it may use."""
        ...


@attrs.frozen
class Environment:
    """What an expression is evaluated in."""

    names: Names = attrs.field(factory=dict)
    tables: Mapping[str, core.Table] = attrs.field(factory=dict)
    history: History | None = None

    def bind(self, names: Names) -> Environment:
        """The same with more (or other) names."""
        return attrs.evolve(self, names={**self.names, **names})


def evaluate(expr: core.Expr, env: Environment) -> Labelled:
    """The labelled value; raises EvaluationError."""
    return finish(_evaluate(expr, env))


def truth(expr: core.Expr, env: Environment) -> Truth:
    """The truth of a condition, or unknown; raises EvaluationError."""
    return _truth(evaluate(expr, env))


def judged(expr: core.Expr | None, env: Environment) -> Truth:
    """The truth of a condition of a rule: absent is true, and one that errs is unknown."""
    try:
        return True if expr is None else truth(expr, env)
    except EvaluationError as error:
        return Unknown(str(error))


def _truth(tree: Labelled) -> Truth:
    if (unknown := unknown_part(tree)) is not None:
        return unknown
    value = plain(tree)
    if isinstance(value, bool):
        return value
    raise EvaluationError("a condition is neither true nor false")


def _evaluate(expr: core.Expr, env: Environment) -> Computation[Labelled]:  # noqa: C901 - one arm per form
    match expr:
        case core.Literal(value=value):
            return build(value)
        case core.Variable(name=name, kind=kind):
            return _variable(name, kind, env)
        case core.Field(base=base, name=name):
            return _field((yield from wait(_evaluate(base, env))), name)
        case core.Index(base=base, index=index):
            return _index((yield from wait(_evaluate(base, env))), (yield from wait(_evaluate(index, env))))
        case core.Apply(op=op, args=args):
            return (yield from wait(_apply(op, args, env)))
        case core.MakeRecord(fields=fields):
            made: dict[str, Labelled] = {}
            for name, part in fields:
                made[name] = yield from wait(_evaluate(part, env))
            return Record(made, NOTHING)
        case core.MakeList(items=items):
            return Items((yield from wait(_all(items, env))), NOTHING)
        case core.Quantified():
            return (yield from wait(_quantified(expr, env)))
        case core.Lookup(table=table, key=key):
            return _lookup(env.tables[table], (yield from wait(_evaluate(key, env))))
        case core.Known(register=register, key=key):
            return _known(
                _variable(register, "register", env),
                None if key is None else (yield from wait(_evaluate(key, env))),
            )
        case core.LastEvent(event=event):
            return _history(env).last(event)
        case core.EarlierEvent(event=event, body=body):
            return (yield from wait(_earlier(event, body, env)))
        case _:
            assert_never(expr)


def _all(exprs: tuple[core.Expr, ...], env: Environment) -> Computation[tuple[Labelled, ...]]:
    values: list[Labelled] = []
    for expr in exprs:
        values.append((yield from wait(_evaluate(expr, env))))
    return tuple(values)


def _variable(name: str, kind: str, env: Environment) -> Labelled:
    found = env.names.get((kind, name))
    if found is None:
        raise EvaluationError(f"`{name}` has no value here")
    return found


def _history(env: Environment) -> History:
    if env.history is None:
        raise EvaluationError("there is no history here")
    return env.history


# ---------------------------------------------------------------- parts of values


def _field(base: Labelled, name: str) -> Labelled:
    """A field has the label of the field alone."""
    match base:
        case Record(fields=fields) if name in fields:
            return fields[name]
        case Atom(value=Unknown()):
            return base
        case _:
            raise EvaluationError(f"there is no field `{name}`")


def _index(base: Labelled, index: Labelled) -> Labelled:
    """An element has its own label and the label of the index; an entry of a map also that of the keys."""
    if (unknown := unknown_part(index)) is not None:
        return Atom(unknown, joined(base, index))
    at = plain(index)
    match base:
        case Items(items=items) if isinstance(at, int) and 0 <= at < len(items):
            return raised(items[at], total(index))
        case Record(fields=fields, label=keys) if isinstance(at, str) and at in fields:
            return raised(fields[at], total(index) | keys)
        case Atom(value=Unknown()):
            return raised(base, total(index))
        case _:
            raise EvaluationError("there is no element at that index")


def _lookup(table: core.Table, key: Labelled) -> Labelled:
    """The first row with that key; all of it has the label of the key."""
    if (unknown := unknown_part(key)) is not None:
        return Atom(unknown, total(key))
    wanted = plain(key)
    for row in table.rows:
        if OPERATORS["=="].meaning(row[table.key], wanted):
            return build(row, total(key))
    raise EvaluationError(f"`{table.symbol}` has no row at that key")


def _known(register: Labelled, key: Labelled | None) -> Labelled:
    """Whether the register has a value (at the key)."""
    if key is None:
        return Atom(not (isinstance(register, Atom) and register.value is None), total(register))
    if (unknown := unknown_part(key)) is not None:
        return Atom(unknown, total(key))
    return Atom(isinstance(register, Record) and plain(key) in register.fields, joined(register, key))


# ---------------------------------------------------------------- operators


def _apply(op: str, args: tuple[core.Expr, ...], env: Environment) -> Computation[Labelled]:
    match op:
        case "and" | "or" | "implies":
            return (yield from wait(_lazy(op, args, env)))
        case "ite":
            return (yield from wait(_choice(args, env)))
        case _:
            return _strict(op, (yield from wait(_all(args, env))))


def _lazy(op: str, args: tuple[core.Expr, ...], env: Environment) -> Computation[Labelled]:
    """Left to right, stopping where the left side decides; then by Kleene's tables."""
    decisive, outcome = {"and": (False, False), "or": (True, True), "implies": (False, True)}[op]
    first: Labelled = yield from wait(_evaluate(args[0], env))
    left = _truth(first)
    if left is decisive:
        return Atom(outcome, total(first))
    second: Labelled = yield from wait(_evaluate(args[1], env))
    right, label = _truth(second), joined(first, second)
    if right is outcome or isinstance(right, Unknown):
        return Atom(right, label)
    return Atom(left if isinstance(left, Unknown) else right, label)


def _choice(args: tuple[core.Expr, ...], env: Environment) -> Computation[Labelled]:
    """The branch taken, under the label of the condition; of an unknown condition, what both branches agree on."""
    condition: Labelled = yield from wait(_evaluate(args[0], env))
    chosen, label = _truth(condition), total(condition)
    if not isinstance(chosen, Unknown):
        return raised((yield from wait(_evaluate(args[1 if chosen else 2], env))), label)
    then: Labelled = yield from wait(_evaluate(args[1], env))
    otherwise: Labelled = yield from wait(_evaluate(args[2], env))
    label = label | joined(then, otherwise)
    same = _strict("==", (then, otherwise))
    return build(plain(then), label) if isinstance(same, Atom) and same.value is True else Atom(chosen, label)


def _strict(op: str, args: tuple[Labelled, ...]) -> Labelled:
    label = joined(*args)
    if op in ("length", "count") and isinstance(args[0], Items | Record):
        return Atom(len(args[0].items if isinstance(args[0], Items) else args[0].fields), args[0].label)
    if (presence := _presence(op, args)) is not None:
        return presence
    for arg in args:
        if (unknown := unknown_part(arg)) is not None:
            return Atom(unknown, label)
    return build(OPERATORS[op].meaning(*map(plain, args)), label)


def _presence(op: str, args: tuple[Labelled, ...]) -> Labelled | None:
    """A list or record compared with `none` tells only that it is there."""
    if op not in ("==", "!="):
        return None
    for one, other in (args, args[::-1]):
        if isinstance(one, Atom) and one.value is None and not isinstance(other, Atom):
            return Atom(op == "!=", one.label | other.label)
    return None


# ---------------------------------------------------------------- quantifiers


def _quantified(expr: core.Quantified, env: Environment) -> Computation[Labelled]:
    sources: tuple[Labelled, ...] = yield from wait(_all(expr.sources, env))
    label = NOTHING.union(*(source.label for source in sources))
    for source in sources:
        if isinstance(source, Atom) and isinstance(source.value, Unknown):
            return Atom(source.value, label)
    bodies: list[Labelled] = []
    for row in zip(*map(_elements, sources), strict=False):
        bound = {("bound", name): value for name, value in zip(expr.binders, row, strict=True)}
        bodies.append((yield from wait(_evaluate(expr.body, env.bind(bound)))))
        label |= total(bodies[-1])
        if expr.kind in ("any", "all") and _truth(bodies[-1]) is (expr.kind == "any"):
            return Atom(expr.kind == "any", label)
    return _aggregate(expr.kind, bodies, label)


def _elements(source: Labelled) -> tuple[Labelled, ...]:
    match source:
        case Items(items=items):
            return items
        case Record(fields=fields, label=label):
            return tuple(build(key, label) for key in fields)
        case _:
            raise EvaluationError("a list is wanted")


def _aggregate(kind: str, bodies: list[Labelled], label: Label) -> Labelled:
    for body in bodies:
        if (unknown := unknown_part(body)) is not None:
            return Atom(unknown, label)
    values = tuple(map(plain, bodies))
    match kind:
        case "any" | "all":
            return Atom(kind == "all", label)
        case "count":
            return Atom(sum(_truth(body) is True for body in bodies), label)
        case _:
            return build(OPERATORS[kind].meaning(values), label)


def _earlier(event: core.EventPattern, body: core.Expr, env: Environment) -> Computation[Labelled]:
    """Some event before the judged one matches and its body holds; an event that may match counts as unknown."""
    open_: Unknown | None = None
    for matches, names in _history(env).earlier(event):
        try:
            holds: Truth = _truth((yield from wait(_evaluate(body, env.bind(names)))))
        except EvaluationError as error:
            holds = Unknown(str(error))
        if holds is True and matches is True:
            return build(True)
        if holds is not False and matches is not False:
            open_ = holds if isinstance(holds, Unknown) else _unknown(matches)
    return Atom(False if open_ is None else open_, NOTHING)


def _unknown(value: Value | Unknown) -> Unknown:
    return value if isinstance(value, Unknown) else Unknown("it is not known whether an event matches")
