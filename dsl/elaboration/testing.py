"""`test` blocks: a trace in lines, and what is expected of it."""

from __future__ import annotations

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.call import Arguments, match_arguments
from wfcheck.dsl.elaboration.context import Context, Env
from wfcheck.dsl.elaboration.expression import constant, elaborate_expression
from wfcheck.dsl.elaboration.names import did_you_mean, dotted
from wfcheck.dsl.elaboration.rule_body import RuleFrame
from wfcheck.dsl.elaboration.rule_meta import rule_named
from wfcheck.dsl.types import TEXT, Type
from wfcheck.dsl.walk import statements

Constants = tuple[tuple[str, core.Value], ...]


def elaborate_test(context: Context, module: str, decl: syntax.TestDecl) -> core.Test | None:
    """The resolved lines and expectations; problems go to the context."""
    events = [_line(context, module, line) for line in decl.lines]
    expectations = [_expectation(context, module, expected) for expected in decl.expectations]
    return core.Test(
        decl.title.value,
        tuple(event for event in events if event is not None),
        tuple(expected for expected in expectations if expected is not None),
        module,
        span=decl.title.span,
    )


def _frame(context: Context, module: str) -> RuleFrame:
    return RuleFrame(context, module, "", tuple(context.workflows))


def _line(context: Context, module: str, line: syntax.TestLine) -> core.TestEvent | None:
    frame = _frame(context, module)
    principal = None if line.principal is None else frame.person(line.principal)
    to = None if line.to is None else frame.person(line.to)
    tool: core.Tool | None = None
    arguments: Constants = ()
    value = None if line.value is None else _constant(frame, line.value, None)
    if line.verb == "message":
        arguments = () if line.call is None else _message(frame, line.call)
    elif line.call is not None:
        tool = _tool(frame, line.call)
        if tool is None:
            return None
        arguments = _arguments(frame, tool, line)
        value = None if line.value is None else _constant(frame, line.value, tool.result)
    elif line.value is not None:
        value = _constant(frame, line.value, TEXT)
    return core.TestEvent(
        line.verb,
        None if tool is None else tool.symbol,
        arguments,
        principal,
        to,
        value,
        None if line.at is None else line.at.text,
        span=line.span,
    )


def _constant(frame: RuleFrame, value: syntax.Expr, expected: Type | None) -> core.Value:
    return _known(frame, elaborate_expression(frame.context, _env(frame), value, expected))


def _env(frame: RuleFrame) -> Env:
    return Env(frame.module, what="a test")


def _known(frame: RuleFrame, expression: core.Expr) -> core.Value:
    found = constant(expression)
    if found is not None:
        return found.value
    frame.context.report("WF551", "a test takes constants only", expression.span, help="write the value")
    return None


def _tool(frame: RuleFrame, call: syntax.Apply) -> core.Tool | None:
    entity = frame.context.resolve(frame.module, call.function, frozenset({"tool"}), "a tool")
    return None if entity is None else frame.context.tools.get(entity.symbol)


def _arguments(frame: RuleFrame, tool: core.Tool, line: syntax.TestLine) -> Constants:
    """The arguments of a call are checked like those of a workflow; the other lines may leave some out."""
    assert line.call is not None
    parameters = tool.parameters
    if line.verb != "call":
        parameters = tuple(attrs.evolve(p, optional=True) for p in parameters)
    found: Arguments = match_arguments(frame.context, _env(frame), parameters, line.call, tool.symbol)
    return tuple((name, _known(frame, value)) for name, value in found)


def _message(frame: RuleFrame, call: syntax.Apply) -> Constants:
    found: dict[str, core.Value] = {}
    for argument in call.arguments:
        name = "text" if argument.name is None else argument.name.text
        if name in found:
            frame.context.report(
                "WF408",
                f"`{name}` is given twice",
                argument.span,
                help="give the second one a name of its own",
            )
        found[name] = _constant(frame, argument.value, None)
    return tuple(found.items())


# ---------------------------------------------------------------- expectations


def _expectation(context: Context, module: str, expected: syntax.Expectation) -> core.Expectation | None:
    frame = _frame(context, module)
    index = None if expected.index is None else expected.index.value
    name = None if expected.name is None else _named(frame, expected.kind, expected.name)
    if expected.name is not None and name is None:
        return None
    events = []
    for event in expected.events:
        frame.collect(event)
        events.append(frame.event(event).pattern)
    return core.Expectation(expected.kind, name, index, tuple(events), span=expected.span)


def _named(frame: RuleFrame, kind: str, name: syntax.Expr) -> str | None:
    match kind:
        case "reachable" | "unreachable":
            entity = frame.context.resolve(frame.module, name, frozenset({"workflow"}), "a workflow")
            return None if entity is None else entity.symbol
        case "blame":
            return _assumption(frame, name)
        case _:
            return _rule(frame, name)


def _rule(frame: RuleFrame, name: syntax.Expr) -> str | None:
    found = rule_named(frame, name, None)
    known = [rule.name for rule in frame.context.rules]
    if found is None or found in known or found.startswith("builtin."):
        return found
    if isinstance(name, syntax.Apply):
        frame.context.report(
            "WF546", f"no rule is called `{found}`", name.span, help=did_you_mean(found, known)
        )
        return None
    return found


def _assumption(frame: RuleFrame, name: syntax.Expr) -> str | None:
    parts = dotted(name)
    known = assumption_names(frame.context)
    shown = None if parts is None else ".".join(parts)
    if shown is not None and (shown in known or "-" in shown or shown.startswith("builtin.")):
        return shown  # assumptions of the method, such as `complete-mediation`, have a hyphen
    frame.context.report(
        "WF552",
        f"no assumption is called `{shown}`" if shown else "an assumption is named by its name",
        name.span,
        help=did_you_mean(shown, known) if shown else None,
    )
    return None


def assumption_names(context: Context) -> set[str]:
    """Every name that a verdict may list or blame: contracts, assumptions, releases and tools."""
    names = {assumption.name for assumption in context.assumptions}
    names |= set(context.releases) | set(context.tools)
    for tool in context.tools.values():
        names |= {condition.name for condition in (*tool.requires, *tool.ensures)}
    for workflow in context.workflows.values():
        names |= {condition.name for condition in (*workflow.requires, *workflow.ensures)}
        for statement in statements(workflow.body):
            if isinstance(statement, core.Llm | core.Agent):
                names |= {condition.name for condition in statement.ensures}
    return names
