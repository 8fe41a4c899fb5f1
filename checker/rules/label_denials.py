"""What a guard would have to deny so that a rule about labels holds: acts of agents, by the label of what they have seen."""

from __future__ import annotations

from collections.abc import Mapping

from wfcheck.checker.labels.agent import handle
from wfcheck.checker.labels.guarding import Guard
from wfcheck.checker.labels.tree import leaf, union
from wfcheck.checker.labels.worst import LLM_CONTEXT, SOURCE_LABELS, TOOL_EFFECTS, senders, writers
from wfcheck.checker.obligation import Case
from wfcheck.checker.rules import decision, ends, flow, from_only
from wfcheck.checker.rules.denials import MEDIATED, Denials, handed_back, handled
from wfcheck.dsl import core, types
from wfcheck.dsl.types import Type
from wfcheck.dsl.walk import statements, subexpressions


def of_flow(case: Case, body: core.Flow) -> Denials | None:
    """The explicit part is denied by the label of what the agent has seen; the implicit part is proved: what decides that the
    agent acts at all is no source, and no sink of the workflow's own is reached."""
    try:
        suspects, wanted = flow.undecided(case, body)
    except ends.UnsupportedEndError:
        return None
    agents = [s for s in suspects if s.act.choice and s.act.kind in MEDIATED]
    names = flow.cleared(case, body, [s for s in suspects if s not in agents], wanted) if agents else None
    if names is None or not all(_labels_show(case, body, sink, wanted) for sink in agents):
        return None
    return Denials(tuple(s.act for s in agents), (*labels_rest_on(case), *names))


def _labels_show(case: Case, body: core.Flow, sink: ends.Sink, wanted: int) -> bool:
    """Whether what the agent did so far shows the label of the act, and nothing else steers the agent."""
    region = next(s for s in statements(case.workflow.body) if s.id == sink.act.node)
    known = case.labels.act(sink.act.node)
    if not isinstance(region, core.Agent) or known is None or (sink.when is not None and region.hides):
        return False
    if _denials_tell(case, region) & wanted:
        return False
    visible = [case.program.tools[m.tool] for m in region.may if m.act == "tool" and m.tool is not None]
    tags = frozenset(case.analysis.labelling.table.symbols(wanted))
    return (body.explicit or not known.decision & wanted) and not any(
        clause.tags & tags and clause.condition is not None and _of_the_result(clause.condition)
        for tool in visible
        for clause in tool.returns
    )


def _denials_tell(case: Case, region: core.Agent) -> int:
    """What an agent learns from denials beyond what it has seen: no label of its context shows that."""
    labelling, heads = case.analysis.labelling, case.labels.heads[region.id].variables
    guard = Guard(case.program, case.workflow, denies=False, acts=case.labels.acts)
    hidden = {tool: heads[handle(tool)].every for tool in region.hides}
    told = 0
    for may in region.may:
        held = {name: leaf(_held(case, hidden, type_)) for name, type_ in _parameters(case, may)}
        told |= guard.tells(
            region.id, may, held, union(map(leaf, hidden.values())), labelling.table.every_tag
        )
    return told


def _parameters(case: Case, may: core.May) -> list[tuple[str, Type]]:
    if may.act != "tool" or may.tool is None:
        return [("text", types.ANY)]
    return [(p.name, p.type) for p in case.program.tools[may.tool].parameters]


def _held(case: Case, hidden: Mapping[str, int], type_: Type) -> int:
    """What hidden results carry for which a handle can stand there."""
    tools, fits = case.program.tools, case.analysis.labelling.domain.fits
    return union(leaf(mask) for tool, mask in hidden.items() if fits(tools[tool].result, type_))


def _of_the_result(condition: core.Expr) -> bool:
    return any(isinstance(e, core.Variable) and e.kind == "result" for e in subexpressions(condition))


def labels_rest_on(case: Case) -> tuple[str, ...]:
    """What the label of what an agent has seen rests on."""
    stores = {act.subject for act in case.acts("recall") if act.subject is not None}
    stores |= {store for act in case.acts("call") for store in case.program.tools[act.subject or ""].reads}
    inboxes = {act.actor for act in case.acts("receive")}
    return (
        TOOL_EFFECTS,
        LLM_CONTEXT,
        SOURCE_LABELS,
        *sorted(map(writers, stores)),
        *sorted(map(senders, inboxes)),
    )


def of_values(case: Case, body: core.FromOnly) -> Denials | None:
    """What an agent made up shows in the values; what the workflow passes on by itself is allowed."""
    acts = [act for act, _ in from_only.foreign(case, body)]
    named = frozenset({body.target.argument}) if isinstance(body.target, core.ArgumentEnd) else frozenset()
    own = [act for act in acts if not act.choice]
    if not acts or not all(handed_back(case, act, named) and handled(case, act) for act in own):
        return None
    return Denials(tuple(acts))


def of_decisions(case: Case, body: core.Decision) -> Denials | None:
    """An agent is steered by what it has seen, which the run shows; nothing else steers whether it acts."""
    steered = decision.steered(case, body)
    agents = [(act, mask) for act, mask in steered if act.choice]
    if not agents or len(agents) != len(steered):
        return None
    known = [(case.labels.act(act.node), mask) for act, mask in agents]
    if any(region is None or region.decision & mask for region, mask in known):
        return None
    return Denials(tuple(act for act, _ in agents), labels_rest_on(case))
