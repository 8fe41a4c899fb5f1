"""What a deployed guard adds to the labels: a denial tells the agent what the guard has seen, and what it always denies cannot
happen any more.

A guard is deployed for workflows that are declared `guarded`. Whether it denies an act may depend on the act's arguments, on earlier
events, and for rules about values on all that was ever brought. What it surely denies is read off plain rules alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

import attrs

from wfcheck.checker.labels.state import Act
from wfcheck.checker.labels.tree import Tree, union
from wfcheck.dsl import core
from wfcheck.dsl.walk import blocks, statements, subexpressions

_KINDS: Mapping[str, str] = {
    "call": "tool", "say": "say", "ask": "ask", "message": "send", "remember": "remember", "recall": "recall",
}  # fmt: skip
_ACTS: Mapping[str, tuple[str, ...]] = {
    "call": ("call",),
    "emit": ("call",),
    "read": ("call",),
    "fail": ("call",),
    "write": ("call", "remember"),
    "approve": ("approve",),
    "deny": ("approve",),
    "say": ("say",),
    "ask": ("ask",),
    "message": ("message",),
    "remember": ("remember",),
    "recall": ("recall",),
    "llm": ("llm", "agent"),
    "release": ("release",),
}


@attrs.frozen(slots=False)
class Guard:
    """The guard of one workflow. `rules`: what it watches. `denies`: whether the labels may rest on its denials. `acts`: what the
    workflow may do, as far as it is known."""

    program: core.Program
    workflow: core.Workflow
    denies: bool
    acts: Mapping[tuple[core.NodeId, int], Act]

    @property
    def rules(self) -> tuple[core.Rule, ...]:
        """The rules in scope, if a guard is declared."""
        return self._rules

    @cached_property
    def _rules(self) -> tuple[core.Rule, ...]:
        if not self.workflow.guarded:
            return ()
        symbol = self.workflow.symbol
        return tuple(r for r in self.program.rules if symbol in r.workflows and r.not_applicable is None)

    # ------------------------------------------------------------ what a denial tells

    def tells(
        self, node: core.NodeId, may: core.May, arguments: Mapping[str, Tree], handles: int, every: int
    ) -> int:
        """What an agent learns by being admitted or denied. `handles`: of all hidden results, `every`: all tags."""
        mask = 0
        for rule in self.rules:
            if isinstance(rule.body, core.Flow | core.Decision):
                mask |= self._sorted_out(may, arguments, handles)
            elif isinstance(rule.body, core.FromOnly):
                if may.tool == rule.body.target.tool:
                    mask |= self._before(node) | handles | (every if rule.per_session else 0)
            elif self._may_judge(rule.body, may):
                asked = _asked(rule.body)
                mask |= union(t for n, t in arguments.items() if asked is None or n in asked)
                mask |= self._history(rule, node, handles, every)
        return mask

    def anything(self) -> int:
        """All that may decide whether a call of the workflow's own is denied."""
        return self._of(self.acts.values()) if self.rules else 0

    def _sorted_out(self, may: core.May, arguments: Mapping[str, Tree], handles: int) -> int:
        """What a denial by labels tells beyond the labels: of arguments that decide an emission, of results that decide a label."""
        tool = self.program.tools.get(may.tool or "") if may.act == "tool" else None
        emissions = () if tool is None else tool.emits
        parts = [p for e in emissions if e.condition is not None for p in subexpressions(e.condition)]
        asked = {p.name for p in parts if isinstance(p, core.Variable)}
        mask = union(tree for name, tree in arguments.items() if name in asked)
        return mask | (handles if self._told_by_results else 0)

    @cached_property
    def _told_by_results(self) -> bool:
        """Whether the label of some result depends on the result."""
        clauses = (clause for tool in self.program.tools.values() for clause in tool.returns)
        parts = (p for c in clauses if c.condition is not None for p in subexpressions(c.condition))
        return any(isinstance(p, core.Variable) and p.kind == "result" for p in parts)

    def _may_judge(self, body: core.RuleBody, may: core.May) -> bool:
        match body:
            case core.Allow():
                return may.act == "tool"
            case core.Flow() | core.FromOnly() | core.Decision() | core.Meta():
                return False
            case core.Always() | core.After():
                return True
            case _:
                return any(_may_be(self.program, choice, may) for p in _judged(body) for choice in p.choices)

    def _history(self, rule: core.Rule, node: core.NodeId, handles: int, every: int) -> int:
        body = rule.body
        session = rule.per_session or (
            isinstance(body, core.Limit) and {s.kind for s in body.scopes} != {"run"}
        )
        if session:
            return every | self._before(node)
        if isinstance(body, core.Always | core.After) or any(_looks_back(e) for e in _conditions(body)):
            return self._before(node) | handles
        choices = [choice for pattern in _past(body) for choice in pattern.choices]
        tested = any(c.tests or c.result is not None for c in choices)
        found = (a for a in self._preceding(node) if any(_may_have_been(c, a) for c in choices))
        return self._of(found) | (handles if tested else 0)

    def _before(self, node: core.NodeId) -> int:
        return self._of(self._preceding(node))

    def _of(self, acts: Iterable[Act]) -> int:
        mask = 0
        for act in acts:
            mask |= act.decision | act.shown | act.result.every
        return mask

    def _preceding(self, node: core.NodeId) -> Iterator[Act]:
        """Acts of other statements that may come before the statement."""
        before = self._order.get(node)
        return (a for a in self.acts.values() if a.node != node and (before is None or a.node in before))

    @cached_property
    def _order(self) -> Mapping[core.NodeId, frozenset[core.NodeId]]:
        """By agent: the statements that may run before it, or at the same time."""
        agents = [s for s in statements(self.workflow.body) if isinstance(s, core.Agent)]
        order = [s.id for s in statements(self.workflow.body)]
        again = (core.For, core.While, core.Retry, core.Parallel)
        shared = [s for s in statements(self.workflow.body) if isinstance(s, again)]
        found = {}
        for agent in agents:
            before = set(order[: order.index(agent.id)])
            for region in shared:
                inside = {s.id for block in blocks(region) for s in statements(block)}
                before |= inside if agent.id in inside else set()
            found[agent.id] = frozenset(before)
        return found

    # ------------------------------------------------------------ what is surely denied

    @cached_property
    def _plain(self) -> tuple[core.Forbid, ...]:
        """Rules whose denials rest on nothing but which acts were made."""
        if not self.denies:
            return ()
        bodies = (rule.body for rule in self.rules)
        return tuple(
            body
            for body in bodies
            if isinstance(body, core.Forbid)
            and (body.condition, body.until, body.duration) == (None, None, None)
            and (body.after is None or all(map(_untested, body.after.choices)))
        )

    def denied(self, actor: str, may: core.May, armed: frozenset[int]) -> bool:
        """Whether the act is denied for sure, once these rules are armed."""
        return any(
            (body.after is None or index in armed)
            and any(_surely(self.program, choice, actor, may) for choice in body.event.choices)
            for index, body in enumerate(self._plain)
        )

    def arms(self, actor: str, may: core.May, *, failed: bool) -> frozenset[int]:
        """The rules that the act arms for sure, once it returned (or failed)."""
        return frozenset(
            index
            for index, body in enumerate(self._plain)
            if body.after is not None
            and any(_arms(self.program, choice, actor, may, failed) for choice in body.after.choices)
        )


