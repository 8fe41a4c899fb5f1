"""The rules that nobody writes, as far as the labelling decides them: each is reported only where it has something to check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import attrs

from wfcheck.checker.explanation import trail
from wfcheck.checker.labels.agent import CONTEXT
from wfcheck.checker.labels.state import Act
from wfcheck.checker.labels.table import residue
from wfcheck.checker.obligation import Case, Finding, possible, proved
from wfcheck.checker.proof import Inspected
from wfcheck.checker.rules.contracts.races import apart
from wfcheck.checker.rules.ends import arriving
from wfcheck.checker.search import guided
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements


@attrs.frozen
class Duty:
    """At `act`, `label` must lie within `admitted`; `text` says what is wrong where it does not. `by`: who would have to trust it."""

    act: Act
    label: int
    admitted: int
    text: str
    by: str | None = None


def clearance(case: Case) -> Iterator[Duty]:
    """What reaches a channel with `clears`: secrecy of what is emitted and of the decision to emit."""
    table = case.analysis.labelling.table
    for act in case.acts("call"):
        tool = case.program.tools[act.subject or ""]
        for emission in tool.emits:
            clears = case.program.channels[emission.channel].clears
            if clears is not None:
                label = act.decision | _of(act, arriving(tool, emission))
                label |= act.read if emission.arguments is None else 0
                text = f"what `{act.subject}` sends to `{emission.channel}` is more than it clears"
                yield Duty(act, label & table.secrecy, table.mask(clears), text)


def _of(act: Act, names: frozenset[str]) -> int:
    mask = 0
    for name, tree in act.arguments.items():
        if name in names:
            mask |= tree.every
    return mask


def sight(case: Case) -> Iterator[Duty]:
    """What a principal is told, asked, sent, shown or has in its context, as far as it declares what it clears."""
    table = case.analysis.labelling.table
    for act in case.acts("say", "ask", "message", "approve"):
        for principal in case.program.principals.values():
            if principal.clears is not None and act.subject in (principal.symbol, None):
                text = f"`{principal.symbol}` sees more than it clears"
                label = (act.shown | act.decision) & table.secrecy
                yield Duty(act, label, table.mask(principal.clears), text)
    for act in case.acts("agent"):
        yield from _context(case, act)
    for act in case.acts("llm"):
        yield from _seen(case, act, act.actor, act.shown | act.decision)


def _context(case: Case, act: Act) -> Iterator[Duty]:
    agent = next(s for s in statements(case.workflow.body) if s.id == act.node)
    symbol = agent.principal if isinstance(agent, core.Agent) and agent.principal else act.actor
    yield from _seen(case, act, symbol, case.labels.heads[act.node].variables[CONTEXT].every)


def _seen(case: Case, act: Act, symbol: str, label: int) -> Iterator[Duty]:
    table = case.analysis.labelling.table
    principal = case.program.principals.get(symbol)
    if principal is not None and principal.clears is not None:
        text = f"the context of `{act.subject}` holds more than `{symbol}` clears"
        yield Duty(act, label & table.secrecy, table.mask(principal.clears), text)


def accepts(case: Case) -> Iterator[Duty]:
    """What an argument may carry, by `accepts` of a tool or `from {..}` of an inlined workflow."""
    table = case.analysis.labelling.table
    residues = table.mask(residue(d) for d in case.program.releases) | table.mask(("via approve",))
    for act in case.acts("call", "scope"):
        for name, tags in _accepted(case.program, act):
            if name in act.arguments:
                label = act.arguments[name].every & table.every_tag & ~residues
                text = f"`{act.subject}` does not accept this as `{name}`"
                yield Duty(act, label, table.mask(tags), text)


def _accepted(program: core.Program, act: Act) -> list[tuple[str, frozenset[str]]]:
    if act.kind == "call":
        return list(program.tools[act.subject or ""].accepts)
    parameters = program.workflows[act.subject or ""].parameters
    return [(p.name, p.sources) for p in parameters if p.sources is not None]


def robust(case: Case) -> Iterator[Duty]:
    """A release of secrecy by p is steered only by what p trusts: its value, its guard, the decision to release."""
    table = case.analysis.labelling.table
    for act, release, by in _decided(case):
        if table.mask(release.removes) & table.secrecy:
            label = (act.shown | act.decision) & table.influence & table.every_tag
            text = f"the release `{release.symbol}` may be steered by what `{by}` does not trust"
            yield Duty(act, label, table.mask(_trusted(case, by)), text, by)


def transparent(case: Case) -> Iterator[Duty]:
    """A release of influence by p shows p the value: it must be within what p clears."""
    table = case.analysis.labelling.table
    for act, release, by in _decided(case):
        principal = case.program.principals.get(by)
        clears = None if principal is None else principal.clears
        if clears is not None and table.mask(release.removes) & table.influence:
            label = act.shown & table.secrecy
            text = f"`{by}` decides the release `{release.symbol}` about something it does not clear"
            yield Duty(act, label, table.mask(clears), text)


def _decided(case: Case) -> Iterator[tuple[Act, core.Release, str]]:
    for act in case.acts("release"):
        release = case.program.releases[act.subject or ""]
        if release.by is not None:
            yield act, release, release.by


def _trusted(case: Case, principal: str) -> frozenset[str]:
    found = case.program.principals.get(principal)
    return frozenset({principal}) if found is None else found.trusts | {principal}


LABEL_RULES: Mapping[str, Callable[[Case], Iterator[Duty]]] = MappingProxyType(
    {
        "clearance": clearance,
        "sight": sight,
        "accepts": accepts,
        "robust": robust,
        "transparent": transparent,
    }
)


def check(case: Case, name: str) -> Finding | None:
    """The verdict of a rule of `LABEL_RULES`; None where it has nothing to check."""
    duties = list(LABEL_RULES[name](case))
    if not duties:
        return None
    for duty in duties:
        if foreign := duty.label & ~duty.admitted:
            return _broken(case, duty, foreign)
    return proved(proof=Inspected("labels", lambda other: _clear(other, name)))


def _clear(case: Case, name: str) -> bool:
    return not any(duty.label & ~duty.admitted for duty in LABEL_RULES[name](case))


def _broken(case: Case, duty: Duty, foreign: int) -> Finding:
    tag = ", ".join(f"`{s}`" for s in case.analysis.labelling.table.symbols(foreign)[:3])
    steps = trail(case.analysis.labelling, case.workflow, case.labels).steps(duty.act, duty.text, foreign)
    finding = possible(f"{duty.text}: {tag}", path=steps)
    starts = guided.scripts(case, [duty.act], foreign)
    return attrs.evolve(finding, span=duty.act.span, help=_help(case, duty, foreign), starts=starts)


def _help(case: Case, duty: Duty, foreign: int) -> str | None:
    """What mends a release that is steered."""
    found = case.analysis.labelling.table.symbols(foreign)
    if duty.by is None or not found:
        return None
    apart = f"keep {'it' if len(found) == 1 else 'them'} out of what decides"
    return f"let `{duty.by}` trust {_named(found)}, or {apart}"


def _named(symbols: Sequence[str]) -> str:
    return " and ".join(f"`{s}`" for s in symbols)


@attrs.frozen
class Touch:
    """A place where a store is read or written: events of the line, of one of the tools where tools do it."""

    line: int
    tools: frozenset[str]
    writes: bool

    def matches(self, event: Event) -> bool:
        """The event is such an access."""
        where = event.source
        if where is None or where.line != self.line or event.kind not in ("call", "remember", "recall"):
            return False
        return event.kind != "call" or event.tool in self.tools


def isolated(case: Case) -> Finding | None:
    """No store is written in one branch of a `parallel` and touched in another."""
    found = [s for s in statements(case.workflow.body) if isinstance(s, core.Parallel)]
    if not any(_touches(case.program, branch) for s in found for branch in s.branches):
        return None
    races = _all_races(case)
    if not races:
        return proved(proof=Inspected("shape", lambda other: not _all_races(other)))
    if (refuted := apart(case)) is not None:
        return refuted
    parallel, (store, one, other) = races[0]
    finding = possible(f"`{store}` is written in one branch and used in another")
    help_ = (
        f"move one of the two behind the `parallel`, or let them use stores of their own instead of `{store}`"
    )
    return attrs.evolve(finding, span=parallel.span, judge=_both_happen(one, other), help=help_)


def _all_races(case: Case) -> list[tuple[core.Parallel, tuple[str, Touch, Touch]]]:
    found = (s for s in statements(case.workflow.body) if isinstance(s, core.Parallel))
    return [(s, race) for s in found for race in _races(case.program, s)]


def _both_happen(one: Touch, other: Touch) -> Callable[[Sequence[Event]], int | None]:
    """Two events, one at each place."""

    def judge(events: Sequence[Event]) -> int | None:
        firsts = [e.seq for e in events if one.matches(e)]
        seconds = [e.seq for e in events if other.matches(e)]
        found = (max(i, j) for i in firsts[:2] for j in seconds[:2] if i != j)
        return min(found, default=None)

    return judge


def _races(program: core.Program, parallel: core.Parallel) -> Iterator[tuple[str, Touch, Touch]]:
    touched = [_touches(program, branch) for branch in parallel.branches]
    for index, mine in enumerate(touched):
        for theirs in (t for other, t in enumerate(touched) if other != index):
            for store, write in mine:
                if write.writes:
                    yield from ((store, write, touch) for also, touch in theirs if also == store)


def _touches(program: core.Program, block: core.Block) -> list[tuple[str, Touch]]:
    """The stores that a block touches."""
    found: list[tuple[str, Touch]] = []
    for statement in statements(block):
        line = statement.span.line
        for tool in _tools(program, statement):
            names = frozenset({tool.symbol})
            found += [(store, Touch(line, names, False)) for store in sorted(tool.reads)]
            found += [(store, Touch(line, names, True)) for store in sorted(tool.writes)]
        match statement:
            case core.Recall(store=store):
                found.append((store, Touch(line, frozenset(), False)))
            case core.Remember(store=store):
                found.append((store, Touch(line, frozenset(), True)))
            case core.Agent(may=may) if any(m.act in ("remember", "recall") for m in may):
                writes = any(m.act == "remember" for m in may)
                found += [(store, Touch(line, frozenset(), writes)) for store in program.stores]
            case _:
                pass
    return found


def _tools(program: core.Program, statement: core.Statement) -> list[core.Tool]:
    match statement:
        case core.Call(tool=tool):
            return [program.tools[tool]]
        case core.Agent(may=may):
            return [program.tools[m.tool] for m in may if m.act == "tool" and m.tool is not None]
        case _:
            return []
