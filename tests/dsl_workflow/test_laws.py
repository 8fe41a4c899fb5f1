"""Every sugar has one law: what it becomes behaves, and is labelled, like what it stands for."""

from __future__ import annotations

import itertools

import attrs
import pytest

from wfcheck.checker.reference.interpreter import run
from wfcheck.checker.reference.oracle import Returned, ScriptedOracle

COLUMNS = (
    "kind",
    "actor",
    "tool",
    "args_executed",
    "text",
    "labels",
    "argument_labels",
    "store",
    "to",
    "result",
)


@attrs.frozen
class Counting(ScriptedOracle):
    """The counter counts up, whichever step calls it; everything else is plain."""

    counted: list[int] = attrs.field(factory=list, hash=False)

    def tool(self, site, instance, tool, arguments, admissible):
        if tool.symbol != "counter":
            return super().tool(site, instance, tool, arguments, admissible)
        self.counted.append(instance)
        return Returned(len(self.counted))


def behaviour(made, values):
    workflow = made.workflows["w"]
    answers = {("parameter", name): value for name, value in values.items()}
    ran = run(made, workflow, Counting(answers))
    result = None if ran.result is None else repr(ran.result)
    return ran.outcome, result, [[repr(getattr(event, column)) for column in COLUMNS] for event in ran.events]


LAWS = {
    "match is if": (
        'workflow w(d: Decision) { match d { case pay { say "a" } case refuse { say "b" } case escalate { say "c" } } }',
        'workflow w(d: Decision) { if d == pay { say "a" } else if d == refuse { say "b" } else { say "c" } }',
    ),
    "alternatives are or": (
        'workflow w(d: Decision) { match d { case pay, escalate { say "a" } case _ { say "b" } } }',
        'workflow w(d: Decision) { if d == pay or d == escalate { say "a" } else { say "b" } }',
    ),
    "a binder is the rest": (
        'workflow w(n: int) { match n { case 0 { say "zero" } case m { say text(m) } } }',
        'workflow w(n: int) { if n == 0 { say "zero" } else { m = n say text(m) } }',
    ),
    "a binder of an option is its value": (
        'workflow w(o: text?) { match o { case x { say x } case none { say "none" } } }',
        'workflow w(o: text?) { if o != none { say o } else { say "none" } }',
    ),
    "a subject is computed once": (
        'workflow w(n: int) { match counter() + n { case 1 { say "a" } case 2 { say "b" } case _ { say "c" } } }',
        'workflow w(n: int) { c = counter() s = c + n if s == 1 { say "a" } else if s == 2 { say "b" } else { say "c" } }',
    ),
    "calls inside expressions run first, left to right": (
        "workflow w(n: int) { say text(counter() - n * counter()) }",
        "workflow w(n: int) { a = counter() b = counter() say text(a - n * b) }",
    ),
    "a condition with calls is tested anew": (
        "workflow w(n: int) { repeat max 6 while counter() < n { say text(n) } }",
        "workflow w(n: int) { c = counter() go = c < n repeat max 6 while go { say text(n) d = counter() go = d < n } }",
    ),
    "else if is else and if": (
        'workflow w(n: int) { if n > 2 { say "a" } else if counter() > n { say "b" } else { say "c" } }',
        'workflow w(n: int) { if n > 2 { say "a" } else { c = counter() if c > n { say "b" } else { say "c" } } }',
    ),
    "for over a map is for over its keys": (
        "workflow w(m: map<text, int>) { for k in m { say k } }",
        "workflow w(m: map<text, int>) { for k in keys(m) { say k } }",
    ),
    "named arguments are positional ones": (
        "workflow w(t: text, n: int) { refund(amount: decimal(n), order: t) }",
        "workflow w(t: text, n: int) { refund(t, decimal(n)) }",
    ),
    "a partition is the field that names it": (
        'workflow w(t: text) { remember {customer: t, line: "x"} into logs l = recall logs[t] say text(length(l)) }',
        'workflow w(t: text) { remember {customer: t, line: "x"} into logs[t] l = recall logs[t] say text(length(l)) }',
    ),
    "an inlined workflow is its body": (
        'workflow w(n: int) { a = v(n) say a } workflow v(q: int) -> text { c = counter() if q > c { return "big" } return "small" }',
        'workflow w(n: int) { c = counter() if n > c { a = "big" } else { a = "small" } say a }',
    ),
}
VALUES = {
    "d": ["pay", "refuse", "escalate"],
    "n": [0, 1, 2, 3],
    "o": [None, "there"],
    "m": [{}, {"a": 1, "b": 2}],
    "t": ["", "t"],
}


@pytest.mark.parametrize(("sugar", "plain"), LAWS.values(), ids=LAWS.keys())
def test_desugared_is_surface(clean, sugar, plain):
    first, second = clean(sugar), clean(plain)
    names = [p.name for p in first.workflows["w"].parameters]
    for row in itertools.product(*(VALUES[name] for name in names)):
        values = dict(zip(names, row, strict=True))
        assert behaviour(first, values) == behaviour(second, values), values
