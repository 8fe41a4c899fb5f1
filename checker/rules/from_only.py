"""`require ARG from only SET`: proved only where the very value is copied from allowed places or stands in the workflow's text."""

from __future__ import annotations

import attrs

from wfcheck.checker.explanation import trail
from wfcheck.checker.labels.origins import OriginDomain, Place, described, named
from wfcheck.checker.labels.state import Act
from wfcheck.checker.labels.table import MODEL
from wfcheck.checker.labels.worst import SOURCE_LABELS, TOOL_EFFECTS
from wfcheck.checker.obligation import (
    Case,
    Finding,
    possible,
    proved,
    vacuous,
)
from wfcheck.checker.proof import Inspected, Refuted
from wfcheck.checker.result import PathStep
from wfcheck.checker.rules import gates
from wfcheck.checker.search import guided
from wfcheck.dsl import core


def check(case: Case, body: core.FromOnly) -> Finding:
    """Every place of which the argument may be a copy is allowed."""
    if not isinstance(body.target, core.ArgumentEnd):
        return possible("a result as the target of `from only` is not proved yet")
    found = _calls(case, body.target)
    if not found:
        return vacuous(f"the workflow never passes `{body.target.argument}` to `{body.target.tool}`")
    left = foreign(case, body)
    if left and (opened := _opened(case, body, left)) is not None:
        return opened
    for act, places in left:
        return _foreign(case, act, places[0], body.target, body)
    target = body.target
    return proved(proof=Inspected("labels", lambda other: _all_allowed(other, body, target)))


def _opened(case: Case, body: core.FromOnly, left: gates.Foreign) -> Finding | None:
    """Proved if a gate is open wherever nothing else allows the value."""
    if not any(source.when is not None for source in body.sources):
        return None

    def question(other: Case) -> Refuted:
        return gates.question(other, body, foreign(other, body), _admitting(other))

    names = gates.closed(case, body, left, _admitting(case))
    if names is None:
        return None
    proof = attrs.evolve(question(case), again=question)
    return proved(TOOL_EFFECTS, SOURCE_LABELS, *names, proof=proof)


def _admitting(case: Case) -> gates.Admits:
    """Whether a source would allow a place, were it not for its gate."""

    def admits(place: Place, source: core.AllowedSource) -> bool:
        return place[0] != "release" and (_admits(place, source) or _carries(case, place, _tags([source])))

    return admits


def _all_allowed(case: Case, body: core.FromOnly, target: core.ArgumentEnd) -> bool:
    places = (p for act in _calls(case, target) for p in _places(case, act, target))
    return all(allowed(case, place, body) for place in places)


def foreign(case: Case, body: core.FromOnly) -> list[tuple[Act, tuple[Place, ...]]]:
    """The calls whose argument may come from elsewhere, and from where."""
    if not isinstance(target := body.target, core.ArgumentEnd):
        return []
    found = [
        (act, tuple(p for p in _places(case, act, target) if not allowed(case, p, body)))
        for act in _calls(case, target)
    ]
    return [(act, places) for act, places in found if places]


def _calls(case: Case, target: core.ArgumentEnd) -> list[Act]:
    labels = case.analysis.origins.workflows[case.workflow.symbol]
    return [
        act
        for act in labels.acts.values()
        if act.kind == "call" and act.subject == target.tool and target.argument in act.arguments
    ]


def _places(case: Case, act: Act, target: core.ArgumentEnd) -> tuple[Place, ...]:
    domain = case.analysis.origins.domain
    assert isinstance(domain, OriginDomain)
    return domain.places(act.arguments[target.argument].at(target.path).every)


def _foreign(case: Case, act: Act, place: Place, target: core.ArgumentEnd, body: core.FromOnly) -> Finding:
    where = f"`{target.tool}.{target.argument}` may be {described(place)}, which is not an allowed source"
    known = case.labels.acts[act.node, act.choice]
    starts = guided.inventions(case, [act], target.argument, _foreign_bit(case, known, target, body))
    return attrs.evolve(possible(where, path=_way(case, act, place, target, body)), starts=starts)


def _way(
    case: Case, act: Act, place: Place, target: core.ArgumentEnd, body: core.FromOnly
) -> tuple[PathStep, ...]:
    """From where the value comes; of one that was made or computed, from what else than an allowed source went into it."""
    text = f"reaches `{target.tool}.{target.argument}`"
    symbol, explicit, origins = case.workflow.symbol, case.analysis.explicit, case.analysis.origins
    known = explicit.workflows[symbol].acts[act.node, act.choice]
    if place[0] in ("made", "computed") and (bit := _foreign_bit(case, known, target, body)):
        return trail(explicit, case.workflow, explicit.workflows[symbol]).steps(known, text, bit)
    domain = origins.domain
    assert isinstance(domain, OriginDomain)
    steps = trail(origins, case.workflow, origins.workflows[symbol]).steps(act, text, domain.bit(*place))
    return steps if len(steps) > 1 else (PathStep("source", described(place), act.span), *steps)


