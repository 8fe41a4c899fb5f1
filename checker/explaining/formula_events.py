"""The atoms of formulas: event patterns, conditions and the ends of flows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import assert_never

import attrs

from wfcheck.checker.explaining.ends import path_text
from wfcheck.checker.explaining.expressions import Naming, bare_text, enclosed, written
from wfcheck.checker.explaining.merging import merged
from wfcheck.dsl import core
from wfcheck.dsl.phrase import readable
from wfcheck.dsl.walk import rewrite, subexpressions

_NAMED_BY = {
    "fail": "tool",
    "approve": "tool",
    "deny": "tool",
    "input": "by",
    "message": "by",
    "llm": "step",
    "release": "step",
    "step": "step",
    "remember": "store",
    "recall": "store",
}
_PLAIN = re.compile(r"(?:via )?(?:tool\()?[\w.@/#~-]+\)?", re.ASCII)
_EFFECTS = {"read": "reads", "emit": "emits", "write": "writes"}


def conjunction(parts: Iterable[str]) -> str:
    """Parts joined with `and`; an empty part says nothing."""
    listed = [part for part in parts if part]
    return (
        " and ".join(_closed(part, " or ") for part in listed)
        if len(listed) > 1
        else "".join(listed) or "true"
    )


def disjunction(parts: Iterable[str]) -> str:
    """Parts joined with `or`, in brackets where there are several."""
    listed = [part for part in parts if part]
    if len(listed) < 2:
        return "".join(listed) or "false"
    return "(" + " or ".join(_closed(part, " and ") for part in listed) + ")"


def negated(text: str) -> str:
    """`not` of it, in brackets unless it stands in some already."""
    return f"not {text}" if enclosed(text) else f"not ({text})"


def has_same(pattern: core.EventPattern) -> bool:
    """Whether an argument is compared with that of the other event."""
    return any(isinstance(test, core.Same) for choice in pattern.choices for test in _tests(choice))


def _closed(part: str, loose: str) -> str:
    """The part, in brackets where a looser operator or a quantifier stands in it outside of brackets."""
    depth, plain = 0, bare_text(part)
    for place, char in enumerate(plain):
        depth += (char in "({[") - (char in ")}]")
        if depth == 0 and plain.startswith((loose, " -> ", " implies "), place):
            return f"({part})"
    return f"({part})" if part.startswith(("exists ", "forall ", "not exists ")) else part


def ident(name: str) -> str:
    """A name as it is, or as text where it holds what could be taken for something else."""
    return name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=True)


def members(symbols: Iterable[str]) -> str:
    """A set, in order."""
    return "{" + ", ".join(map(ident, sorted(symbols))) + "}"


def _among(what: str, symbols: frozenset[str]) -> str:
    if not symbols:
        return ""
    return f"{what} == {ident(next(iter(symbols)))}" if len(symbols) == 1 else f"{what} in {members(symbols)}"


def happens(
    pattern: core.EventPattern,
    event: str,
    *,
    other: str | None = None,
    evidence: bool = False,
    binding: bool = False,
) -> str:
    """The event matches the pattern. `other`: the event that `same` and `args` speak of. `binding`: an approval must be of that
    very call."""
    choices = dict.fromkeys(_choice(c, event, other, evidence, binding) for c in merged(pattern).choices)
    return disjunction(choices)


def _choice(choice: core.EventChoice, event: str, other: str | None, evidence: bool, binding: bool) -> str:
    parts = [_kind(choice, event, evidence)]
    if choice.by is not None:
        parts.append(f"{event}.by == {ident(choice.by)}")
    parts += [_test(f"{event}.{ident(name)}", ident(name), test, other) for name, test in choice.tests]
    if choice.result is not None:
        parts.append(_test(f"{event}.result", "result", choice.result, other))
    if any(isinstance(test, core.SameCall) for _, test in choice.tests) or (
        binding and choice.kind == "approve"
    ):
        parts.append(f"same_call({event}, {other or 'the other'})")
    return conjunction(parts)


def _kind(choice: core.EventChoice, event: str, evidence: bool) -> str:
    called = f"{'returned' if evidence else 'call'}({event})"
    match choice.kind:
        case "call":
            return conjunction((called, _among(f"{event}.tool", choice.subjects)))
        case "read" | "emit":
            return conjunction((called, f"{_EFFECTS[choice.kind]}({event}, {members(choice.subjects)})"))
        case "write":
            wrote = conjunction((called, f"writes({event}, {members(choice.subjects)})"))
            kept = conjunction((f"remember({event})", _among(f"{event}.store", choice.subjects)))
            return disjunction((wrote, kept))
        case "message":
            ends = (_among(f"{event}.by", choice.subjects), _among(f"{event}.to", choice.to))
            return conjunction((f"message({event})", *ends))
        case _:
            named = _NAMED_BY.get(choice.kind, "step")
            return conjunction((f"{choice.kind}({event})", _among(f"{event}.{named}", choice.subjects)))


def _test(what: str, name: str, test: core.ArgumentTest, other: str | None) -> str:
    match test:
        case core.Compare(op=op, value=value):
            return f"{what} {op} {written(value)}"
        case core.Same():
            return f"same({what})" if other is None else f"{what} == {other}.{name}"
        case core.SameCall():
            return ""
        case core.Bind(name=binder):
            return f"{what} == {binder}"
        case _:
            assert_never(test)


def key(event: str, *, after: bool = False) -> Naming:
    """Arguments, results, the clock and registers as those of an event; registers are read before it unless `after`."""

    def name(variable: core.Variable) -> str:
        plain = ".".join(map(ident, readable(variable.name).split(".")))
        match variable.kind:
            case "argument" | "result":
                return f"{event}.{plain}"
            case "now":
                return f"time({event})"
            case "register":
                return f"{'after' if after else 'before'}({event}).{plain}"
            case _:
                return plain

    return name


def condition(expression: core.Expr | None, event: str, *, after: bool = False) -> str:
    """A condition about an event; none is empty."""
    if expression is None:
        return ""

    def earlier(pattern: core.EventPattern) -> str:
        return f"p < {event}: {happens(pattern, 'p', other=event, evidence=True)}"

    return written(rewrite(expression, _of_the_past), key(event, after=after), earlier)


def _of_the_past(expression: core.Expr) -> core.Expr:
    """In the body of `any earlier`, what is of the earlier event by its name; what is counted through keeps its own."""
    if not isinstance(expression, core.EarlierEvent):
        return expression
    counted = {b for e in subexpressions(expression) if isinstance(e, core.Quantified) for b in e.binders}

    def rename(part: core.Expr) -> core.Expr:
        if not isinstance(part, core.Variable) or part.kind != "bound" or part.name in counted:
            return part
        return part if part.name.startswith("p.") else attrs.evolve(part, name=f"p.{part.name}")

    return attrs.evolve(expression, body=rewrite(expression.body, rename))


def binders(pattern: core.EventPattern) -> list[str]:
    """The upper-case names that the pattern binds, in order."""
    found = (
        test.name for choice in pattern.choices for test in _tests(choice) if isinstance(test, core.Bind)
    )
    return sorted(set(found))


def _tests(choice: core.EventChoice) -> Iterator[core.ArgumentTest]:
    yield from (test for _, test in choice.tests)
    if choice.result is not None:
        yield choice.result


def names_in(expression: core.Expr | None) -> set[str]:
    """The binders that a condition uses."""
    if expression is None:
        return set()
    return {e.name for e in subexpressions(expression) if isinstance(e, core.Variable) and e.kind == "binder"}


def demands(condition_: core.Expr | None, judged: core.EventPattern) -> bool:
    """Whether a `when` of `require .. before` is asked of the evidence: it names a binder that only the evidence binds."""
    return not names_in(condition_) <= set(binders(judged))


def union(pattern: core.EventPattern) -> str:
    """A pattern without an event variable."""
    return " or ".join(dict.fromkeys(_choice(c, "_", None, False, False) for c in pattern.choices)) or "false"


def term(end: core.FlowEnd) -> str:
    """The end of a flow."""
    match end:
        case core.TagEnd(tags=tags):
            return members(tags)
        case core.ResultEnd(tool=tool, path=path):
            return f"{ident(tool)}.result{path_text(path)}"
        case core.ArgumentEnd(tool=tool, argument=argument, path=path):
            return f"{ident(tool)}.{ident(argument)}{path_text(path)}"
        case core.CallEnd(event=event):
            return f"[{union(event)}]"
        case core.ParameterEnd(workflow=workflow, parameter=parameter, path=path):
            return f"{ident(workflow or 'workflow')}.{ident(parameter)}{path_text(path)}"
        case core.StoreEnd(store=store):
            return f"store {ident(store)}"
        case core.ChannelEnd(channels=channels):
            return members(channels)
        case core.AgentEnd(step=step):
            return f"step {ident(step)}"
        case core.PrincipalEnd(principal=principal):
            return ident(principal)
        case core.LiteralEnd(table=table):
            return f"table {ident(table)}"
        case _:
            assert_never(end)
