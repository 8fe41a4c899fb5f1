"""Parts of a proved rule that could be said more strictly: bounds, a `when`, argument patterns, ways out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import attrs

from wfcheck.checker.explaining.vocabulary import nodes
from wfcheck.checker.result import Stronger
from wfcheck.dsl import core
from wfcheck.dsl.phrase import phrase, show_value
from wfcheck.dsl.source import Span

Proved = Callable[[core.Rule], bool]
MOST = 12
"""How many proofs one bound may cost."""


def weak_spots(program: core.Program, rule: core.Rule, proved: Proved) -> Iterator[Stronger]:
    """One remark for each part that the proof does not need, or does not need as it is."""
    for text, span, stricter in _dropped(rule):
        if proved(stricter):
            yield Stronger(rule.name, span, text)
    yield from _bounds(program, rule, proved)


def _with(rule: core.Rule, body: core.RuleBody) -> core.Rule:
    return attrs.evolve(rule, body=body)


def _dropped(rule: core.Rule) -> Iterator[tuple[str, Span, core.Rule]]:
    """The rule without one of the things that weaken it."""
    match rule.body:
        case (
            core.Forbid(condition=when) | core.Before(condition=when) | core.Limit(condition=when) as body
        ) if when is not None:
            yield (
                f"`when {phrase(when)}` is not needed: the rule holds without it",
                when.span,
                _with(rule, attrs.evolve(body, condition=None)),
            )
        case core.Flow(except_via=ways) as body:
            for way in sorted(ways):
                rest = attrs.evolve(body, except_via=ways - {way})
                yield (
                    f"`except via {way}` is not needed: the rule holds without it",
                    rule.span,
                    _with(rule, rest),
                )
            if body.influence is not None:
                rest = attrs.evolve(body, influence=None)
                yield (
                    "`when influence meets` is not needed: the rule holds whatever steers",
                    rule.span,
                    _with(rule, rest),
                )
        case _:
            pass
    yield from _patterns(rule)


def _patterns(rule: core.Rule) -> Iterator[tuple[str, Span, core.Rule]]:
    """The judged event without one of its argument patterns."""
    match rule.body:
        case core.Forbid(event=event) as body:
            for text, wider in _wider(event):
                yield text, event.span, _with(rule, attrs.evolve(body, event=wider))
        case core.Before(judged=event) as body:
            for text, wider in _wider(event):
                yield text, event.span, _with(rule, attrs.evolve(body, judged=wider))
        case core.Limit(event=event) as body:
            for text, wider in _wider(event):
                yield text, event.span, _with(rule, attrs.evolve(body, event=wider))
        case _:
            return


def _wider(event: core.EventPattern) -> Iterator[tuple[str, core.EventPattern]]:
    for place, choice in enumerate(event.choices):
        for name, test in choice.tests:
            if isinstance(test, core.Compare):
                tests = tuple(t for t in choice.tests if t[0] != name)
                choices = [
                    attrs.evolve(c, tests=tests) if i == place else c for i, c in enumerate(event.choices)
                ]
                text = f"the pattern `{name}: {test.op} {phrase(test.value)}` is not needed: the rule holds without it"
                yield text, attrs.evolve(event, choices=tuple(choices))


# ---------------------------------------------------------------- bounds


def _bounds(program: core.Program, rule: core.Rule, proved: Proved) -> Iterator[Stronger]:
    match rule.body:
        case core.Limit(bound=bound) as limit if bound > 0:

            def fits(number: Fraction) -> bool:
                return proved(_with(rule, attrs.evolve(limit, bound=number)))

            least = _least(_below(program, bound), fits)
            if least is not None:
                told = f"the bound {show_value(bound)} could be {show_value(least)}"
                yield Stronger(rule.name, rule.span, told)
        case (
            core.Forbid(
                condition=core.Apply(op=">" | ">=" as op, args=(_, core.Literal() as literal)) as when
            ) as body
        ):
            value = literal.value
            if isinstance(value, bool) or not isinstance(value, int | Fraction):
                return

            def holds(bound: Fraction) -> bool:
                number = int(bound) if isinstance(value, int) else bound
                changed = attrs.evolve(when, args=(when.args[0], attrs.evolve(literal, value=number)))
                return proved(_with(rule, attrs.evolve(body, condition=changed)))

            least = _least(_below(program, Fraction(value)), holds)
            if least is not None:
                yield Stronger(
                    rule.name, literal.span, f"`{op} {show_value(value)}` could be `{op} {show_value(least)}`"
                )
        case _:
            return


def _below(program: core.Program, bound: Fraction) -> list[Fraction]:
    """Numbers to try: those that the program speaks of, and a few small ones, below the bound; ascending."""
    spoken = {
        Fraction(n.value)
        for workflow in program.workflows.values()
        for n in nodes(workflow.body)
        if isinstance(n, core.Literal)
        and isinstance(n.value, int | Fraction)
        and not isinstance(n.value, bool)
    }
    near = {Fraction(n) for n in range(int(min(bound, Fraction(8))) + 1)} | {bound - 1}
    return sorted(n for n in spoken | near if 0 <= n < bound)


def _least(numbers: list[Fraction], holds: Callable[[Fraction], bool]) -> Fraction | None:
    """The least of the numbers for which it holds, by halving: what holds for a number holds for all above."""
    low, high, best = 0, len(numbers) - 1, None
    for _ in range(MOST):
        if low > high:
            break
        middle = (low + high) // 2
        if holds(numbers[middle]):
            best, high = numbers[middle], middle - 1
        else:
            low = middle + 1
    return best
