"""Calls of tools, by a workflow or an agent."""

from __future__ import annotations

from wfcheck.checker.encoding.encode import Environment
from wfcheck.checker.labels.worst import SOURCE_LABELS, TOOL_EFFECTS
from wfcheck.checker.symbolic.operands import (
    Taints,
    Values,
    as_arguments,
    fitted,
    name_of,
    operands,
    settled,
    stored,
)
from wfcheck.checker.symbolic.state import TYPED, Walk
from wfcheck.checker.symbolic.taint import (
    Mask,
    Taint,
    always,
    grown,
    total,
    under,
    union,
)
from wfcheck.checker.symbolic.types import conforms
from wfcheck.checker.symbolic.value import SymbolicValue, build_shape, equal, to_opaque
from wfcheck.dsl import core
from wfcheck.dsl.walk import subexpressions
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term


def call(walk: Walk, statement: core.Call, guard: Term) -> Term:
    """x = tool t(a..)."""
    tool = walk.program.tools[statement.tool]
    guard, given, taints = operands(walk, statement.arguments, guard)
    values = fitted(tool.parameters, given)
    name = name_of(walk, statement.id)
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
    """returns(t) + all a_i (less `independent of`) + label(reads) + pc. Whether a clause holds that asks about the result is as
    secret as the result: a decision that rests on its not holding tells as much."""
    table = walk.labelling.table
    given = {name: _argument(walk, tool, name, taint) for name, taint in taints.items()}
    inputs = total(t for name, t in given.items() if name not in tool.independent)
    reads = union(*(stored(walk, store).every for store in tool.reads))
    found = Taint(union(inputs, reads, pc, walk.doubt(SOURCE_LABELS, TOOL_EFFECTS)))
    more = {**as_arguments(values), ("result", "result"): result}
    for clause in tool.returns:
        bits = table.mask(clause.tags) & walk.keep
        if bits:
            telling = walk.labelling.domain.implicit and _asks_result(clause.condition)
            holds = b.TRUE if telling else walk.truth(clause.condition, more).possible
            found = grown(found, clause.path, under(holds, always(bits)))
    for path, bit in table.result_sources.get(tool.symbol, ()):
        found = grown(found, path, always(bit & walk.keep))
    return found


def _asks_result(condition: core.Expr | None) -> bool:
    parts = () if condition is None else subexpressions(condition)
    return any(isinstance(part, core.Variable) and part.kind == "result" for part in parts)


def _argument(walk: Walk, tool: core.Tool, name: str, taint: Taint) -> Taint:
    for path, bit in walk.labelling.table.argument_sources.get((tool.symbol, name), ()):
        taint = grown(taint, path, always(bit & walk.keep))
    return taint
