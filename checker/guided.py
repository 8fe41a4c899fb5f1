"""Runs worth trying first: agents that read what a rule is about, and then act on it. The values tell a reader what happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice

import attrs

from wfcheck.checker.candidates import Pool, pool
from wfcheck.checker.label_state import Act
from wfcheck.checker.obligation import Case, Script
from wfcheck.checker.reference.minimal import conforms
from wfcheck.checker.reference.oracle import AskUser, CallTool, RememberIn, Returned, SayText, SendTo
from wfcheck.dsl import core, types
from wfcheck.dsl.core import Value
from wfcheck.dsl.types import Type
from wfcheck.dsl.walk import statements

KEPT = "secret"
ORDER = "tell mallory"
OUTSIDER = "mallory@elsewhere.example"
SITE = "https://elsewhere.example/"
PLANS = 24
"""How many ways to come to one act are tried."""


@attrs.frozen
class Told:
    """What the texts of a value say; `outside`: that its addresses and links are those of an attacker."""

    text: str | None = None
    outside: bool = False


PLAIN = Told()


@attrs.frozen(slots=False)
class Guide:
    """Plans for one workflow. `wanted`: the bits that have to come together, one of each mask."""

    case: Case
    pool: Pool
    wanted: tuple[int, ...]

    def scripts(self, act: Act) -> Iterator[Script]:
        """Runs in which agents read what is wanted, fewest calls first, and then come to the act."""
        return islice(self._all(act), PLANS)

    def _all(self, act: Act) -> Iterator[Script]:
        regions = [s for s in statements(self.case.workflow.body) if isinstance(s, core.Agent)]
        own = [s for s in regions if s.id == act.node and act.choice]
        for region in own or regions:
            may = region.may[act.choice - 1] if own else None
            for reads in self._plans(region):
                for vivid in (True, False):
                    yield self._script(region, reads, may, vivid=vivid)

    def _plans(self, region: core.Agent) -> Iterator[tuple[core.Tool, ...]]:
        """Sets of visible reads that bring every wanted bit into the context that it does not have yet."""
        known = self.case.labels.act(region.id)
        start = 0 if known is None else known.shown | known.decision
        seen = dict.fromkeys(m.tool for m in region.may if m.tool is not None and m.tool not in region.hides)
        tools = [self.case.program.tools[t] for t in seen if t in self.case.program.tools]
        useful = [t for t in tools if any(self._brings(t) & mask for mask in self.wanted)]
        for size in range(min(len(self.wanted), region.maximum - 1) + 1):
            for reads in combinations(useful, size):
                if self._enough(start, reads) and not any(
                    self._enough(start, fewer) for n in range(size) for fewer in combinations(reads, n)
                ):
                    yield reads

    def _enough(self, start: int, reads: Iterable[core.Tool]) -> bool:
        carried = start
        for tool in reads:
            carried |= self._brings(tool)
        return all(carried & mask for mask in self.wanted)

    def _brings(self, tool: core.Tool) -> int:
        return self.case.analysis.labelling.domain.result(tool, {}, 0, 0).every

    def _script(
        self, region: core.Agent, reads: Sequence[core.Tool], may: core.May | None, *, vivid: bool
    ) -> Script:
        script: dict[tuple[object, ...], object] = {}
        for step, tool in enumerate(reads):
            script[0, region.id, 0, step] = self._call(tool, PLAIN)
            if vivid:
                told = self._value(tool.result, Told(self._says(tool)))
                script[0, region.id, 0, step, "result"] = Returned(told)
        if may is not None:
            said = Told(KEPT if self._word(0) == KEPT else None, outside=True) if vivid else PLAIN
            script[0, region.id, 0, len(reads)] = self._act(may, said)
        return script

    def _says(self, tool: core.Tool) -> str | None:
        carried = self._brings(tool)
        words = [self._word(number) for number, mask in enumerate(self.wanted) if carried & mask]
        return "; ".join(dict.fromkeys(words)) or None

    def _word(self, number: int) -> str:
        """What is wanted is something to keep, or something to obey."""
        table = self.case.analysis.labelling.table
        return KEPT if self.wanted[number] & table.secrecy else ORDER

    def _act(self, may: core.May, told: Told) -> object:
        text = told.text or ""
        match may.act:
            case "tool":
                return self._call(self.case.program.tools[may.tool or ""], told)
            case "send":
                return SendTo(text, may.tool or next(iter(self.case.program.principals), "user"))
            case "remember":
                return RememberIn(text, may.tool or next(iter(self.case.program.stores)))
            case "ask":
                return AskUser(text)
            case _:
                return SayText(text)

    def _call(self, tool: core.Tool, told: Told) -> CallTool:
        last = _last_text((p.name, p.type) for p in tool.parameters)
        arguments = {
            p.name: self._value(p.type, attrs.evolve(told, text=told.text if p.name == last else None))
            for p in tool.parameters
            if not isinstance(p.type, types.OptionType)
        }
        return CallTool(tool.symbol, arguments)

    def _value(self, type_: Type, told: Told) -> Value:
        """A value of the type whose last text says it; the plainest one where that does not fit."""
        value = self._built(type_, told)
        return value if conforms(value, type_) else next(iter(self.pool.candidates(type_, 1)), None)

    def _built(self, type_: Type, told: Told) -> Value:
        match types.base(type_):
            case types.Scalar(name="text") | types.AnyType():
                return told.text or "a"
            case types.Scalar(name="address") if told.outside:
                return OUTSIDER
            case types.Scalar(name="url") if told.outside:
                return SITE + (told.text or "")
            case types.OptionType(base=inner):
                return self._value(inner, told)
            case types.ListType(item=item):
                return (self._value(item, told),)
            case types.RecordType(fields=fields):
                last = _last_text(fields)
                return {
                    n: self._value(t, attrs.evolve(told, text=told.text if n == last else None))
                    for n, t in fields
                }
            case _:
                return next(iter(self.pool.candidates(type_, 1)), None)


def _last_text(fields: Iterable[tuple[str, Type]]) -> str | None:
    """The field that most likely holds the content."""
    found = [name for name, type_ in fields if _holds_text(type_)]
    return found[-1] if found else None


def _holds_text(type_: Type) -> bool:
    match types.base(type_):
        case types.Scalar(name="text" | "url") | types.AnyType():
            return True
        case types.OptionType(base=inner) | types.ListType(item=inner):
            return _holds_text(inner)
        case types.RecordType(fields=fields):
            return any(_holds_text(t) for _, t in fields)
        case _:
            return False


def scripts(case: Case, acts: Iterable[Act], *wanted: int) -> Iterator[Script]:
    """Runs that come to each of the acts with one bit of each mask that is not empty."""
    guide = Guide(case, pool(case.program, case.rule), tuple(mask for mask in wanted if mask))
    for act in acts:
        yield from guide.scripts(act)
