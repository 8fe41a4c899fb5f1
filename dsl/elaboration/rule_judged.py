"""Arguments of the judged call by their tool's name: `refund.amount` in a condition, a key, a list, a sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.context import Context, EventScope
from wfcheck.dsl.elaboration.event_subject import argument_names
from wfcheck.dsl.elaboration.field_path import path_of
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import RecordType
from wfcheck.dsl.walk import fields_of

TOOLS = frozenset({"tool", "group"})


@attrs.frozen
class ToolPath:
    """A tool named in an expression, as `refund` in `refund.amount`."""

    entity: core.Tool | core.Group
    root: syntax.Expr
    span: Span

    @property
    def tools(self) -> frozenset[str]:
        """The tool, or the members of the group."""
        return frozenset({self.entity.symbol} if isinstance(self.entity, core.Tool) else self.entity.members)

    @property
    def name(self) -> str | None:
        """The first word of the path."""
        match self.root:
            case syntax.Name(text=name) | syntax.Member(base=syntax.Name(text=name)):
                return name
            case _:
                return None


def tools_in(context: Context, module: str, expression: syntax.Expr) -> Iterator[ToolPath]:
    """The tools and groups that the paths of an expression start from."""
    stack: list[object] = [expression]
    while stack:
        top = stack.pop()
        if isinstance(top, syntax.Member | syntax.Subscript):
            path = path_of(context, module, top, TOOLS)
            if path is not None and path.entity is not None:
                known = context.tools if path.entity.kind == "tool" else context.groups
                entity = known.get(path.entity.symbol)
                if entity is not None:
                    yield ToolPath(entity, path.root, path.span)
                continue
        if isinstance(top, tuple):
            stack.extend(top)
        elif attrs.has(type(top)) and not isinstance(top, Span):
            stack.extend(value for _, value in fields_of(top))


def judged_fields(
    context: Context, module: str, scope: EventScope, expression: syntax.Expr
) -> Mapping[str, core.Expr]:
    """Names for `qualified` fields of tools that the judged event may call; names of arguments win over them."""
    judged = {s for choice in scope.pattern.choices if choice.kind == "call" for s in choice.subjects}
    known = {path.name for path in tools_in(context, module, expression) if path.tools <= judged}
    found = qualified(context, module, scope, expression)
    return {name: value for name, value in found.items() if name in known and name not in scope.names}


def qualified(
    context: Context, module: str, scope: EventScope, expression: syntax.Expr
) -> Mapping[str, core.Expr]:
    """Tool names as records of their arguments (below the prefix of their import, if they have one)."""
    found: dict[str, core.Expr] = {}
    arguments = argument_names(context, scope.pattern.choices, expression.span)
    record = _record(tuple(arguments.items()), expression.span)
    for path in tools_in(context, module, expression):
        match path.root:
            case syntax.Name(text=name):
                found[name] = record
            case syntax.Member(base=syntax.Name(text=prefix), name=name):
                found[prefix] = _record(((name.text, record),), expression.span)
            case _:
                pass
    return found


def _record(fields: tuple[tuple[str, core.Expr], ...], span: Span) -> core.Expr:
    type_ = RecordType(None, tuple((name, value.type) for name, value in fields))
    return core.MakeRecord(fields, type_, span=span)


def projected(expression: core.Expr) -> core.Expr:
    """The field of a record that is written out."""
    match expression:
        case core.Field(base=core.MakeRecord(fields=fields), name=name):
            return next((value for field, value in fields if field == name), expression)
        case _:
            return expression