def _foreign_bit(case: Case, act: Act, target: core.ArgumentEnd, body: core.FromOnly) -> int:
    """A tag of what went into the argument that the rule does not allow; `model` only if there is no other."""
    table = case.analysis.explicit.table
    plain = [s.end for s in body.sources]
    tags = frozenset().union(*(end.tags for end in plain if isinstance(end, core.TagEnd)))
    label = act.arguments[target.argument].at(target.path).every & table.every_tag & ~table.mask(tags)
    model = table.mask((MODEL,))
    others = label & ~model
    influence = others & table.influence
    return next((bit & -bit for bit in (influence, others, label & model) if bit), 0)


def allowed(case: Case, place: Place, body: core.FromOnly) -> bool:
    """Whether some source admits every value of the place, gates included."""
    if place[0] == "release":
        return _released(case, place[1], body)
    open_ = [source for source in body.sources if _gate_holds(case, source)]
    return _carries(case, place, _tags(open_)) or any(_admits(place, source) for source in open_)


def _tags(sources: list[core.AllowedSource]) -> frozenset[str]:
    """All tags that are allowed; a principal stands for its influence."""
    tags: set[str] = set()
    for source in sources:
        match source.end:
            case core.TagEnd(tags=named):
                tags |= named
            case core.PrincipalEnd(principal=principal):
                tags.add(principal)
            case core.CallEnd(event=event):
                plain = (c for c in event.choices if c.kind == "input" and not c.tests and c.by is None)
                tags |= {subject for choice in plain for subject in choice.subjects}
            case _:
                pass
    return frozenset(tags)


def _released(case: Case, release: str, body: core.FromOnly) -> bool:
    """A release that the rule names lets a value through; what it does not remove must be allowed all the same."""
    if not any(release in source.via for source in body.sources):
        return False
    table = case.analysis.labelling.table
    tags = _tags([s for s in body.sources if s.when is None and s.designated is None])
    return all(
        not act.result.every & table.influence & table.every_tag & ~table.mask(tags)
        for labels in case.analysis.explicit.workflows.values()
        for act in labels.acts.values()
        if act.kind == "release" and act.subject == release
    )


def _gate_holds(case: Case, source: core.AllowedSource) -> bool:
    """A gated source counts only if its gate provably holds whenever the value was brought."""
    if source.when is not None:
        return False
    if source.designated is None:
        return True
    inner = source.designated
    target = inner.target
    return isinstance(target, core.ArgumentEnd) and all(
        allowed(case, place, inner) for act in _calls(case, target) for place in _places(case, act, target)
    )


def _admits(place: Place, source: core.AllowedSource) -> bool:
    """Whether the source is the place itself, or one that it lies in."""
    kind, name, path = place
    match source.end:
        case core.ResultEnd(tool=tool, path=prefix):
            return kind == "result" and name == tool and path[: len(prefix)] == prefix
        case core.ParameterEnd(workflow=workflow, parameter=parameter, path=prefix):
            owner, _, local = name.rpartition(".")
            named = kind == "parameter" and local == parameter and workflow in (None, owner)
            return named and path[: len(prefix)] == prefix
        case core.CallEnd(event=event):
            return any(_brings(place, choice) for choice in event.choices)
        case core.StoreEnd(store=store):
            return kind == "store" and name == store
        case core.LiteralEnd(table=table):
            return kind == "table" and name == table
        case _:
            return False


def _carries(case: Case, place: Place, tags: frozenset[str]) -> bool:
    """Whether every value from the place is declared to carry one of the tags, and no influence beyond them."""
    if SOURCE_LABELS in case.analysis.dropped:
        return False
    kind, name, path = place
    match kind:
        case "parameter":
            owner, _, local = name.rpartition(".")
            workflow = case.program.workflows[owner]
            declared = next(p.sources for p in workflow.parameters if p.name == local)
            return declared is not None and _within(case, declared, declared, tags)
        case "result":
            tool = case.program.tools[name]
            here = [r for r in tool.returns if path[: len(r.path)] == r.path]
            sure = frozenset().union(*(r.tags for r in here if r.condition is None))
            every = frozenset().union(*(r.tags for r in (*here, *_unnamed(tool, path))))
            return tool.declared_returns and _within(case, sure, every, tags)
        case "answer":
            return name in tags
        case _:
            return False


def _unnamed(tool: core.Tool, path: core.FieldPath) -> list[core.ReturnTags]:
    """What is declared of parts that the type does not name: whoever copies the whole may copy them."""
    deeper = (r for r in tool.returns if len(r.path) > len(path) and r.path[: len(path)] == path)
    return [r for r in deeper if not named(tool.result, r.path[: len(path) + 1])]


def _within(case: Case, sure: frozenset[str], every: frozenset[str], tags: frozenset[str]) -> bool:
    table = case.analysis.labelling.table
    return bool(sure & tags) and not table.mask(every) & table.influence & ~table.mask(tags)


def _brings(place: Place, choice: core.EventChoice) -> bool:
    kind, name, _ = place
    plain = not choice.tests and choice.by is None and choice.result is None
    return plain and choice.kind == "call" and kind == "result" and name in choice.subjects
