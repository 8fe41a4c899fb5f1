"""One small function per statement: it takes the condition under which the statement starts and gives that of its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from wfcheck.checker import symbolic_agent as agents
from wfcheck.checker import symbolic_regions as regions
from wfcheck.checker.encode import Environment
from wfcheck.checker.encoded import shaped
from wfcheck.checker.label_table import MODEL, USER
from wfcheck.checker.label_tree import Tree
from wfcheck.checker.symbolic_state import TYPED, Walk
from wfcheck.checker.symbolic_taint import (
    Mask,
    Taint,
    always,
    grown,
    mapped,
    raised,
    static,
    total,
    under,
    union,
)
from wfcheck.checker.symbolic_types import conforms
from wfcheck.checker.symbolic_value import (
    NONE,
    Option,
    SymbolicValue,
    build_shape,
    default,
    equal,
    to_opaque,
)
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term

Values = dict[str, SymbolicValue]
Taints = dict[str, Taint]


def run(walk: Walk, block: core.Block, guard: Term) -> Term:
    """Walk a block."""
    for statement in block:
        guard = step(walk, statement, guard)
    return guard


def step(walk: Walk, statement: core.Statement, guard: Term) -> Term:  # noqa: C901 - one arm per statement
    """Walk one statement."""
    match statement:
        case core.If():
            return _if(walk, statement, guard)
        case core.For():
            return regions.each(walk, run, statement, guard)
        case core.While():
            return regions.repeat(walk, run, statement, guard)
        case core.Parallel():
            return regions.parallel(walk, run, statement, guard)
        case core.Retry():
            return regions.retry(walk, run, statement, guard)
        case core.Scope():
            return regions.scope(walk, run, statement, guard)
        case core.Agent():
            return agents.agent(walk, statement, guard)
        case core.Approve():
            return _approve(walk, statement, guard)
        case core.Let():
            return _let(walk, statement, guard)
        case core.Call():
            return _call(walk, statement, guard)
        case core.Llm():
            return _llm(walk, statement, guard)
        case core.ReleaseCall():
            return _release(walk, statement, guard)
        case core.Say() | core.Ask() | core.Send():
            return _tell(walk, statement, guard)
        case core.Receive():
            return _receive(walk, statement, guard)
        case core.Remember():
            return _remember(walk, statement, guard)
        case core.Recall():
            return _recall(walk, statement, guard)
        case core.Stop() | core.Return():
            return _leave(walk, statement, guard)
        case _:
            assert_never(statement)


# ---------------------------------------------------------------- values of operands


def operands(walk: Walk, named: Iterable[tuple[str, core.Expr]], guard: Term) -> tuple[Term, Values, Taints]:
    """Values and labels (with the control label) of named expressions, and the condition that all have a value."""
    values: Values = {}
    taints: Taints = {}
    for name, expression in named:
        found = walk.value(expression)
        guard = b.and_(guard, found.defined)
        values[name] = found.value
        taints[name] = walk.here(expression)
    return guard, values, taints


def numbered(expressions: Iterable[core.Expr], prefix: str = "") -> list[tuple[str, core.Expr]]:
    """Contexts and shown values are named by position."""
    return [(f"{prefix}{i}", e) for i, e in enumerate(expressions)]


def fitted(parameters: Iterable[core.Param], values: Mapping[str, SymbolicValue]) -> Values:
    """Arguments in the shape of the declared types; optional ones that were left out are absent."""
    found: Values = {}
    for parameter in parameters:
        if parameter.name in values:
            found[parameter.name] = shaped(values[parameter.name], parameter.type)
        else:
            inner = types.base(parameter.type)
            base = inner.base if isinstance(inner, types.OptionType) else inner
            found[parameter.name] = Option(b.FALSE, default(base))
    return found


def as_arguments(values: Mapping[str, SymbolicValue]) -> Environment:
    """Arguments as clauses name them."""
    return {("argument", name): value for name, value in values.items()}


def settled(walk: Walk, *masks: Mask) -> None:
    """In an attempt, what follows a call that may have failed is under its labels."""
    if walk.failures:
        walk.failing = union(walk.failing, *masks)


# ---------------------------------------------------------------- plain statements


def _let(walk: Walk, statement: core.Let, guard: Term) -> Term:
    found = walk.value(statement.value)
    walk.assign(statement.target, found.value, walk.here(statement.value))
    return b.and_(guard, found.defined)


def _if(walk: Walk, statement: core.If, guard: Term) -> Term:
    condition = walk.truth(statement.condition)
    mask = walk.taint(statement.condition).every
    start = b.and_(guard, condition.defined)
    return regions.branch(walk, run, condition.value, start, (statement.then, statement.otherwise), mask)


def _leave(walk: Walk, statement: core.Stop | core.Return, guard: Term) -> Term:
    pc = walk.pc  # not only where it stops: that it went on tells as much
    if isinstance(statement, core.Stop):
        walk.exits = union(walk.exits, pc)
        return b.FALSE
    value: SymbolicValue = NONE
    taint = Taint(walk.pc)
    if statement.value is not None:
        found = walk.value(statement.value)
        guard, value, taint = b.and_(guard, found.defined), found.value, walk.here(statement.value)
    walk.returned[-1].append((guard, value, taint))
    walk.returns[-1] = union(walk.returns[-1], pc)
    return b.FALSE


def _call(walk: Walk, statement: core.Call, guard: Term) -> Term:
    tool = walk.program.tools[statement.tool]
    guard, given, taints = operands(walk, statement.arguments, guard)
    values = fitted(tool.parameters, given)
    name = _name(walk, statement.id)
    result, ok = outcome(walk, tool, values, name, guard)
    returned = b.and_(guard, ok)
    walk.ask("outcome", statement.id, guard, result, tool.result, ok)
    label = result_taint(walk, tool, values, result, taints, walk.pc)
    walk.emit(
        "call", statement, guard, values, taints,
        subject=tool.symbol, tool=tool.symbol, result=result, returned=returned,
    )  # fmt: skip
    if walk.failures:
        walk.failures[-1].append(b.and_(guard, b.not_(ok)))
    settled(walk, walk.pc, total(taints.values()), label.every)
    walk.assign(statement.target, result, label)
    return returned


def _name(walk: Walk, site: str) -> str:
    return f"{site}.{walk.visit(site)}"


def outcome(
    walk: Walk, tool: core.Tool, values: Values, name: str, guard: Term
) -> tuple[SymbolicValue, Term]:
    """What a call returns, and whether it does. A pure tool is a function of its arguments."""
    more = as_arguments(values)
    if tool.pure and walk.over:
        terms = [to_opaque(values[p.name], p.type) for p in tool.parameters]
        result = build_shape(
            tool.result,
            lambda path, sort: b.fn(f"pure:{tool.symbol}{path}", sort, *terms),
            vouched=True,
        )
        ok = b.fn(f"pure ok:{tool.symbol}", Sort.BOOL, *terms)
    else:
        result, ok = walk.arbitrary(tool.result, name), walk.flag(f"{name}.ok")
    if tool.pure and not walk.over:
        _functional(walk, tool, guard, more, result, ok)
    returned = b.and_(guard, ok)
    walk.assume(TYPED, returned, conforms(result, tool.result, walk.notes))
    for contract in tool.ensures:
        walk.assume(
            contract.name,
            returned,
            walk.truth(contract.condition, {**more, ("result", "result"): result}).possible,
        )
    return result, ok


def _functional(
    walk: Walk, tool: core.Tool, guard: Term, more: Environment, result: SymbolicValue, ok: Term
) -> None:
    earlier = walk.pure.setdefault(tool.symbol, [])
    for start, given, before, fine in earlier:
        same = b.and_(*(equal(more[key], given[key]) for key in more))
        answer = b.and_(b.eq(ok, fine), b.implies(ok, equal(result, before)))
        walk.assume(f"{tool.symbol}.pure", b.and_(guard, start, same), answer)
    earlier.append((guard, more, result, ok))


def result_taint(
    walk: Walk, tool: core.Tool, values: Values, result: SymbolicValue, taints: Taints, pc: Mask
) -> Taint:
    """returns(t) + all a_i (less `independent of`) + label(reads) + pc."""
    table = walk.labelling.table
    given = {name: _argument(walk, tool, name, taint) for name, taint in taints.items()}
    inputs = total(t for name, t in given.items() if name not in tool.independent)
    reads = union(*(_stored(walk, store).every for store in tool.reads))
    found = Taint(union(inputs, reads, pc))
    more = {**as_arguments(values), ("result", "result"): result}
    for clause in tool.returns:
        bits = table.mask(clause.tags) & walk.keep
        if bits:
            holds = walk.truth(clause.condition, more).possible
            found = grown(found, clause.path, under(holds, always(bits)))
    for path, bit in table.result_sources.get(tool.symbol, ()):
        found = grown(found, path, always(bit & walk.keep))
    return found


def _argument(walk: Walk, tool: core.Tool, name: str, taint: Taint) -> Taint:
    for path, bit in walk.labelling.table.argument_sources.get((tool.symbol, name), ()):
        taint = grown(taint, path, always(bit & walk.keep))
    return taint


def _stored(walk: Walk, store: str) -> Taint:
    return static(walk.labelling.stores.get(store, Tree(walk.keep, {}, walk.keep, 0, 1)), walk.keep)


def _llm(walk: Walk, statement: core.Llm, guard: Term) -> Term:
    guard, values, taints = operands(walk, numbered(statement.context), guard)
    table = walk.labelling.table
    made = (table.bits[MODEL] | table.step_sources.get(statement.step, 0)) & walk.keep
    label = Taint(union(always(made), total(taints.values()), walk.pc))
    result = walk.oracle(statement.type, _name(walk, statement.id), guard)
    walk.ensure(statement.ensures, guard, {("result", "result"): result})
    walk.ask("value", statement.id, guard, result, statement.type)
    walk.emit("llm", statement, guard, values, taints, subject=statement.step, result=result)
    settled(walk, label.every)
    walk.assign(statement.target, result, label)
    return guard


def _release(walk: Walk, statement: core.ReleaseCall, guard: Term) -> Term:
    release = walk.program.releases[statement.release]
    guard, given, taints = operands(walk, statement.arguments, guard)
    values = fitted(release.parameters, given)
    plain = total(walk.taint(e) for _, e in statement.arguments)
    table = walk.labelling.table
    left = mapped(plain, lambda bits: table.released(release.symbol, bits) & walk.keep)
    label = Taint(union(left, walk.pc))
    result = walk.oracle(release.result, _name(walk, statement.id), guard)
    walk.ask("value", statement.id, guard, result, release.result)
    actors = walk.actors if release.by is None else (release.by,)
    walk.emit(
        "release", statement, guard, values, taints, subject=release.symbol, result=result, actors=actors
    )
    settled(walk, label.every)
    walk.assign(statement.target, result, label)
    return guard


def _approve(walk: Walk, statement: core.Approve, guard: Term) -> Term:
    shown = [*statement.arguments, *numbered(statement.shows, "shows")]
    guard, given, taints = operands(walk, shown, guard)
    values = dict(given)
    if statement.tool is not None:
        tool = walk.program.tools[statement.tool]
        values = {
            **fitted(tool.parameters, given),
            **{n: v for n, v in given.items() if n.startswith("shows")},
        }
    yes = walk.flag(f"{_name(walk, statement.id)}.yes")
    walk.ask("approval", statement.id, guard, NONE, types.BOOL, yes)
    for kind, happens in (("approve", yes), ("deny", b.not_(yes))):
        walk.emit(
            kind, statement, b.and_(guard, happens), values, taints,  # type: ignore[arg-type]
            subject=statement.principal, tool=statement.tool, actors=(statement.principal,),
        )  # fmt: skip
    seen = total(walk.taint(e) for _, e in shown)
    table = walk.labelling.table
    left = mapped(seen, lambda bits: table.approved(statement.principal, bits) & walk.keep)
    if statement.otherwise is None:
        walk.exits = union(walk.exits, walk.pc, under(guard, left))
        return b.and_(guard, yes)
    return regions.branch(walk, run, yes, guard, ((), statement.otherwise), left)


# ---------------------------------------------------------------- people and stores


def _tell(walk: Walk, statement: core.Say | core.Ask | core.Send, guard: Term) -> Term:
    if isinstance(statement, core.Send):
        guard, values, taints = operands(walk, numbered(statement.values), guard)
        walk.emit("message", statement, guard, values, taints, subject=statement.principal)
        return guard
    guard, values, taints = operands(walk, [("text", statement.value)], guard)
    if isinstance(statement, core.Say):
        walk.emit("say", statement, guard, values, taints, subject=USER)
        return guard
    walk.visit(statement.id)
    walk.emit("ask", statement, guard, values, taints, subject=statement.principal)
    bits = walk.labelling.table.mask((statement.principal,)) & walk.keep
    return heard(walk, statement, guard, statement.principal, union(always(bits), walk.pc))


def heard(
    walk: Walk, statement: core.Ask | core.Receive, guard: Term, sender: str | None, mask: Mask
) -> Term:
    """The answer, and the input event that brings it."""
    result = walk.oracle(statement.type, f"{statement.id}.{walk.visits[statement.id]}", guard)
    label = Taint(mask)
    walk.ask("value", statement.id, guard, result, statement.type)
    actors = walk.actors if sender is None else (sender,)
    walk.emit(
        "input",
        statement,
        guard,
        {"text": result},
        {"text": label},
        subject=sender,
        result=result,
        actors=actors,
    )
    settled(walk, mask)
    walk.assign(statement.target, result, label)
    return guard


def _receive(walk: Walk, statement: core.Receive, guard: Term) -> Term:
    table = walk.labelling.table
    walk.visit(statement.id)
    bits = walk.labelling.inboxes.get(walk.actors[-1], 0) | table.step_sources.get(statement.step, 0)
    bits |= 0 if statement.principal is None else table.mask((statement.principal,))
    mask = union(always(bits & walk.keep), walk.pc)
    return heard(walk, statement, guard, statement.principal, mask)


def _remember(walk: Walk, statement: core.Remember, guard: Term) -> Term:
    named = [("value", statement.value), *([] if statement.key is None else [("key", statement.key)])]
    guard, values, taints = operands(walk, named, guard)
    walk.emit("remember", statement, guard, values, taints, subject=statement.store)
    walk.notes.note("what a store holds")
    return guard


def _recall(walk: Walk, statement: core.Recall, guard: Term) -> Term:
    mask = walk.pc
    values: Values = {}
    taints: Taints = {}
    if statement.key is not None:
        guard, values, taints = operands(walk, [("key", statement.key)], guard)
        mask = union(mask, walk.taint(statement.key).every)
    held = _stored(walk, statement.store)
    if statement.condition is not None:
        chosen = walk.taint(statement.condition, {"it": held}).every
        mask = union(mask, chosen)
        taints["where"] = Taint(chosen)
    label = raised(held, mask)
    result = walk.arbitrary(statement.type, _name(walk, statement.id))
    walk.ask("store", statement.id, guard, result, statement.type, statement.store)
    walk.notes.note("what a store holds")
    walk.emit("recall", statement, guard, values, taints, subject=statement.store, result=result)
    settled(walk, label.every)
    walk.assign(statement.target, result, label)
    return guard
