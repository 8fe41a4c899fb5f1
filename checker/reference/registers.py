"""Tracked registers: a fold over the events of a session."""

from __future__ import annotations

from wfcheck.checker.reference.evaluate import Environment, Names, Truth, evaluate, judged
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.matching import Matcher
from wfcheck.checker.reference.truths import both
from wfcheck.checker.reference.values import (
    NOTHING,
    Atom,
    Items,
    Labelled,
    Record,
    Unknown,
    plain,
    unknown_part,
)
from wfcheck.dsl import core
from wfcheck.dsl.values.operators import EvaluationError


def fold(log: Log) -> tuple[dict[int, Names], dict[int, Names]]:
    """The registers before and after every event. What an event updates, it updates from the values before it; an update that
    may happen, or whose value errs, leaves an unknown."""
    before: dict[int, Names] = {}
    after: dict[int, Names] = {}
    matcher = Matcher(log, True, before)
    states: dict[tuple[str | None, ...], Names] = {}
    for index in range(len(log.events)):
        session = log.group(index, True)
        before[index] = states.get(session) or _initial(log.program)
        after[index] = states[session] = {
            ("register", name): _updated(matcher, register, index)
            for name, register in log.program.registers.items()
        }
    return before, after


def _initial(program: core.Program) -> Names:
    env = Environment({}, program.tables)
    return {("register", name): _value(register.initial, env) for name, register in program.registers.items()}


def _value(expr: core.Expr, env: Environment) -> Labelled:
    try:
        return evaluate(expr, env)
    except EvaluationError as error:
        return Atom(Unknown(str(error)), NOTHING)


def _updated(matcher: Matcher, register: core.Register, index: int) -> Labelled:
    value = matcher.registers[index]["register", register.symbol]
    for update in register.updates:
        for match in matcher.matches(update.event, index, evidence=True)[:1]:
            env = matcher.environment(index, match.binders)
            for each in _each(update, env):
                value = _step(register, update, match.truth, each, value)
    return value


def _each(update: core.RegisterUpdate, env: Environment) -> list[Environment]:
    """One environment, or one for each element of `for each`."""
    if update.binder is None or update.source is None:
        return [env]
    source = _value(update.source, env)
    if not isinstance(source, Items):
        unknown = Atom(Unknown("the list of `for each` is not known"), NOTHING)
        return [env.bind({("bound", update.binder): unknown})]
    return [env.bind({("bound", update.binder): item}) for item in source.items]


def _step(
    register: core.Register, update: core.RegisterUpdate, matches: Truth, env: Environment, value: Labelled
) -> Labelled:
    env = env.bind({("register", register.symbol): value})
    happens = both(matches, judged(update.condition, env))
    if happens is False:
        return value
    made = _value(update.value, env) if happens is True else Atom(_reason(happens), NOTHING)
    return made if update.key is None else _put(value, _value(update.key, env), made)


def _reason(truth: Truth) -> Unknown:
    return truth if isinstance(truth, Unknown) else Unknown("an update may have happened")


def _put(value: Labelled, key: Labelled, made: Labelled) -> Labelled:
    """An entry of a map; at an unknown key the whole map becomes unknown."""
    if (unknown := unknown_part(key)) is not None:
        return Atom(unknown, NOTHING)
    name = plain(key)
    if isinstance(value, Record) and isinstance(name, str):
        return Record({**value.fields, name: made}, NOTHING)
    return value if isinstance(value, Atom) else Atom(Unknown("the key is no text"), NOTHING)
