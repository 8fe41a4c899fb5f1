"""What happens between events: control moves on until every way waits for one. Follows the reference interpreter, with values that
may be unknown; where a decision is unknown both ways are taken, and the doubt is remembered."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from wfcheck.checker.conditions.compiled import UNKNOWN, Known
from wfcheck.checker.conformance.model import Model, entered
from wfcheck.checker.conformance.notes import Doubt
from wfcheck.checker.conformance.stack import (
    Attempt,
    Begin,
    Config,
    Each,
    Ended,
    Env,
    Exit,
    Fork,
    Inlined,
    Leaving,
    Region,
    Rounds,
    Stack,
    Steps,
)
from wfcheck.dsl import core
from wfcheck.dsl.values.meanings import EvaluationError

FUEL = 20_000
"""Moves between two events; a workflow that computes longer than that is not followed."""
WAYS = 256
"""Ways in which a run may stand at once."""
ENDLESS = "the workflow computes too long between two events"
UNDECIDED = "the record does not tell which way a decision of the workflow went"


class TooManyWaysError(Exception):
    """The run cannot be followed within the bounds; the text says why."""


@attrs.frozen(eq=False)
class Move:
    """One move of a stack."""

    stack: Stack | None
    env: Env
    open: bool = False  # the record does not tell that it was this one


def settle(model: Model, configs: Iterable[Config], index: int) -> list[Config]:
    """All ways that wait for an event, without doubles. `index`: of the event that comes next. Raises TooManyWaysError."""
    pending = list(configs)
    if len(pending) == 1:
        pending = [_run_on(model, pending[0])]
        if advance(model, _ended(pending[0]), pending[0].env) is None:
            return pending
    return _spread(model, pending, Doubt(index, UNDECIDED))


def _run_on(model: Model, config: Config) -> Config:
    """A single way as far as it goes without a choice."""
    for _ in range(FUEL):
        stack = _ended(config)
        moves = advance(model, stack, config.env)
        if moves is None or len(moves) != 1 or moves[0].open:
            return config if stack is config.stack else config.at(stack)
        config = config.at(moves[0].stack, moves[0].env)
    raise TooManyWaysError(ENDLESS)


def _spread(model: Model, pending: list[Config], doubt: Doubt) -> list[Config]:
    waiting = Ways()
    seen: set[tuple[object, ...]] = set()
    for _ in range(FUEL):
        if not pending:
            return waiting.found
        config = pending.pop()
        moves = advance(model, _ended(config), config.env)
        if moves is None:
            waiting.add(config.at(_ended(config)))
            continue
        if len(moves) > 1:  # undecided: a loop without events comes here again
            key = (config.key(), *(repr(value) for value in config.env.values()))
            if key in seen:
                continue
            seen.add(key)
        pending += [config.at(m.stack, m.env, doubt if m.open else None) for m in moves]
    raise TooManyWaysError(ENDLESS)


@attrs.define
class Ways:
    """A set of configurations; of two that differ in their doubts only, the one without is kept."""

    found: list[Config] = attrs.field(factory=list)
    places: dict[tuple[object, ...], list[int]] = attrs.field(factory=dict)

    def add(self, config: Config) -> bool:
        """Whether it is a new one. Raises TooManyWaysError."""
        same = self.places.setdefault(config.key(), [])
        for place in same:
            if self.found[place].env == config.env:
                if config.doubt is None:
                    self.found[place] = config
                return False
        if len(self.found) >= WAYS:
            raise TooManyWaysError("the record leaves too many ways open")
        same.append(len(self.found))
        self.found.append(config)
        return True


def _ended(config: Config) -> Stack:
    """The end of a run, where nothing is left to do."""
    match config.stack:
        case None:
            return Ended("completed")
        case Leaving(exit=exit_):
            outcomes = {"return": "completed", "stop": "stopped"}
            return Ended(outcomes.get(exit_.kind, "abnormal"), exit_.value, exit_.beyond)  # type: ignore[arg-type]
        case stack:
            return stack


def advance(model: Model, stack: Stack, env: Env) -> list[Move] | None:
    """The next moves that need no event; None: it waits for one."""
    match stack:
        case Begin():
            return _begin(stack, env)
        case Steps(block=block, index=index, rest=rest):
            if index >= len(block):
                return [Move(rest, env)]
            return _statement(model, block[index], Steps(block, index + 1, rest), env)
        case Each():
            return _each(stack, env)
        case Rounds():
            return _round(model, stack, env)
        case Inlined(s=s, rest=rest):
            return [Move(rest, bound(env, s.target, None))]
        case Attempt(rest=rest):
            return [Move(rest, env)]
        case Fork():
            return _fork(model, stack, env)
        case _:
            return None


def _begin(stack: Begin, env: Env) -> list[Move] | None:
    """Parameters that are no inputs are given without an event."""
    if stack.index >= len(stack.parameters):
        return [Move(stack.rest, env)]
    if entered(stack.parameters[stack.index]):
        return None
    return [Move(Begin(stack.parameters, stack.index + 1, stack.rest), env)]


def bound(env: Env, target: str | None, value: Known) -> Env:
    """The variables after an assignment."""
    return env if target is None else {**env, target: value}


def _statement(model: Model, s: core.Statement, rest: Stack, env: Env) -> list[Move] | None:
    """What a statement does by itself. An expression without a value ends the run."""
    try:
        match s:
            case core.Let(target=target, value=value):
                return [Move(rest, bound(env, target, model.value(value, env)))]
            case core.If():
                return _if(model, s, rest, env)
            case core.For(source=source):
                return [Move(Each(s, model.value(source, env), 0, rest), env)]
            case core.While():
                return [Move(Rounds(s, 0, rest), env)]
            case core.Parallel(branches=branches):
                forked = tuple(Steps(branch, 0, None) for branch in branches)
                return [Move(Fork(s, forked, frozenset(), rest), env)]
            case core.Retry():
                return [Move(Steps(s.body, 0, Attempt(s, 1, env, rest)), env)]
            case core.Scope(principal=None):
                return [enter(model, s, rest, env)]
            case core.Agent():
                return [Move(Region(s, "start", 0, (), rest), env)]
            case core.Stop():
                return [leave(model, rest, Exit("stop"), env)]
            case core.Return(value=value):
                result = None if value is None else model.value(value, env)
                return [leave(model, rest, Exit("return", result), env)]
            case _:
                return None
    except EvaluationError:
        return [leave(model, rest, Exit("abnormal"), env)]


def _if(model: Model, s: core.If, rest: Stack, env: Env) -> list[Move]:
    value = model.value(s.condition, env)
    then, otherwise = Steps(s.then, 0, rest), Steps(s.otherwise, 0, rest)
    if isinstance(value, bool):
        return [Move(then if value else otherwise, env)]
    return [Move(then, env, open=True), Move(otherwise, env, open=True)]


def _each(stack: Each, env: Env) -> list[Move]:
    s, items, index, rest = stack.s, stack.items, stack.index, stack.rest
    unknown = not isinstance(items, tuple)
    if isinstance(items, tuple) and index >= len(items):
        return [Move(rest, env)]
    item = items[index] if isinstance(items, tuple) else UNKNOWN
    again = Steps(s.body, 0, Each(s, UNKNOWN if unknown else items, index + 1, rest))
    round_ = Move(again, {**env, s.item: item}, open=unknown)
    if s.maximum is not None and index >= s.maximum:
        return [Move(rest, env, open=True)] if unknown else [_beyond(again, round_.env)]
    return [Move(rest, env, open=True), round_] if unknown else [round_]


def _beyond(again: Stack, env: Env) -> Move:
    """A loop over its maximum ends the run; a host that does not count goes on."""
    return Move(Leaving(Exit("abnormal", None, again)), env)


def _round(model: Model, stack: Rounds, env: Env) -> list[Move]:
    s, rest = stack.s, stack.rest
    try:
        value = model.value(s.condition, env)
    except EvaluationError:
        return [leave(model, rest, Exit("abnormal"), env)]
    again = Steps(s.body, 0, Rounds(s, stack.count + 1, rest))
    full = s.maximum is not None and stack.count >= s.maximum
    if value is True:
        return [_beyond(again, env)] if full else [Move(again, env)]
    if value is False:
        return [Move(rest, env)]
    return [Move(rest, env, open=True), *([] if full else [Move(again, env, open=True)])]


def enter(model: Model, s: core.Scope, rest: Stack | None, env: Env) -> Move:
    """Into an inlined workflow. Raises EvaluationError."""
    given = {name: model.value(expression, env) for name, expression in s.parameters}
    return Move(Steps(s.body, 0, Inlined(s, rest)), {**env, **given})


def leave(model: Model, stack: Stack | None, exit_: Exit, env: Env) -> Move:
    """Unwind to where an exit leads: out of the inlined workflow, to the next attempt or its handler, or out of it all."""
    at = stack
    while at is not None:
        if isinstance(at, Inlined) and exit_.kind == "return":
            return Move(at.rest, bound(env, at.s.target, exit_.value))
        if isinstance(at, Attempt) and exit_.kind == "fail":
            env = _undone(model, at, env)
            if at.number < at.s.attempts:
                again = Attempt(at.s, at.number + 1, env, at.rest)
                return Move(Steps(at.s.body, 0, again), env)
            if at.s.handler is not None:
                return Move(Steps(at.s.handler, 0, at.rest), env)
        at = at.rest
    return Move(Leaving(exit_), env)


def _undone(model: Model, at: Attempt, env: Env) -> Env:
    names = model.compiled.assigned(at.s.body)
    kept = {name: value for name, value in env.items() if name not in names}
    return {**kept, **{name: value for name, value in at.saved.items() if name in names}}


def _fork(model: Model, stack: Fork, env: Env) -> list[Move] | None:
    """Branches move by themselves; one that leaves may do so at any later moment."""
    for place, branch in enumerate(stack.branches):
        moves = None if branch is None else advance(model, branch, env)
        if moves is not None:
            return [attrs.evolve(m, stack=with_branch(stack, place, m.stack)) for m in moves]
    left = [place for place, branch in enumerate(stack.branches) if branch is not None]
    if not left:
        return [Move(stack.rest, env)]
    leaving = {place for place in left if isinstance(stack.branches[place], Leaving)}
    if len(leaving) == len(left):
        return [_out(model, stack, place, env) for place in sorted(leaving)]
    fresh = sorted(leaving - stack.held)
    if not fresh:
        return None
    goes = [_out(model, stack, place, env) for place in fresh]
    return [*goes, Move(attrs.evolve(stack, held=frozenset(leaving)), env)]


def _out(model: Model, stack: Fork, place: int, env: Env) -> Move:
    branch = stack.branches[place]
    assert isinstance(branch, Leaving)
    exit_ = branch.exit
    if exit_.beyond is not None:
        exit_ = attrs.evolve(exit_, beyond=with_branch(stack, place, exit_.beyond))
    return leave(model, stack.rest, exit_, env)


def with_branch(stack: Fork, place: int, branch: Stack | None) -> Fork:
    """The same with another state of one branch."""
    branches = stack.branches
    return attrs.evolve(stack, branches=(*branches[:place], branch, *branches[place + 1 :]))
