"""Rules about where values came from, by the labels that the interpreter put on the events.

A residue `via d` stands for the tags that d removed, and `via approve` for the secrecy of what was shown: written rules still see
them unless they name d. Ends that are no tags need a run in which they were marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from wfcheck.checker.reference import marks, provenance, sides
from wfcheck.checker.reference.calls import condition_arguments
from wfcheck.checker.reference.evaluate import Truth, judged
from wfcheck.checker.reference.log import Log
from wfcheck.checker.reference.matching import Matcher
from wfcheck.checker.reference.syntactic import statements
from wfcheck.checker.reference.tokens import at
from wfcheck.checker.reference.truths import any_of, both
from wfcheck.checker.reference.values import NOTHING, Label, Unknown, joined
from wfcheck.checker.reference.verdict import Verdict3, collect, undecided
from wfcheck.dsl import core

# Events other than calls that take something in, of which the log keeps the label as their own.
TAKES_IN = frozenset({"say", "ask", "message", "approve", "deny", "remember"})

Arrival = tuple[int, Label, Label, Truth]
"""At an event: the label of what arrives at a sink, the label of the whole act (arguments and decision), and whether it does."""


def ends(program: core.Program, rule: core.Rule) -> tuple[core.FlowEnd, ...]:
    """The flow ends that a run must mark for the rule; for `from only` also everything that is no literal of the workflow."""
    match rule.body:
        case core.Flow(sources=sources):
            found: tuple[core.FlowEnd, ...] = sources
        case core.FromOnly(sources=allowed):
            found = (*(source.end for source in allowed), *provenance.origins(program))
        case core.Decision(sources=allowed):
            found = tuple(source.end for source in allowed)
        case _:
            found = ()
    return tuple(dict.fromkeys(end for end in found if marks.mark(end) is not None))


def is_explicit(body: core.RuleBody) -> bool:
    """Whether the rule is about the data flow alone, so that a run for it must have explicit labels."""
    return isinstance(body, core.FromOnly) or (isinstance(body, core.Flow) and body.explicit)


def verdict(
    matcher: Matcher,
    body: core.Flow | core.FromOnly | core.Decision,
    marked: bool,
    explicit: bool | None,
) -> Verdict3:
    """The verdict of a rule about labels. Events without labels decide nothing: values would have to be searched for."""
    if any(e.argument_labels is None for e in matcher.log.events):
        return undecided("the events carry no labels")
    if explicit not in (None, is_explicit(body)):
        return undecided(
            "the labels follow control as well" if is_explicit(body) else "the labels follow data only"
        )
    match body:
        case core.Flow():
            if not marked and any(marks.mark(end) is not None for end in body.sources):
                return undecided("a source of the rule is no tag, and the run was not marked for it")
            return collect(_flow(matcher, body))
        case core.Decision():
            return collect(_decision(matcher, body))
        case core.FromOnly():
            return collect(provenance.from_only(matcher, body, marked))
        case _:
            assert_never(body)


# ---------------------------------------------------------------- flow


def _flow(matcher: Matcher, body: core.Flow) -> Iterator[tuple[int, Truth]]:
    """forbid flow SRC -> DST [when influence meets S] [except via D]: broken where something with a source's tag arrives at a
    sink and, if asked, the influence on the act meets S."""
    log = matcher.log
    for sink in body.sinks:
        for index, label, act, arrives in _arrivals(matcher, sink, body.explicit):
            carried = any_of(
                _comes_from(log, source, label, body.except_via, index) for source in body.sources
            )
            steered: Truth = True
            if body.influence is not None:
                steered = _meets(log, act, body.influence, body.except_via, index)
            yield index, both(arrives, carried, steered)


def _comes_from(
    log: Log, source: core.FlowEnd, label: Label, except_via: frozenset[str], index: int
) -> Truth:
    match source:
        case core.TagEnd(tags=tags):
            return _meets(log, label, tags, except_via, index)
        case core.PrincipalEnd(principal=principal):
            return _meets(log, label, frozenset({principal}), except_via, index)
        case core.ChannelEnd() | core.LiteralEnd():
            return Unknown("a channel is no source")
        case core.CallEnd(event=event) if any(c.kind != "call" for c in event.choices):
            return Unknown("what other events than calls bring is not marked")
        case _:
            return _marked(label, source, except_via)


def _marked(label: Label, source: core.FlowEnd, except_via: frozenset[str]) -> Truth:
    wanted = marks.mark(source)
    named = {f"via {name}" for name in except_via}
    found = [tag for tag in label if tag.startswith(sides.MARK) and marks.origin(tag)[0] == wanted]
    open_ = [tag for tag in found if not marks.origin(tag)[1] & named]
    if open_ and all(map(marks.is_doubtful, open_)):
        return Unknown("whether the source met the rule is not known")
    return bool(open_)


def _meets(log: Log, label: Label, tags: frozenset[str], except_via: frozenset[str], index: int) -> bool:
    """Whether a label holds one of the tags, itself or behind a residue that the rule does not name."""
    return any(tag in tags or _stands_for(log, tag, index, except_via) & tags for tag in label)


def _stands_for(log: Log, tag: str, index: int, except_via: frozenset[str]) -> frozenset[str]:
    """The tags that a residue stands for: what its release removes; of an approval, the secrecy of what was shown so far."""
    if not tag.startswith("via ") or tag.removeprefix("via ") in except_via:
        return NOTHING
    if tag == sides.APPROVAL:
        shown = (e.labels or () for e in log.events[: index + 1] if e.kind in ("approve", "deny"))
        return _secret(log, frozenset(name for labels in shown for name in labels), index, except_via)
    release = log.program.releases.get(tag.removeprefix("via "))
    return NOTHING if release is None else release.removes


def _secret(log: Log, label: Label, index: int, except_via: frozenset[str]) -> frozenset[str]:
    residues = (t for t in label if t.startswith("via ") and t != sides.APPROVAL)
    behind = NOTHING.union(*(_stands_for(log, tag, index, except_via) for tag in residues))
    return sides.secrecy(log.program, label | behind)


# ---------------------------------------------------------------- sinks


def _arrivals(matcher: Matcher, sink: core.FlowEnd, explicit: bool) -> Iterator[Arrival]:
    """What arrives at a sink, event by event. What decides an act arrives too, unless the rule is `explicit`."""
    for index, event in enumerate(matcher.log.events):
        labels = {name: frozenset(tags) for name, tags in (event.argument_labels or {}).items()}
        decision = NOTHING if explicit else labels.get("", NOTHING)
        act = NOTHING.union(*labels.values())
        for label, arrives in _arriving(matcher, sink, index, labels, decision, explicit):
            if arrives is not False:
                yield index, label, act | label, arrives


def _arriving(
    matcher: Matcher,
    sink: core.FlowEnd,
    index: int,
    labels: dict[str, Label],
    decision: Label,
    explicit: bool,
) -> Iterator[tuple[Label, Truth]]:
    event, log = matcher.log.events[index], matcher.log
    everything = decision.union(*(label for name, label in labels.items() if name))
    shown = frozenset(event.labels or ()) | decision
    match sink:
        case core.ArgumentEnd(tool=tool, argument=argument, path=path):
            if event.kind == "call" and log.tool_name(index) == tool:
                yield _part(log, index, argument, path, labels)
        case core.CallEnd(event=pattern):
            taken = everything | shown if event.kind in TAKES_IN else everything
            yield taken, matcher.holds(pattern, index, evidence=False)
        case core.ChannelEnd(channels=channels):
            yield from _emitted(matcher, channels, index, labels, decision, explicit)
        case core.StoreEnd(store=store):
            if event.kind == "remember" and event.store == store:
                yield shown, True
            tool_ = log.tool(index)
            if event.kind == "call" and tool_ is not None and store in tool_.writes:
                yield everything, True
        case core.PrincipalEnd(principal=principal):
            if _shown_to(log, index) == principal:
                yield shown, True
        case core.AgentEnd(step=step):
            yield from _seen_by(log, step, index, labels, shown)
        case core.TagEnd() | core.ResultEnd() | core.ParameterEnd() | core.LiteralEnd():
            yield NOTHING, Unknown("the rule's target is no sink")
        case _:
            assert_never(sink)


def _part(
    log: Log, index: int, argument: str, path: core.FieldPath, labels: dict[str, Label]
) -> tuple[Label, Truth]:
    """The label of an argument or of a part of it, which only a fresh run shows."""
    tree = log.tree(index, argument)
    if not path:
        return labels.get(argument, NOTHING), True
    if tree is None:
        return labels.get(argument, NOTHING), Unknown("the label of a part of the argument is not recorded")
    return joined(*at(tree, path)), True


def _emitted(
    matcher: Matcher,
    channels: frozenset[str],
    index: int,
    labels: dict[str, Label],
    decision: Label,
    explicit: bool,
) -> Iterator[tuple[Label, Truth]]:
    """The arguments that an emission to one of the channels takes, and (as a decision) those that its `when` asks about, when
    it holds."""
    tool = matcher.log.tool(index)
    if matcher.log.events[index].kind != "call" or tool is None:
        return
    env = matcher.environment(index, {})
    for emission in tool.emits:
        if emission.channel in channels:
            asked = frozenset() if explicit else condition_arguments(emission)
            taken = labels.keys() if emission.arguments is None else emission.arguments
            named = (n for n in labels if n and (n in taken or n in asked))
            yield decision.union(*(labels[name] for name in named)), judged(emission.condition, env)


def _shown_to(log: Log, index: int) -> str | None:
    """Who is told or shown something by the event."""
    event = log.events[index]
    match event.kind:
        case "say":
            return event.to or sides.USER
        case "ask" | "message":
            return event.to or (sides.USER if event.kind == "ask" else None)
        case "approve" | "deny":
            return event.actor
        case _:
            return None


def _seen_by(
    log: Log, step: str, index: int, labels: dict[str, Label], shown: Label
) -> Iterator[tuple[Label, Truth]]:
    """What a model or agent step is shown: its context, and to an agent the results of visible tools and answers."""
    event = log.events[index]
    if event.step == step and event.kind in ("llm", "step"):
        yield labels.get("context", NOTHING) | labels.get("", NOTHING), True
    if event.agent == step and event.kind in ("result", "fail", "input"):
        hidden = any(event.tool in region.hides for region in _regions(log.program, step))
        if event.tool is None or not hidden:
            yield shown, True


def _regions(program: core.Program, step: str) -> Iterator[core.Agent]:
    for workflow in program.workflows.values():
        for statement in statements(workflow.body):
            if isinstance(statement, core.Agent) and statement.step == step:
                yield statement


# ---------------------------------------------------------------- decisions


def _decision(matcher: Matcher, body: core.Decision) -> Iterator[tuple[int, Truth]]:
    """require decision of CALL from only SET: nothing else may have steered whether it happens."""
    for index, event in enumerate(matcher.log.events):
        called = matcher.holds(body.event, index, evidence=False)
        if called is not False:
            label = frozenset((event.argument_labels or {}).get("", ()))
            yield index, both(called, _beyond(matcher, body.sources, label, index))


def _beyond(matcher: Matcher, sources: tuple[core.AllowedSource, ...], label: Label, index: int) -> Truth:
    """Whether some influence in the label is not allowed."""
    log = matcher.log
    tags = NOTHING.union(*(provenance.plain_tags(source) for source in sources if source.when is None))
    via = NOTHING.union(*(source.via for source in sources))
    steering = {t for t in label if "influence" in sides.sides(log.program, t)}
    plain = {t for t in steering if not t.startswith("via ")}
    behind = NOTHING.union(*(_stands_for(log, t, index, via) for t in steering - plain if t not in tags))
    left = (plain | sides.influence(log.program, behind)) - tags
    if not left:
        return False
    loose = [
        s for s in sources if s.when is not None or s.designated is not None or not provenance.plain_tags(s)
    ]
    return Unknown("a source that is no plain tag may account for it") if loose else True
