"""Which moments match a pattern: for sure, and perhaps. The definition is that of the reference evaluator, over terms."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.checker.encoding.encode import Environment, condition
from wfcheck.checker.encoding.encoded import Notes
from wfcheck.checker.product.monitors.moments import Moment, named_kind
from wfcheck.checker.rules.symbolic_match import NO, OPEN, YES, Match, Truth, both, either, fact
from wfcheck.checker.symbolic.value import NONE, Leaf, SymbolicValue, equal
from wfcheck.dsl import core, types
from wfcheck.dsl.walk import subexpressions
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort

Bound = Mapping[tuple[str, str], SymbolicValue]


@attrs.frozen
class Matching:
    """Patterns and conditions over moments. Every use makes fresh symbols for what no term can say. `given`: the tags that parameters
    of the workflow may carry (None: any)."""

    program: core.Program
    notes: Notes
    given: frozenset[str] | None = None

    def arguments(self, moment: Moment) -> dict[tuple[str, str], SymbolicValue]:
        """The arguments by name; optional ones that were left out are absent. What is said is known if it is a text."""
        tool = self.program.tools.get(moment.event.tool or "")
        found: dict[tuple[str, str], SymbolicValue] = {
            ("argument", name): value
            for name, value in moment.event.arguments.items()
            if tool is not None or name != "text" or _is_text(value)
        }
        for parameter in () if tool is None else tool.parameters:
            found.setdefault(("argument", parameter.name), NONE)
        return found

    def environment(self, moment: Moment, binders: Bound) -> dict[tuple[str, str], SymbolicValue]:
        """What a condition about the event may name, registers apart. A failure has no result."""
        result = moment.event.result
        shown: Environment = {} if result is None or moment.kind == "fail" else {("result", "result"): result}
        return {**self.arguments(moment), **shown, **binders}

    def holds(self, expression: core.Expr | None, moment: Moment, env: Environment) -> Truth:
        """A condition about the event. An attempt that did not return has no result."""
        found = condition(expression, env, self.notes)
        return self._if_returned(Truth(found.certain, found.possible), expression, moment)

    def _if_returned(self, truth: Truth, expression: core.Expr | None, moment: Moment) -> Truth:
        if moment.kind != "call" or expression is None or not reads_result(expression):
            return truth
        returned = moment.event.returned
        return Truth(b.and_(returned, truth.sure), b.or_(b.not_(returned), truth.maybe))

    # ------------------------------------------------------------ patterns

    def matches(
        self,
        pattern: core.EventPattern,
        moment: Moment,
        *,
        evidence: bool,
        other: Moment | None = None,
        binders: Bound | None = None,
        binding: bool = False,
    ) -> list[Match]:
        """One match per choice that is not ruled out at once. `other`: the event that `same` and `args` speak of. `binding`: an
        approval matches only the same tool with the same arguments."""
        found = [self.choice(c, moment, evidence, other, binders or {}, binding) for c in pattern.choices]
        return [m for m in found if m.truth.maybe is not b.FALSE]

    def any_match(
        self,
        pattern: core.EventPattern | None,
        moment: Moment,
        *,
        evidence: bool,
        other: Moment | None = None,
        binders: Bound | None = None,
        binding: bool = False,
    ) -> Truth:
        """Whether any choice matches; no pattern is never matched."""
        if pattern is None:
            return NO
        found = self.matches(
            pattern, moment, evidence=evidence, other=other, binders=binders, binding=binding
        )
        return either(m.truth for m in found)

    def concerns(self, pattern: core.EventPattern | None, moment: Moment, *, evidence: bool) -> bool:
        """Whether the moment may match, as far as its kind and names tell."""
        happens = attrs.evolve(moment, happens=b.TRUE)
        choices = () if pattern is None else pattern.choices
        return any(
            both(self._subject(c, happens, evidence), self._by(c, happens)).maybe is not b.FALSE
            for c in choices
        )

    def choice(
        self,
        choice: core.EventChoice,
        moment: Moment,
        evidence: bool,
        other: Moment | None,
        binders: Bound,
        binding: bool = False,
    ) -> Match:
        """What one choice says of the moment, and what its binders stand for."""
        parts = [
            Truth(moment.happens, moment.happens),
            self._subject(choice, moment, evidence),
            self._by(choice, moment),
        ]
        bound = dict(binders)
        if any(part.maybe is b.FALSE for part in parts):
            return Match(NO, bound)
        if binding and choice.kind == "approve" and other is not None and other.kind == "call":
            parts.append(self.same_call(moment, other))
        for name, test in choice.tests:
            parts.append(self._argument(test, name, moment, other, bound))
        if choice.result is not None:
            parts.append(self._result(choice.result, moment, bound))
        return Match(both(*parts), bound)

    def binders(self, choice: core.EventChoice, moment: Moment) -> Bound:
        """What the binders of a choice stand for, if the moment matches."""
        bound: dict[tuple[str, str], SymbolicValue] = {}
        arguments = self.arguments(moment)
        for name, test in choice.tests:
            value = arguments.get(("argument", name))
            if isinstance(test, core.Bind) and value is not None:
                bound.setdefault(("binder", test.name), value)
                bound.setdefault(("bound", test.name), value)
        if isinstance(choice.result, core.Bind) and moment.event.result is not None:
            bound.setdefault(("binder", choice.result.name), moment.event.result)
            bound.setdefault(("bound", choice.result.name), moment.event.result)
        return bound

    def _subject(self, choice: core.EventChoice, moment: Moment, evidence: bool) -> Truth:
        wanted, kind, event = choice.subjects, moment.kind, moment.event
        match choice.kind:
            case "call":
                return fact(kind == named_kind(choice, evidence) and _named(wanted, event.tool))
            case "fail" | "approve" | "deny":
                return fact(kind == choice.kind and _named(wanted, event.tool))
            case "write":
                return self._writes(wanted, moment, named_kind(choice, evidence))
            case "emit":
                return self._emits(wanted, moment) if kind == named_kind(choice, evidence) else NO
            case "read":
                return self._reads(wanted, moment, named_kind(choice, evidence))
            case "input":
                sender = _may_be(wanted, event.subject and event.actor)
                return both(fact(kind == "input"), sender)
            case "message":
                sent, received = fact(_named(wanted, event.actor)), _may_be(choice.to, event.subject)
                return both(fact(kind == "message"), sent, received)
            case "step":
                return _stepped(wanted, moment)
            case "say" | "ask":
                return both(fact(kind == choice.kind), OPEN if wanted else YES)
            case _:
                return both(fact(kind == choice.kind), _may_be(wanted, event.subject))

    def _writes(self, stores: frozenset[str], moment: Moment, called: str) -> Truth:
        if moment.kind == "remember":
            return _may_be(stores, moment.event.subject)
        tool = self.program.tools.get(moment.event.tool or "")
        if tool is None or moment.kind != called:
            return NO
        return fact(bool(tool.writes & stores if stores else tool.writes))

    def _emits(self, channels: frozenset[str], moment: Moment) -> Truth:
        tool = self.program.tools.get(moment.event.tool or "")
        if tool is None:
            return NO
        env = self.environment(moment, {})
        chosen = [e for e in tool.emits if not channels or e.channel in channels]
        return either(self.holds(e.condition, moment, env) for e in chosen)

    def _reads(self, tags: frozenset[str], moment: Moment, called: str) -> Truth:
        """What an input or a recalled value carries is not known here, but for parameters."""
        if moment.kind == "input" and not moment.event.site and self.given is not None:
            return OPEN if tags & self.given or (not tags and self.given) else NO
        if moment.kind in ("input", "recall"):
            return OPEN
        tool = self.program.tools.get(moment.event.tool or "")
        if tool is None or moment.kind != called:
            return NO
        env = self.environment(moment, {})
        chosen = [r for r in tool.returns if not tags or r.tags & tags]
        return either(self.holds(r.condition, moment, env) for r in chosen)

    def _by(self, choice: core.EventChoice, moment: Moment) -> Truth:
        if choice.by is None:
            return YES
        if moment.kind == "input" and moment.event.subject is None:
            return OPEN
        return fact(choice.by == moment.event.actor)

    # ------------------------------------------------------------ arguments

    def _argument(
        self,
        test: core.ArgumentTest,
        name: str,
        moment: Moment,
        other: Moment | None,
        bound: dict[tuple[str, str], SymbolicValue],
    ) -> Truth:
        if isinstance(test, core.SameCall):
            return OPEN if other is None else self.same_call(moment, other)
        value = self.arguments(moment).get(("argument", name))
        if value is None:
            return OPEN
        tool = self.program.tools.get(moment.event.tool or "")
        parameter = None if tool is None else tool.parameter(name)
        theirs = None if other is None else self.arguments(other).get(("argument", name))
        return self._test(test, value, types.TEXT if parameter is None else parameter.type, theirs, bound)

    def _result(
        self, test: core.ArgumentTest, moment: Moment, bound: dict[tuple[str, str], SymbolicValue]
    ) -> Truth:
        tool = self.program.tools.get(moment.event.tool or "")
        value = moment.event.result
        if value is None or tool is None or moment.kind == "fail" or isinstance(test, core.Same):
            return OPEN
        truth = self._test(test, value, tool.result, None, bound)
        if moment.kind != "call":
            return truth
        returned = moment.event.returned
        return Truth(b.and_(returned, truth.sure), b.or_(b.not_(returned), truth.maybe))

    def _test(
        self,
        test: core.ArgumentTest,
        value: SymbolicValue,
        type_: types.Type,
        theirs: SymbolicValue | None,
        bound: dict[tuple[str, str], SymbolicValue],
    ) -> Truth:
        match test:
            case core.Compare(op=op, value=constant):
                subject = core.Variable("tested", "argument", type_, span=constant.span)
                asked = core.Apply(op, (subject, constant), types.BOOL, span=constant.span)
                found = condition(asked, {**bound, ("argument", "tested"): value}, self.notes)
                return Truth(found.certain, found.possible)
            case core.Same():
                return OPEN if theirs is None else same(value, theirs)
            case core.Bind(name=binder):
                if ("binder", binder) in bound:
                    return same(value, bound["binder", binder])
                bound["binder", binder] = bound["bound", binder] = value
                return YES
            case core.SameCall():
                raise AssertionError("it is compared as a whole call")

    def compared(
        self, pattern: core.EventPattern, judged: Moment, other: Moment, binders: Bound | None = None
    ) -> Truth:
        """What the arguments of a judged event have to do with an earlier one, by its pattern: `same`, `args`, and `binders` of the
        earlier one; what else the pattern asks is asked when the judged event happens."""
        found = []
        for choice in pattern.choices:
            bound, parts = dict(binders or {}), [YES]
            for name, test in choice.tests:
                if binders or not isinstance(test, core.Compare):
                    parts.append(self._argument(test, name, judged, other, bound))
            found.append(both(*parts))
        return either(found)

    def same_call(self, one: Moment, other: Moment) -> Truth:
        """The same tool with the same arguments by name."""
        tool = self.program.tools.get(one.event.tool or "")
        about = other.kind in ("call", "result", "fail", "deny", "approve")
        if tool is None or not about or one.event.tool != other.event.tool:
            return NO
        left, right = self.arguments(one), self.arguments(other)
        pairs = [(left["argument", p.name], right["argument", p.name]) for p in tool.parameters]
        return both(*(same(mine, theirs) for mine, theirs in pairs))


def _is_text(value: SymbolicValue) -> bool:
    return isinstance(value, Leaf) and value.term.sort is Sort.TEXT


def same(left: SymbolicValue, right: SymbolicValue) -> Truth:
    """Equality of values."""
    term = equal(left, right)
    return Truth(term, term)


def reads_result(expression: core.Expr) -> bool:
    """Whether it speaks of the result of the call."""
    return any(isinstance(e, core.Variable) and e.kind == "result" for e in subexpressions(expression))


def _stepped(wanted: frozenset[str], moment: Moment) -> Truth:
    """Steps are called after their models, agents, releases or variables."""
    event = moment.event
    match moment.kind:
        case "step" | "llm" | "release":
            return fact(_named(wanted, event.subject))
        case "result":
            return fact(_named(wanted, event.step))
        case "ask" | "recall":
            return YES if not wanted else OPEN if event.step in wanted else NO
        case _:
            return NO


def _named(wanted: frozenset[str], name: str | None) -> bool:
    return not wanted or name in wanted


def _may_be(wanted: frozenset[str], name: str | None) -> Truth:
    """A name that is not known may be any."""
    return OPEN if wanted and name is None else fact(_named(wanted, name))
