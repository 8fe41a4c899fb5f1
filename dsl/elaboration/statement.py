"""Workflow bodies, from the surface to the core: names, types and sugar in one pass. Flow questions (is a variable assigned
here, does a branch interfere) are asked of the finished core, in `flowchecks`."""

from __future__ import annotations

from typing import assert_never

from wfcheck.dsl import core, syntax
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration.call import callee, step_call
from wfcheck.dsl.elaboration.consistency import is_any, is_option
from wfcheck.dsl.elaboration.context import Context
from wfcheck.dsl.elaboration.flowchecks import check_flow
from wfcheck.dsl.elaboration.frame import Frame, joined
from wfcheck.dsl.elaboration.inline import bind_parameters, elaborate_parameters, new_frame, result_name
from wfcheck.dsl.elaboration.statement_act import ask, recall, receive, remember, returned, send
from wfcheck.dsl.elaboration.statement_loop import for_each, parallel, repeat, retry
from wfcheck.dsl.elaboration.statement_match import match_statement
from wfcheck.dsl.elaboration.statement_model import agent, approve, llm
from wfcheck.dsl.types import ANY
from wfcheck.dsl.walk import assigned


def elaborate_workflow(context: Context, module: str, decl: syntax.WorkflowDecl) -> core.Workflow | None:
    """The workflow in the core, every problem reported to the context. None when it is not known by its name,
    or is too large to be taken whole."""
    entity = context.names[module].own.get(decl.name.text)
    if entity is None:
        return None
    before = len(context.diagnostics)
    frame = new_frame(context, entity, decl)
    parameters = elaborate_parameters(context, module, decl.parameters)
    bind_parameters(frame, parameters, decl)
    requires = frame.contracts(decl.requires, entity.symbol, "requires", {})
    body = block(frame, decl.body)
    if frame.full:
        return None
    result = frame.result or (joined(frame.returned) if frame.returned else ANY)
    ensures = frame.contracts(
        decl.ensures, entity.symbol, "ensures", result_name(result, decl.span) | parameter_names(frame, decl)
    )
    workflow = core.Workflow(
        entity.symbol,
        module,
        parameters,
        frame.principal,
        decl.guarded,
        decl.once_per_session,
        result,
        requires,
        ensures,
        body,
        span=decl.name.span,
    )
    loaded = context.modules.get(module)
    whole = loaded is None or not loaded.skipped  # statements that could not be read may be missing
    clean = whole and not any(d.severity is Severity.ERROR for d in context.diagnostics[before:])
    gives = whole and (frame.result is not None or bool(frame.returned))
    check_flow(context, workflow, frame.places, returns=gives, clean=clean)
    return workflow


def parameter_names(frame: Frame, decl: syntax.WorkflowDecl) -> dict[str, core.Expr]:
    """The parameters as names, which an `ensures` may use."""
    return {p.name.text: frame.variables[p.name.text] for p in decl.parameters}


def block(frame: Frame, source: syntax.Block) -> core.Block:
    """A nested block, or the body itself."""
    with frame.knowing(None, True), frame.opened(source.span) as out:
        if not frame.too_deep:
            for inner in source.statements:
                if frame.full:
                    break
                statement(frame, inner)
    return tuple(out)


def statement(frame: Frame, source: syntax.Statement) -> None:  # noqa: C901 - one flat arm per kind
    """Emits what one surface statement stands for."""
    match source:
        case syntax.Assign():
            assign(frame, source)
        case syntax.CallStatement():
            call(frame, source)
        case syntax.LlmStatement():
            llm(frame, source)
        case syntax.AgentStatement():
            agent(frame, source)
        case syntax.ApproveStatement():
            approve(frame, source, block)
        case syntax.IfStatement():
            if_statement(frame, source, 0)
        case syntax.MatchStatement():
            match_statement(frame, source, block)
        case syntax.ForStatement():
            for_each(frame, source, block)
        case syntax.RepeatStatement():
            repeat(frame, source, block)
        case syntax.ParallelStatement():
            parallel(frame, source, block)
        case syntax.RetryStatement():
            retry(frame, source, block)
        case syntax.SayStatement():
            value = frame.expression(source.value)
            frame.emit(core.Say(frame.fresh(), value, span=source.span))
        case syntax.AskStatement():
            ask(frame, source)
        case syntax.SendStatement():
            send(frame, source)
        case syntax.ReceiveStatement():
            receive(frame, source)
        case syntax.RememberStatement():
            remember(frame, source)
        case syntax.RecallStatement():
            recall(frame, source)
        case syntax.StopStatement(reason=reason):
            frame.emit(core.Stop(frame.fresh(), reason.value if reason else None, span=source.span))
        case syntax.ReturnStatement():
            returned(frame, source)
        case _:
            assert_never(source)


def assign(frame: Frame, source: syntax.Assign) -> None:
    """`x = e`; a call of a tool, a release or a workflow is a step that binds `x`."""
    if isinstance(source.value, syntax.Apply):
        entity = callee(frame, source.value)
        if entity is not None:
            step_call(frame, source.value, entity, source.target)
            return
    value = frame.expression(source.value, frame.expected(source.target))
    target = frame.bind(source.target, value.type)
    frame.emit(core.Let(frame.fresh(), target, value, span=source.span))
    variable = frame.variables[source.target.text]
    if is_option(variable.type) and not is_option(value.type) and not is_any(value.type):
        frame.present |= {variable}


def call(frame: Frame, source: syntax.CallStatement) -> None:
    """A call alone. Of a function or definition it has no effect, and is refused."""
    entity = callee(frame, source.call)
    if entity is not None:
        step_call(frame, source.call, entity, None, keep=False)
        return
    before = len(frame.context.diagnostics)
    frame.expression(source.call)
    if len(frame.context.diagnostics) == before:
        frame.context.report(
            "WF413",
            "this call has no effect and its result is not used",
            source.span,
            help="assign the result to a variable, or leave the statement out",
        )


def if_statement(frame: Frame, source: syntax.IfStatement, arm: int) -> None:
    """A chain of arms, each in the `else` of the one before."""
    condition, body = source.arms[arm]
    decided = frame.condition(condition)
    identifier = frame.fresh()
    with frame.knowing(decided, True):
        then = block(frame, body)
    with frame.knowing(decided, False):
        otherwise = _otherwise(frame, source, arm + 1)
    if leaves(then):
        frame.learn(decided, False, assigned(otherwise))
    if leaves(otherwise):
        frame.learn(decided, True, assigned(then))
    frame.emit(core.If(identifier, decided, then, otherwise, span=condition.span))


def leaves(body: core.Block) -> bool:
    """Plainly no statement runs after the block."""
    return bool(body) and isinstance(body[-1], core.Stop | core.Return)


def _otherwise(frame: Frame, source: syntax.IfStatement, arm: int) -> core.Block:
    if arm == len(source.arms):
        return () if source.otherwise is None else block(frame, source.otherwise)
    with frame.opened(source.arms[arm][0].span) as out:
        if not frame.too_deep:
            if_statement(frame, source, arm)
    return tuple(out)
