"""What other runs of the same session may do between two events of a run, as far as the statements of their workflows tell."""

from __future__ import annotations

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.walk import statements

_STATEMENTS: dict[str, tuple[type, ...]] = {
    "approve": (core.Approve,),
    "deny": (core.Approve,),
    "say": (core.Say,),
    "ask": (core.Ask,),
    "llm": (core.Llm, core.Agent),
    "message": (core.Send,),
    "release": (core.ReleaseCall,),
    "remember": (core.Remember,),
    "recall": (core.Recall,),
}
_ACTS = {"say": "say", "ask": "ask", "message": "send", "remember": "remember", "recall": "recall"}


@attrs.frozen
class Interference:
    """Other runs of these workflows. Without any, the run is alone."""

    program: core.Program
    workflows: tuple[core.Workflow, ...]

    def may(self, pattern: core.EventPattern | None) -> bool:
        """Whether they can make an event of such a kind, whatever its arguments."""
        choices = () if pattern is None else pattern.choices
        return any(self._may(w, c) for w in self.workflows for c in choices)

    @property
    def tools(self) -> tuple[str, ...]:
        """What they can call, in the order of the declarations."""
        called = frozenset[str]().union(*(_tools(w) for w in self.workflows))
        return tuple(tool for tool in self.program.tools if tool in called)

    def may_call(self) -> bool:
        """Whether they can call anything."""
        return any(_tools(w) for w in self.workflows)

    def _may(self, workflow: core.Workflow, choice: core.EventChoice) -> bool:
        called = _tools(workflow)
        match choice.kind:
            case "call" | "fail":
                return bool(called & choice.subjects if choice.subjects else called)
            case "write":
                return self._made(workflow, "remember") or self._any(called, "writes")
            case "emit":
                return self._any(called, "emits")
            case "read" | "input" | "step" | "end":
                return True
            case "reset":
                return False
            case _:
                return self._made(workflow, choice.kind)

    def _any(self, tools: frozenset[str], clause: str) -> bool:
        return any(getattr(self.program.tools[tool], clause) for tool in tools)

    def _made(self, workflow: core.Workflow, kind: str) -> bool:
        return any(
            isinstance(s, _STATEMENTS[kind])
            or (isinstance(s, core.Agent) and any(may.act == _ACTS.get(kind) for may in s.may))
            for s in statements(workflow.body)
        )


def _tools(workflow: core.Workflow) -> frozenset[str]:
    """What it may call; the `tool` of another act of an agent is a store."""
    called = {s.tool for s in statements(workflow.body) if isinstance(s, core.Call)}
    agents = [s for s in statements(workflow.body) if isinstance(s, core.Agent)]
    chosen = {m.tool for s in agents for m in s.may if m.act == "tool" and m.tool is not None}
    return frozenset(called | chosen)


def in_session(rule: core.Rule, program: core.Program, workflow: core.Workflow) -> Interference:
    """Earlier and interleaved runs of the session: of every workflow in scope, of its own unless it runs once per session."""
    others = [program.workflows[name] for name in rule.workflows if name in program.workflows]
    return Interference(
        program, tuple(w for w in others if w.symbol != workflow.symbol or not w.once_per_session)
    )


def anywhere(rule: core.Rule, program: core.Program, workflow: core.Workflow) -> Interference:
    """Runs of all sessions: also of the workflow itself."""
    names = dict.fromkeys((*rule.workflows, workflow.symbol))
    return Interference(program, tuple(program.workflows[n] for n in names if n in program.workflows))
