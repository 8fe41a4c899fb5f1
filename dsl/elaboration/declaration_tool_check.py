"""Clauses of one tool that contradict or repeat each other, and names of tools that collide in traces."""

from __future__ import annotations

from collections.abc import Iterable

from wfcheck.dsl import syntax
from wfcheck.dsl.elaboration.context import Context
from wfcheck.dsl.elaboration.declaration_group import entities
from wfcheck.dsl.source import Span


def check_clauses(context: Context, tool: syntax.ToolDecl) -> None:
    """Reports repeated and contradictory clauses."""
    _repeated(context, tool)
    _emits(context, tool)
    _without_result(context, tool)
    effect = next((c for c in tool.clauses if isinstance(c, syntax.EffectClause)), None)
    pure = next((c for c in tool.clauses if isinstance(c, syntax.PureClause)), None)
    if pure is not None:
        for clause in tool.clauses:
            if _impure(clause):
                _contradiction(
                    context,
                    "a pure tool reads nothing, writes nothing and emits nothing",
                    clause.span,
                    pure.span,
                )
    if effect is not None and effect.effect.text == "read":
        for clause in tool.clauses:
            if isinstance(clause, syntax.WritesClause | syntax.FreshClause):
                _contradiction(
                    context, "a tool whose effect is `read` changes nothing", clause.span, effect.span
                )


def _impure(clause: syntax.Clause) -> bool:
    match clause:
        case syntax.EffectClause(effect=effect):
            return effect.text != "read"
        case syntax.EmitsClause(channel=channel):
            return channel is not None
        case syntax.ReturnsClause(tags=tags, paths=paths):
            return bool(tags) or bool(paths)
        case syntax.ReadsClause() | syntax.WritesClause() | syntax.FreshClause():
            return True
        case _:
            return False


def _contradiction(context: Context, message: str, span: Span, other: Span) -> None:
    context.report(
        "WF233", message, span, labels=[(other, "this clause says so")], help="remove one of the two"
    )


def _repeated(context: Context, tool: syntax.ToolDecl) -> None:
    keyed = [(key, clause.span) for clause in tool.clauses for key in _keys(clause)]
    seen: dict[str, Span] = {}
    for key, span in keyed:
        if key in seen:
            context.report("WF232", f"`{key}` is said twice", span, labels=[(seen[key], "first said here")])
        seen.setdefault(key, span)


def _keys(clause: syntax.Clause) -> Iterable[str]:
    match clause:
        case syntax.EffectClause():
            yield "effect"
        case syntax.PureClause():
            yield "pure"
        case syntax.EmitsClause(channel=None):
            yield "emits nothing"
        case syntax.AcceptsClause(argument=argument):
            yield f"accepts {argument.text}"
        case syntax.ReturnsClause(tags=tags, condition=None) if tags is not None:
            yield "returns"
        case syntax.ReturnsClause(paths=paths, condition=None):
            yield from (f"returns {'.'.join(entry.path.steps)}" for entry in paths)
        case _:
            pass


def _emits(context: Context, tool: syntax.ToolDecl) -> None:
    nothing = next((c for c in tool.clauses if isinstance(c, syntax.EmitsClause) and c.channel is None), None)
    if nothing is None:
        return
    for clause in tool.clauses:
        if isinstance(clause, syntax.EmitsClause) and clause.channel is not None:
            _contradiction(context, "a tool that emits nothing has no channel", clause.span, nothing.span)


def _without_result(context: Context, tool: syntax.ToolDecl) -> None:
    if tool.result is not None:
        return
    for clause in tool.clauses:
        paths = clause.paths if isinstance(clause, syntax.ReturnsClause | syntax.FreshClause) else ()
        if paths:
            help_ = "write the type of the result, `-> T`"
            context.report("WF246", f"`{tool.name.text}` has no type of result", clause.span, help=help_)


def check_aliases(context: Context) -> None:
    """Reports a name in traces that would stand for two tools."""
    seen: dict[str, tuple[str, Span]] = {}
    for entity in entities(context, "tool"):
        if entity.span is not None:
            seen.setdefault(entity.name, (entity.symbol, entity.span))
    for entity in entities(context, "tool"):
        declaration = entity.declaration
        assert isinstance(declaration, syntax.ToolDecl)
        clauses = (c for c in declaration.clauses if isinstance(c, syntax.AliasClause))
        for name in (name for clause in clauses for name in clause.names):
            owner, span = seen.setdefault(name.value, (entity.symbol, name.span))
            if owner != entity.symbol:
                labels = [(span, f"`{owner}` has it here")]
                context.report(
                    "WF248", f"two tools are called `{name.value}` in traces", name.span, labels=labels
                )
