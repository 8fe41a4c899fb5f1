"""Questions about surface statements that need no names and no types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from wfcheck.dsl import syntax


def assigned_often(decl: syntax.WorkflowDecl) -> frozenset[str]:
    """The variables that more than one statement assigns."""
    names = [p.name.text for p in decl.parameters] + targets(decl.body)
    return frozenset(name for name, times in Counter(names).items() if times > 1)


def targets(block: syntax.Block) -> list[str]:
    """The variables assigned in the block and below it, once per assignment (also by a `case` that binds)."""
    names = []
    stack: list[syntax.Statement] = list(block.statements)
    while stack:
        statement = stack.pop()
        name = _target(statement)
        if name is not None:
            names.append(name.text)
        if isinstance(statement, syntax.MatchStatement):
            names.extend(_binders(statement))
        for inner in nested(statement):
            stack.extend(inner.statements)
    return names


def _binders(statement: syntax.MatchStatement) -> list[str]:
    values = (pattern.value for case in statement.cases for pattern in case.patterns)
    return [value.text for value in values if isinstance(value, syntax.Name)]


def _target(statement: syntax.Statement) -> syntax.Ident | None:
    match statement:
        case syntax.ForStatement(item=item):
            return item
        case (
            syntax.Assign(target=target)
            | syntax.LlmStatement(target=target)
            | syntax.AgentStatement(target=target)
            | syntax.AskStatement(target=target)
            | syntax.ReceiveStatement(target=target)
            | syntax.RecallStatement(target=target)
        ):
            return target
        case _:
            return None


def nested(statement: syntax.Statement) -> Iterator[syntax.Block]:
    """The blocks of a surface statement."""
    match statement:
        case syntax.IfStatement(arms=arms, otherwise=otherwise):
            yield from (body for _, body in arms)
            yield from () if otherwise is None else (otherwise,)
        case syntax.MatchStatement(cases=cases):
            yield from (case.block for case in cases)
        case syntax.ForStatement(body=body) | syntax.RepeatStatement(body=body):
            yield body
        case syntax.ParallelStatement(branches=branches):
            yield from branches
        case syntax.RetryStatement(body=body, handler=handler):
            yield body
            yield from () if handler is None else (handler,)
        case syntax.ApproveStatement(otherwise=syntax.Block() as refused):
            yield refused
        case _:
            return