def _untested(choice: core.EventChoice) -> bool:
    return not choice.tests and choice.result is None


def _by(choice: core.EventChoice, actor: str) -> bool:
    return choice.by in (None, actor)


def _surely(program: core.Program, choice: core.EventChoice, actor: str, may: core.May) -> bool:
    """Every such act is the event, whatever its arguments."""
    if not _untested(choice) or not _by(choice, actor):
        return False
    tool = program.tools.get(may.tool or "") if may.act == "tool" else None
    if choice.kind == "emit" and tool is not None:
        return any(e.condition is None and e.channel in choice.subjects for e in tool.emits)
    if choice.kind == "write" and tool is not None:
        return bool(tool.writes & choice.subjects)
    if choice.kind == "message":
        return may.act == "send" and not choice.to and not choice.subjects
    known = not choice.subjects or may.tool in choice.subjects
    return _KINDS.get(choice.kind) == may.act and known


def _arms(program: core.Program, choice: core.EventChoice, actor: str, may: core.May, failed: bool) -> bool:
    if failed:
        named = may.act == "tool" and (not choice.subjects or may.tool in choice.subjects)
        return choice.kind == "fail" and named and _untested(choice) and _by(choice, actor)
    return _surely(program, choice, actor, may)


def _may_be(program: core.Program, choice: core.EventChoice, may: core.May) -> bool:
    tool = program.tools.get(may.tool or "") if may.act == "tool" else None
    if choice.kind == "emit":
        return tool is not None and any(
            not choice.subjects or e.channel in choice.subjects for e in tool.emits
        )
    if choice.kind == "write":
        return may.act == "remember" or (
            tool is not None and bool(tool.writes if not choice.subjects else tool.writes & choice.subjects)
        )
    if choice.kind == "message":
        return may.act == "send"
    known = not choice.subjects or may.tool is None or may.tool in choice.subjects
    return _KINDS.get(choice.kind, may.act) == may.act and known


