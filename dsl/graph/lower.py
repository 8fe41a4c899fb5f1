"""From the core to the typed DAG of one workflow, in one walk: reaching definitions for data, stores and inboxes, and the nearest
deciders for control (after Ferrante, Ottenstein and Warren, 1987: an edge per direct dependence, the rest by transitivity)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import assert_never

from wfcheck.dsl import core
from wfcheck.dsl.graph.dag import Graph
from wfcheck.dsl.graph.node import node_kind, title, value_type
from wfcheck.dsl.graph.state import CONTROL, Ending, Key, Place, State, inbox, store, variable
from wfcheck.dsl.walk import assigned, expressions, locals_of, statements


def lower(workflow: core.Workflow, program: core.Program) -> Graph:
    """The DAG of a workflow. Linear in the size of the workflow, but for nesting."""
    state = State(principal=workflow.principal or "user")
    state.node("entry", "entry", workflow.symbol, None, workflow.span)
    state.define(CONTROL, (Place("entry", "start"),))
    for parameter in workflow.parameters:
        name = f"parameter:{parameter.name}"
        state.node(name, "parameter", parameter.name, parameter.type, parameter.span)
        state.edge("entry", name, "control", "start")
        state.define(variable(parameter.name), (Place(name),))
    _Lowering(state, program).block(workflow.body)
    return state.graph(workflow.symbol)


class _Lowering:
    """Lowers statements into a state. Each method returns how control may leave what it lowered."""

    def __init__(self, state: State, program: core.Program) -> None:
        self.state = state
        self.program = program
        self.tools: Mapping[str, core.Tool] = program.tools

    def block(self, block: core.Block) -> Ending:
        ending = Ending()
        for statement in block:
            ending = ending.then(self.statement(statement))
            if not ending.completes:
                self.state.define(CONTROL, ())
        return ending

    def statement(self, statement: core.Statement) -> Ending:
        state = self.state
        state.node(
            statement.id,
            node_kind(statement),
            title(statement),
            value_type(statement, self.program),
            statement.span,
            statement,
        )
        state.controlled(statement.id)
        if not isinstance(statement, core.While):
            self.uses(statement)
        return self.effects(statement)

    def uses(self, statement: core.Statement) -> None:
        for expression in expressions(statement):
            for name, path in locals_of(expression):
                self.state.use(variable(name), statement.id, path)

    def effects(self, statement: core.Statement) -> Ending:  # noqa: C901 - one flat arm per kind
        state = self.state
        match statement:
            case core.If():
                return self.branch(statement)
            case core.For() | core.While():
                return self.loop(statement)
            case core.Parallel():
                return self.parallel(statement)
            case core.Agent():
                self.agent(statement)
            case core.Approve():
                return self.approve(statement)
            case core.Scope():
                return self.scope(statement)
            case core.Retry():
                return self.retry(statement)
            case core.Stop():
                return Ending(completes=False, stops=True)
            case core.Return():
                state.returned(statement.id)
                return Ending(completes=False, returns=True)
            case core.Call(tool=tool):
                self.stores(tool, statement.id)
            case core.Remember(store=name):
                state.write(store(name), statement.id)
            case core.Recall(store=name):
                state.use(store(name), statement.id, ())
            case core.Send(principal=principal):
                state.write(inbox(principal), statement.id)
            case core.Receive(principal=sender):
                state.use(inbox(state.principal), statement.id, ())
                if sender is not None:
                    state.use(inbox(sender), statement.id, ())
            case core.Let() | core.Llm() | core.ReleaseCall() | core.Say() | core.Ask():
                pass
            case _:
                assert_never(statement)
        self.binds(statement)
        return Ending()

    def binds(self, statement: core.Statement) -> None:
        match statement:
            case (
                core.Let(target=str(name))
                | core.Call(target=str(name))
                | core.Llm(target=str(name))
                | core.Agent(target=str(name))
                | core.ReleaseCall(target=str(name))
                | core.Ask(target=str(name))
                | core.Receive(target=str(name))
                | core.Recall(target=str(name))
            ):
                self.state.define(variable(name), (Place(statement.id),))

    def stores(self, tool: str, node: str) -> None:
        declared = self.tools.get(tool)
        if declared is None:
            return
        for name in sorted(declared.reads):
            self.state.use(store(name), node, ())
        for name in sorted(declared.writes):
            self.state.write(store(name), node)

    def branch(self, statement: core.If) -> Ending:
        state = self.state
        before = state.get(CONTROL)
        arms = []
        for label, body in (("then", statement.then), ("else", statement.otherwise)):
            state.define(CONTROL, (Place(statement.id, label),))
            arms.append(state.arm(partial(self.block, body)))
        ending = state.merge(arms)
        if not ending.ends:
            state.define(CONTROL, before)
        return ending

    def loop(self, statement: core.For | core.While) -> Ending:
        state = self.state
        before = state.get(CONTROL)
        head = Place(statement.id, "after")
        marks = state.open_loop(statement.id, self.touched(statement.body))
        state.define(CONTROL, (Place(statement.id, "body"),))
        if isinstance(statement, core.While):
            self.uses(statement)
        else:
            state.define(variable(statement.item), (Place(statement.id),))
        with state.region(statement.id):
            arm = state.arm(partial(self.block, statement.body))
        state.close_loop(marks, arm)
        if not arm.ending.ends:
            state.define(CONTROL, before)
            return Ending()
        state.carry_control(arm, statement.id)
        state.define(CONTROL, state.joined((head, *arm.control()), "control", statement.span))
        return Ending(stops=arm.ending.stops, returns=arm.ending.returns)

    def touched(self, body: core.Block) -> frozenset[Key]:
        return frozenset(variable(name) for name in assigned(body)) | self.touched_stores(body)

    def touched_stores(self, body: core.Block) -> frozenset[Key]:
        keys: set[Key] = set()
        for inner in statements(body):
            match inner:
                case core.Remember(store=name):
                    keys.add(store(name))
                case core.Send(principal=name):
                    keys.add(inbox(name))
                case core.Call(tool=tool) if tool in self.tools:
                    keys.update(store(name) for name in self.tools[tool].writes)
                case core.Agent():
                    keys.update(store(name) for name in self.agent_writes(inner))
        return frozenset(keys)

    def agent_writes(self, agent: core.Agent) -> frozenset[str]:
        tools = [self.tools[m.tool] for m in agent.may if m.tool is not None and m.tool in self.tools]
        return frozenset(name for tool in tools for name in tool.writes)

    def agent(self, statement: core.Agent) -> None:
        state = self.state
        with state.region(statement.id):
            for may in statement.may:
                name = may.tool or may.act
                choice = f"{statement.id}:{name}"
                declared = self.tools.get(may.tool) if may.tool is not None else None
                state.node(choice, "choice", name, declared.result if declared else None, may.span)
                state.edge(statement.id, choice, "control", "choice")
                state.edge(statement.id, choice, "data", "arguments")
                hidden = may.tool is not None and may.tool in statement.hides
                state.edge(choice, statement.id, "data", "handle" if hidden else "result", carried=True)
                if may.tool is not None:
                    self.stores(may.tool, choice)

    def parallel(self, statement: core.Parallel) -> Ending:
        state = self.state
        before = state.get(CONTROL)
        arms = []
        for index, body in enumerate(statement.branches):
            state.define(CONTROL, (Place(statement.id, f"branch {index + 1}"),))
            with state.region(statement.id):
                arms.append(state.arm(partial(self.block, body)))
        ending = state.merge_parallel(arms)
        for arm in arms:
            if arm.ending.ends:
                state.carry_control(arm, statement.id)
        if not ending.ends:
            state.define(CONTROL, before)
        return ending

    def approve(self, statement: core.Approve) -> Ending:
        state = self.state
        before = state.get(CONTROL)
        granted = (Place(statement.id, "granted"),)
        if statement.otherwise is None:
            state.define(CONTROL, granted)
            return Ending(stops=True)
        state.define(CONTROL, (Place(statement.id, "refused"),))
        refused = state.arm(partial(self.block, statement.otherwise))
        state.define(CONTROL, granted)
        ending = state.merge([state.arm(Ending), refused])
        if not ending.ends:
            state.define(CONTROL, before)
        return ending

    def scope(self, statement: core.Scope) -> Ending:
        state = self.state
        before, caller = state.get(CONTROL), state.principal
        for name, _ in statement.parameters:
            state.define(variable(name), (Place(statement.id),))
        state.define(CONTROL, (Place(statement.id, "body"),))
        state.principal = statement.principal or caller
        with state.region(statement.id), state.scope() as returns:
            ending = self.block(statement.body)
        state.principal = caller
        after = [*returns.control, *(state.get(CONTROL) if ending.completes else ())]
        completes = ending.completes or ending.returns
        state.leave(returns, ending.completes, statement)
        state.define(
            CONTROL, state.joined(tuple(after), "control", statement.span) if ending.stops else before
        )
        return Ending(completes=completes, stops=ending.stops)

    def retry(self, statement: core.Retry) -> Ending:
        state = self.state
        before = state.get(CONTROL)
        marks = state.open_loop(statement.id, self.touched_stores(statement.body))
        state.define(CONTROL, (Place(statement.id, "attempt"),))
        with state.region(statement.id):
            body = state.arm(partial(self.block, statement.body))
            arms = [state.close_loop(marks, body)]
            failed = self.failure(statement)
            if statement.handler is not None:
                state.define(CONTROL, (Place(failed, "error"),))
                arms.append(state.arm(partial(self.block, statement.handler)))
        ending = state.merge(arms)
        if not ending.ends:
            state.define(CONTROL, before)
        return ending

    def failure(self, statement: core.Retry) -> str:
        failing = [Place(s.id, "fail") for s in statements(statement.body) if isinstance(s, core.Call)]
        places = (Place(statement.id, "attempt"), *failing)
        failed = self.state.join_node(places, "control", "failed", statement.span)
        self.state.edge(failed, statement.id, "control", "attempt", carried=True)
        return failed
