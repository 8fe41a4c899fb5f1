"""What events are about: tools, groups, tags, stores, channels, principals, releases and steps, and the names they bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.context import Context, Entity
from wfcheck.dsl.elaboration.expression import resolve_tags
from wfcheck.dsl.elaboration.frame import reference
from wfcheck.dsl.elaboration.names import did_you_mean, dotted, listing
from wfcheck.dsl.elaboration.pattern import Place, elaborate_pattern
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import ANY, TEXT, TIME, RecordType, Type

TEXTUAL = frozenset({"input", "say", "ask", "llm", "message"})
"""Events that carry a text."""

WITH_TOOL = frozenset({"call", "fail", "deny", "approve"})


@attrs.frozen
class Subjects:
    """Resolves the subjects of events. `empty` collects open groups without members."""

    context: Context
    module: str
    empty: dict[str, None]
    place: Place

    # ------------------------------------------------------------ resolution

    def entity(self, name: syntax.Expr | syntax.Ident, kinds: frozenset[str], what: str) -> Entity | None:
        """The entity of a name, with a report where there is none."""
        written = reference(self.context, self.module, name) if isinstance(name, syntax.Ident) else name
        return self.context.resolve(self.module, written, kinds, what)

    def members(self, entity: Entity, kind: str, span: Span) -> frozenset[str]:
        """The members of a group that should hold things of this kind."""
        group = self.context.groups.get(entity.symbol)
        if group is None:
            return frozenset()
        if group.open and not group.members:
            self.empty[entity.symbol] = None
        if group.kind in (kind, "empty"):
            return group.members
        self.context.report(
            "WF513",
            f"the group `{entity.name}` holds {group.kind}s, where {kind}s are wanted",
            span,
            labels=[(entity.span, "declared here")],
            help=f"name a group of {kind}s",
        )
        return frozenset()

    def some(self, name: syntax.Expr | syntax.Ident, kind: str, what: str) -> frozenset[str]:
        """The symbol of a thing of this kind, or those of a group."""
        if isinstance(name, syntax.SetLit):
            return frozenset().union(*(self.some(item, kind, what) for item in name.items))
        entity = self.entity(name, frozenset({kind, "group"}), what)
        if entity is None:
            return frozenset()
        return self.members(entity, kind, name.span) if entity.kind == "group" else frozenset({entity.symbol})

    def people(self, name: syntax.Expr | syntax.Ident) -> frozenset[str]:
        """A principal, or the principals of a group."""
        return self.some(name, "principal", "a principal")

    def tools(self, name: syntax.Expr) -> tuple[core.Tool, ...]:
        """A tool, or the tools of a group, by name."""
        found = self.some(name, "tool", "a tool or an event")
        return tuple(self.context.tools[t] for t in sorted(found) if t in self.context.tools)

    def tags(self, value: syntax.Expr, sides: frozenset[str]) -> frozenset[str]:
        """The tags of a set, a group or one name."""
        items = value.items if isinstance(value, syntax.SetLit) else (value,)
        for item in items:
            parts = dotted(item)
            found = None if parts is None else self.context.lookup(self.module, parts, frozenset({"group"}))
            if found is not None and found.kind == "group":
                group = self.context.groups.get(found.symbol)
                if group is not None and group.open and not group.members:
                    self.empty[found.symbol] = None
        return resolve_tags(self.context, self.module, items, sides=sides)

    # ------------------------------------------------------------ arguments

    def tests(
        self, tools: Sequence[core.Tool], arguments: Sequence[syntax.EventArgument]
    ) -> tuple[tuple[str, core.ArgumentTest], ...]:
        """The tests of patterns on the arguments of tools; positional ones go by declaration order."""
        found: list[tuple[str, core.ArgumentTest]] = []
        for index, argument in enumerate(arguments):
            name, type_ = self._argument(tools, argument, index)
            if name is None:
                continue
            if any(name == other for other, _ in found):
                self.context.report(
                    "WF514", f"`{name}` has two patterns", argument.span, help="join them after `when`"
                )
            found.extend((name, test) for test in elaborate_pattern(self.place, argument.pattern, type_))
        return tuple(found)

    def _argument(
        self, tools: Sequence[core.Tool], argument: syntax.EventArgument, index: int
    ) -> tuple[str | None, Type]:
        if isinstance(argument.pattern, syntax.ArgsPattern) and argument.name is None:
            return "args", ANY
        if argument.name is None:
            return self._positional(tools, argument, index)
        name = argument.name.text
        types = [parameter.type if (parameter := tool.parameter(name)) else None for tool in tools]
        for tool, type_ in zip(tools, types, strict=True):
            if type_ is None:
                self._unknown(tool, argument.name)
                return None, ANY
        return name, _common([t for t in types if t is not None])

    def _unknown(self, tool: core.Tool, name: syntax.Ident) -> None:
        names = [p.name for p in tool.parameters]
        self.context.report(
            "WF502",
            f"`{tool.symbol}` has no argument called `{name.text}`",
            name.span,
            labels=[(tool.span, "declared here")],
            notes=[f"its arguments are {listing(names)}"] if names else ["it takes no arguments"],
            help=did_you_mean(name.text, names),
        )

    def _positional(
        self, tools: Sequence[core.Tool], argument: syntax.EventArgument, index: int
    ) -> tuple[str | None, Type]:
        if len(tools) == 1 and index < len(tools[0].parameters):
            parameter = tools[0].parameters[index]
            return parameter.name, parameter.type
        many = len(tools) != 1
        self.context.report(
            "WF503",
            "a pattern on several tools names its argument"
            if many
            else f"`{tools[0].symbol}` takes {len(tools[0].parameters)} arguments, this is number {index + 1}",
            argument.span,
            help="write `name: pattern`",
        )
        return None, ANY

    def argument_type(self, call: syntax.EventCall, argument: syntax.EventArgument) -> Type | None:
        """The type of the argument a pattern stands on, where that is known."""
        if argument.name is None or dotted(call.name) is None:
            return None
        if argument.name.text == "text":
            return TEXT
        tools = self.tools(call.name)
        types = [p.type for tool in tools if (p := tool.parameter(argument.name.text)) is not None]
        return _common(types) if types else None

    def result_type(self, call: syntax.EventCall) -> Type:
        """The type of the result of a call event."""
        return _common([tool.result for tool in self.tools(call.name)] or [ANY])


def _common(types: Sequence[Type]) -> Type:
    return types[0] if types and all(t == types[0] for t in types) else ANY


def tool_choice(subjects: Subjects, call: syntax.EventCall) -> Sequence[core.EventChoice]:
    """`t(arg: pat) -> pat`, or of a group of tools."""
    tools = subjects.tools(call.name)
    if not tools:
        return ()
    return [choice_of(subjects, "call", tools, call.arguments or (), call)]


def choice_of(
    subjects: Subjects,
    kind: core.EventKind,
    tools: Sequence[core.Tool],
    arguments: Sequence[syntax.EventArgument],
    call: syntax.EventCall,
) -> core.EventChoice:
    """One choice over tools with patterns on their arguments and result."""
    tests = subjects.tests(tools, arguments)
    result = None
    if call.result is not None:
        found = elaborate_pattern(subjects.place, call.result, _common([t.result for t in tools] or [ANY]))
        result = found[0] if found else None
        if len(found) > 1:
            subjects.context.report(
                "WF511",
                "`not in` cannot test a result",
                call.result.span,
                help="test `result` after `when`",
            )
    symbols = frozenset(tool.symbol for tool in tools)
    return core.EventChoice(kind, symbols, tests, result, span=call.span)


# ---------------------------------------------------------------- names


def argument_names(context: Context, choices: Sequence[core.EventChoice], span: Span) -> dict[str, core.Expr]:
    """What all the choices have: arguments by name, `result`, `text`."""
    scopes = [_names(context, choice, span) for choice in choices]
    if not scopes:
        return {}
    first, *others = scopes
    return {
        name: value
        for name, value in first.items()
        if all(name in other and other[name].type == value.type for other in others)
    }


def _names(context: Context, choice: core.EventChoice, span: Span) -> dict[str, core.Expr]:
    names: dict[str, core.Expr] = {}
    for name, type_ in _fields(context, choice):
        kind: core.VariableKind = "result" if name == "result" else "argument"
        names[name] = core.Variable(name, kind, type_, span=span)
    return names


def _fields(context: Context, choice: core.EventChoice) -> list[tuple[str, Type]]:
    if choice.kind in TEXTUAL:
        return [("text", TEXT)]
    if choice.kind not in WITH_TOOL:
        return []
    tools = [context.tools[t] for t in sorted(choice.subjects) if t in context.tools]
    fields = shared_parameters(tools)
    if choice.kind == "call" and "result" not in fields:
        fields["result"] = _common([tool.result for tool in tools] or [ANY])
    return list(fields.items())


def shared_parameters(tools: Sequence[core.Tool]) -> dict[str, Type]:
    """The parameters that all the tools have, with one type."""
    if not tools:
        return {}
    first, *others = tools
    shared: Mapping[str, Type] = {
        p.name: p.type
        for p in first.parameters
        if all((q := other.parameter(p.name)) is not None and q.type == p.type for other in others)
    }
    return dict(shared)


def record_of(context: Context, choices: Sequence[core.EventChoice]) -> Type:
    """The record of the last such event: what all choices have, and `time`."""
    tables = [dict(_fields(context, choice)) for choice in choices]
    if not tables:
        return ANY
    first, *others = tables
    shared = [(n, t) for n, t in first.items() if all(other.get(n) == t for other in others)]
    return RecordType(None, (*(f for f in shared if f[0] != "time"), ("time", TIME)))