def _may_have_been(choice: core.EventChoice, act: Act) -> bool:
    kinds = _ACTS.get(choice.kind)
    if kinds is None:
        return True
    named = choice.kind != "call" or not choice.subjects or act.subject in choice.subjects
    return act.kind in kinds and named


def _judged(body: core.RuleBody) -> Iterator[core.EventPattern]:
    match body:
        case core.Forbid(event=event) | core.Limit(event=event) | core.Before(judged=event):
            yield event
        case core.Distinct(events=events):
            yield from events
        case _:
            return


def _past(body: core.RuleBody) -> Iterator[core.EventPattern]:
    """The earlier events that the rule looks at."""
    match body:
        case core.Forbid(after=after, until=until):
            yield from (p for p in (after, until) if p is not None)
        case core.Before(evidence=evidence, since=since, judged=judged):
            yield from (p for p in (evidence, since, judged) if p is not None)
        case core.Limit(event=event):
            yield event
        case core.Distinct(events=events):
            yield from events
        case _:
            return


def _conditions(body: core.RuleBody) -> list[core.Expr]:
    match body:
        case core.Allow(grants=grants):
            return [g.condition for g in grants if g.condition is not None]
        case core.Forbid(condition=condition):
            return [] if condition is None else [condition]
        case core.Before(condition=condition, source=source):
            return [e for e in (condition, source) if e is not None]
        case core.Limit(condition=condition, value=value, scopes=scopes):
            return [e for e in (condition, value, *(s.key for s in scopes)) if e is not None]
        case _:
            return []


def _looks_back(expression: core.Expr) -> bool:
    """Whether more than the arguments of the judged call is asked about."""
    kinds = ("argument", "bound", "now")
    return any(
        (isinstance(e, core.Variable) and e.kind not in kinds)
        or isinstance(e, core.Known | core.LastEvent | core.EarlierEvent)
        for e in subexpressions(expression)
    )


def _asked(body: core.RuleBody) -> frozenset[str] | None:
    """The arguments that the rule asks about; None: perhaps all."""
    if isinstance(body, core.Always | core.After):
        return None
    grants = [g.event for g in body.grants] if isinstance(body, core.Allow) else []
    patterns = [*_judged(body), *_past(body), *grants]
    tests = [(name, test) for p in patterns for choice in p.choices for name, test in choice.tests]
    if any(isinstance(test, core.Same | core.SameCall) for _, test in tests):
        return None
    parts = [e for condition in _conditions(body) for e in subexpressions(condition)]
    named = {e.name for e in parts if isinstance(e, core.Variable) and e.kind == "argument"}
    return frozenset(named | {name for name, _ in tests})
