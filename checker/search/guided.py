"""Runs worth trying first: agents that read what a rule is about, and then act on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, islice

import attrs

from wfcheck.checker.labels.state import Act
from wfcheck.checker.obligation import Case, Script
from wfcheck.checker.reference.minimal import conforms
from wfcheck.checker.reference.oracle import (
    AskUser,
    CallTool,
    Finish,
    Handle,
    RememberIn,
    Returned,
    SayText,
    SendTo,
)
from wfcheck.checker.search import fulfilling
from wfcheck.checker.search.candidates import INVENTED, pool
from wfcheck.checker.search.telling import KEPT, ORDER, PLAIN, Teller, Told
from wfcheck.dsl import core, types
from wfcheck.dsl.core import Value
from wfcheck.dsl.walk import statements, subexpressions

PLANS = 24
"""How many runs to one act are tried."""
MOST = 120
"""How many runs to all acts that a rule may be broken at are tried."""

_ELSE = 3
"""Length of the keys of a script that are not about an act of an agent."""

MEETING = 3
"""How many lots of arguments that meet a `when` are tried."""
CONSTANTS = 4
"""How many values are tried for an argument that a `when` asks about."""

Plan = tuple[core.Tool, ...]
Given = Mapping[str, Value]


@attrs.frozen(slots=False)
class Guide:
    """Plans for one workflow. `wanted`: the bits that have to come together, one of each mask. `passed`: an argument of the act, and
    what stands in it as well as in what was read."""

    case: Case
    teller: Teller
    wanted: tuple[int, ...]
    passed: tuple[str, Value] | None = None

    def scripts(self, act: Act) -> Iterator[Script]:
        """Runs in which agents read what is wanted, fewest calls first, and then come to the act."""
        return islice(self._all(act), PLANS)

    def _all(self, act: Act) -> Iterator[Script]:
        regions = [s for s in statements(self.case.workflow.body) if isinstance(s, core.Agent)]
        if not regions:
            yield self.around()
        own = [s for s in regions if s.id == act.node and act.choice]
        for region in own or regions:
            may = region.may[act.choice - 1] if own else None
            for admitted in self._admitted(may):
                for reads in self._plans(region):
                    yield self._script(region, reads, may, vivid=True, given=admitted)
                    yield self._script(region, reads, may, vivid=False, given=admitted)
                if len(regions) > 1:
                    yield self._together(region, [s for s in regions if s is not region], may, admitted)

    def _admitted(self, may: core.May | None) -> list[Given]:
        """Arguments of an act that its `when` may ask for: such as meet it, none of their own, then constants of the program, one
        at a time."""
        asked = () if may is None or may.condition is None else subexpressions(may.condition)
        names = {e.name for e in asked if isinstance(e, core.Variable) and e.kind == "argument"}
        tool = self.case.program.tools.get(may.tool or "") if may is not None else None
        found = [] if tool is None else [p for p in tool.parameters if p.name in names]
        pool = self.teller.pool
        alone = [{p.name: value} for p in found for value in pool.candidates(p.type, CONSTANTS)]
        meeting = [] if tool is None or may is None else fulfilling.arguments(tool, may.condition, MEETING)
        return [*meeting, {}, *alone]

    def _together(
        self, region: core.Agent, others: Sequence[core.Agent], may: core.May | None, given: Given
    ) -> Script:
        """Every agent reads one thing of each kind that it can read."""
        script: dict[tuple[object, ...], object] = {}
        for each in (*others, region):
            useful = self._useful(each)
            firsts = (next((t for t in useful if self._brings(t) & mask), None) for mask in self.wanted)
            reads = tuple({t.symbol: t for t in firsts if t is not None}.values())[: each.maximum - 1]
            script |= self._script(each, reads, may if each is region else None, vivid=True, given=given)
        return script

    def _useful(self, region: core.Agent) -> list[core.Tool]:
        named = dict.fromkeys(m.tool for m in region.may if m.act == "tool" and m.tool is not None)
        tools = [self.case.program.tools[t] for t in named]
        return [t for t in tools if any(self._brings(t) & mask for mask in self.wanted)]

    def _plans(self, region: core.Agent) -> Iterator[Plan]:
        """Least sets of reads that bring every wanted bit to the agent (to its context, or by a handle) that it does not have yet."""
        known = self.case.labels.act(region.id)
        start = 0 if known is None else known.shown | known.decision
        useful = self._useful(region)
        for size in range(min(len(self.wanted), region.maximum - 1) + 1):
            for reads in combinations(useful, size):
                fewer = (less for n in range(size) for less in combinations(reads, n))
                if self._enough(start, reads) and not any(self._enough(start, less) for less in fewer):
                    yield reads

    def _enough(self, start: int, reads: Iterable[core.Tool]) -> bool:
        carried = start
        for tool in reads:
            carried |= self._brings(tool)
        return all(carried & mask for mask in self.wanted)

    def _brings(self, tool: core.Tool) -> int:
        return self.case.analysis.labelling.domain.result(tool, {}, 0, 0).every

    def _script(
        self, region: core.Agent, reads: Plan, may: core.May | None, *, vivid: bool, given: Given
    ) -> Script:
        script: dict[tuple[object, ...], object] = {**self.around()} if vivid else {}
        handles: dict[int, Value] = {}
        for step, tool in enumerate(reads):
            script[0, region.id, 0, step] = self.teller.call(tool, PLAIN)
            hidden = tool.symbol in region.hides
            if vivid or hidden:
                script[0, region.id, 0, step, "result"] = told = self._returned(tool)
                if hidden:
                    handles[step] = told.value
        if may is not None:
            script[0, region.id, 0, len(reads)] = self._act(
                may, self._sent() if vivid else PLAIN, handles, given
            )
        elif vivid and region.target is not None:
            made = self.teller.value(region.type, self._made())
            script[0, region.id, 0, len(reads)] = Finish(made)
        return script

    def around(self) -> Script:
        """What is read and made outside of agents, and what the run starts with."""
        script: dict[tuple[object, ...], object] = {}
        for parameter in self.case.workflow.parameters:
            if types.base(parameter.type) == types.TEXT:
                script[0, "parameter", parameter.name] = self.teller.value(
                    parameter.type, Told(parameter.name)
                )
        for statement in statements(self.case.workflow.body):
            match statement:
                case core.Call(id=site, tool=tool):
                    script[0, site, 0] = self._returned(self.case.program.tools[tool])
                case core.Llm(id=site, type=type_):
                    script[0, site, 0] = self.teller.value(type_, self._made())
        return script

    def _returned(self, tool: core.Tool) -> Returned:
        return Returned(self.teller.value(tool.result, Told(self._says(tool))))

    def _made(self) -> Told:
        """What a model makes of it all."""
        if self.passed is None:
            return self._sent()
        return Told(str(self.passed[1]), fields=(self.passed,))

    def _says(self, tool: core.Tool) -> str | None:
        if self.passed is not None:
            return str(self.passed[1]) if self._brings(tool) & sum(self.wanted) else None
        carried = self._brings(tool)
        return "; ".join(dict.fromkeys(self._word(mask) for mask in self.wanted if carried & mask)) or None

    def _sent(self) -> Told:
        secret = self.passed is None and any(self._word(mask) == KEPT for mask in self.wanted)
        return Told(KEPT if secret else None, outside=self.passed is None)

    def _word(self, mask: int) -> str:
        """What is wanted is something to keep, or something to obey."""
        return KEPT if mask & self.case.analysis.labelling.table.secrecy else ORDER

    def _act(self, may: core.May, told: Told, handles: Mapping[int, Value], wished: Given) -> object:
        text = next(map(Handle, handles), told.text or "")
        match may.act:
            case "tool":
                return self._use(self.case.program.tools[may.tool or ""], told, handles, wished)
            case "send":
                return SendTo(text, may.tool or next(iter(self.case.program.principals), "user"))
            case "remember":
                return RememberIn(text, may.tool or next(iter(self.case.program.stores)))
            case "ask":
                return AskUser(text)
            case _:
                return SayText(text)

    def _use(self, tool: core.Tool, told: Told, handles: Mapping[int, Value], wished: Given) -> CallTool:
        """A call; every handle stands for the last argument that it fits and that nothing else stands for."""
        given: dict[str, Value | Handle] = {**wished, **({} if self.passed is None else dict([self.passed]))}
        for step, value in handles.items():
            free = [p.name for p in tool.parameters if p.name not in given and conforms(value, p.type)]
            given |= {name: Handle(step) for name in free[-1:]}
        return self.teller.call(tool, told, given)


def scripts(case: Case, acts: Iterable[Act], *wanted: int) -> Iterator[Script]:
    """Runs that come to each of the acts with one bit of each mask that is not empty."""
    guide = Guide(case, Teller(pool(case.program, case.rule)), tuple(mask for mask in wanted if mask))
    yield from islice((script for act in acts for script in guide.scripts(act)), MOST)


def merged(led: Script, found: Script) -> Script:
    """What agents do as led, all else as found."""
    return {k: v for k, v in found.items() if len(k) == _ELSE} | {
        k: v for k, v in led.items() if len(k) != _ELSE
    }


def plain(case: Case) -> Iterator[Script]:
    """The run in which agents do nothing and nobody says anything of note, with texts that can be told apart."""
    yield Guide(case, Teller(pool(case.program, None)), ()).around()


def inventions(case: Case, acts: Sequence[Act], argument: str, wanted: int) -> Iterator[Script]:
    """Runs in which an agent passes on, as the argument of the act, a value that it read where a bit of `wanted` is; then runs in
    which it makes one up."""
    teller = Teller(pool(case.program, None))
    for act in acts:
        tool = case.program.tools[act.subject or ""]
        type_ = next(p.type for p in tool.parameters if p.name == argument)
        asked = _condition(case, act)
        made = (_invented(type_), *fulfilling.values(type_, asked, argument)[: fulfilling.MOST])
        fitting = [v for v in made if v is not None and conforms(v, type_)]
        for value in _admitted_first(fitting, argument, asked):
            for masks in ((wanted,), ()) if wanted else ((),):
                yield from Guide(case, teller, masks, (argument, value)).scripts(act)


def _admitted_first(values: Sequence[Value], argument: str, asked: core.Expr | None) -> Sequence[Value]:
    if asked is None:
        return values
    return sorted(values, key=lambda value: not fulfilling.meets(asked, {argument: value}))


def _condition(case: Case, act: Act) -> core.Expr | None:
    """The `when` of an act that an agent chooses."""
    regions = (s for s in statements(case.workflow.body) if s.id == act.node)
    region = next(regions, None)
    return region.may[act.choice - 1].condition if isinstance(region, core.Agent) and act.choice else None


def _invented(type_: types.Type) -> Value:
    match types.base(type_):
        case types.Scalar(name=name):
            return INVENTED.get(name)
        case types.OptionType(base=inner):
            return _invented(inner)
        case types.ListType(item=item):
            made = _invented(item)
            return None if made is None else (made,)
        case types.AnyType():
            return INVENTED["text"]
        case _:
            return None
