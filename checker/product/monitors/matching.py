"""Which moments match a pattern: for sure, and perhaps. The definition is that of the reference evaluator, over terms."""

from __future__ import annotations

import attrs

from wfcheck.checker.encoding.encode import condition
from wfcheck.checker.product.monitors.kinds import Bound, Kinds
from wfcheck.checker.product.monitors.moments import Moment
from wfcheck.checker.rules.symbolic_match import NO, OPEN, YES, Match, Truth, both, either
from wfcheck.checker.symbolic.value import SymbolicValue, equal
from wfcheck.dsl import core, types
from wfcheck.solver import build as b

__all__ = ["Bound", "Matching", "same"]


@attrs.frozen
class Matching(Kinds):
    """Patterns over moments."""

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
            both(self.subject(c, happens, evidence), self.by(c, happens)).maybe is not b.FALSE
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
            self.subject(choice, moment, evidence),
            self.by(choice, moment),
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


def same(left: SymbolicValue, right: SymbolicValue) -> Truth:
    """Equality of values."""
    term = equal(left, right)
    return Truth(term, term)
