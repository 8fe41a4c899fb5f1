"""The built-in events: `call(effect: irreversible)`, `approve(by: p, shows: args)`, `message(from: a, to: b)` and the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.event_subject import Subjects, choice_of
from wfcheck.dsl.elaboration.names import did_you_mean, listing
from wfcheck.dsl.elaboration.pattern import elaborate_pattern, normal
from wfcheck.dsl.types import TEXT

Choices = Sequence[core.EventChoice]
Arguments = Sequence[syntax.EventArgument]
EFFECTS = tuple(effect.value for effect in core.Effect)


def builtin(subjects: Subjects, name: str, call: syntax.EventCall) -> Choices:
    """The choices of a built-in event; none where it can never happen, or was reported."""
    if call.result is not None and name != "call":
        subjects.context.report(
            "WF515", f"`{name}` has no result", call.result.span, help="leave `-> ...` out"
        )
    return BUILTIN[name](subjects, call)


def _positional(call: syntax.EventCall) -> syntax.EventArgument | None:
    arguments = call.arguments or ()
    return arguments[0] if arguments and arguments[0].name is None else None


def _value(argument: syntax.EventArgument) -> syntax.Expr | None:
    """A name, a set or a call written where a pattern may stand."""
    match argument.pattern:
        case syntax.LiteralPattern(value=value):
            return value
        case syntax.BinderPattern(name=name):
            return syntax.Name(name.text, span=name.span)
        case _:
            return None


def _refuse(subjects: Subjects, arguments: Arguments, name: str, allowed: Sequence[str]) -> None:
    for argument in arguments:
        written = argument.name.text if argument.name else None
        known = f"`{name}` takes {listing(allowed)}" if allowed else f"`{name}` takes no arguments"
        subjects.context.report(
            "WF516",
            f"`{name}` has no argument called `{written}`" if written else f"`{name}` has no such argument",
            argument.span,
            notes=[known],
            help=did_you_mean(written, allowed) if written else None,
        )


def _split(
    arguments: Arguments, names: Sequence[str]
) -> tuple[dict[str, syntax.EventArgument], list[syntax.EventArgument]]:
    """The arguments of these names, and the others."""
    found: dict[str, syntax.EventArgument] = {}
    rest = []
    for argument in arguments:
        if argument.name is not None and argument.name.text in names and argument.name.text not in found:
            found[argument.name.text] = argument
        else:
            rest.append(argument)
    return found, rest


# ---------------------------------------------------------------- calls


def _call(subjects: Subjects, call: syntax.EventCall) -> Choices:
    named, rest = _split(call.arguments or (), ["effect"])
    everything = tuple(subjects.context.tools.values())
    if "effect" not in named:
        if not rest and call.result is None:
            return [core.EventChoice("call", frozenset(), span=call.span)]
        return [choice_of(subjects, "call", everything, rest, call)] if everything else ()
    effects = _effects(subjects, named["effect"])
    tools = tuple(tool for tool in everything if tool.effect.value in effects)
    return [choice_of(subjects, "call", tools, rest, call)] if tools else ()


def _effects(subjects: Subjects, argument: syntax.EventArgument) -> frozenset[str]:
    pattern = argument.pattern
    operator = pattern.operator if isinstance(pattern, syntax.ComparePattern) else "=="
    negated = operator in ("!=", "not in")
    value = pattern.value if isinstance(pattern, syntax.ComparePattern) else _value(argument)
    items = value.items if isinstance(value, syntax.SetLit) else (value,)
    found = set()
    for item in items:
        name = item.text if isinstance(item, syntax.Name) else None
        if name in EFFECTS and operator in ("==", "!=", "in", "not in"):
            found.add(name)
            continue
        subjects.context.report(
            "WF517",
            "an effect is `read`, `write` or `irreversible`",
            argument.span,
            help=did_you_mean(name, EFFECTS) if name else None,
        )
    return frozenset(EFFECTS) - found if negated else frozenset(found)


def _about_call(kind: core.EventKind) -> Callable[[Subjects, syntax.EventCall], Choices]:
    """`fail(t)`, `deny(t)`; also `fail(t(arg: pat))`."""

    def build(subjects: Subjects, call: syntax.EventCall) -> Choices:
        first = _positional(call)
        rest = list(call.arguments or ())[1:] if first else list(call.arguments or ())
        return _tool_event(subjects, kind, call, first, rest)

    return build


def _tool_event(
    subjects: Subjects,
    kind: core.EventKind,
    call: syntax.EventCall,
    first: syntax.EventArgument | None,
    rest: Arguments,
) -> Choices:
    bare = attrs.evolve(call, result=None)
    if first is None:
        if rest:
            _refuse(subjects, rest, kind, ["a tool"])
        return [core.EventChoice(kind, frozenset(), span=call.span)]
    if isinstance(first.pattern, syntax.ArgsPattern):
        return [core.EventChoice(kind, frozenset(), (("args", core.SameCall()),), span=call.span)]
    value = _value(first)
    inner: list[syntax.EventArgument] = list(rest)
    if isinstance(value, syntax.Apply):
        inner = [_as_pattern(a) for a in value.arguments] + inner
        value = value.function
    if value is None:
        _refuse(subjects, [first], kind, ["a tool"])
        return ()
    tools = subjects.tools(value)
    return [choice_of(subjects, kind, tools, inner, bare)] if tools else ()


def _as_pattern(argument: syntax.Argument) -> syntax.EventArgument:
    pattern = normal(syntax.LiteralPattern(argument.value, span=argument.value.span))
    return syntax.EventArgument(argument.name, pattern, span=argument.span)


def _approve(subjects: Subjects, call: syntax.EventCall) -> Choices:
    named, rest = _split(call.arguments or (), ["by", "shows"])
    first = _positional(call)
    if first is not None and first in rest:
        rest.remove(first)
    found = _tool_event(subjects, "approve", call, first, rest)
    if "shows" in named:
        found = [attrs.evolve(c, tests=(*c.tests, *_shows(subjects, named["shows"]))) for c in found]
    if "by" not in named:
        return found
    by = _value(named["by"])
    people = frozenset() if by is None else subjects.people(by)
    return [attrs.evolve(choice, by=person) for choice in found for person in sorted(people)]


def _shows(subjects: Subjects, argument: syntax.EventArgument) -> tuple[tuple[str, core.ArgumentTest], ...]:
    if isinstance(argument.pattern, syntax.ArgsPattern):
        return (("shows", core.SameCall()),)
    if not isinstance(argument.pattern, syntax.AnyPattern):
        subjects.context.report(
            "WF518", "`shows` takes `args`", argument.span, help="write `shows: args`, or leave it out"
        )
    return ()


# ---------------------------------------------------------------- text


def _textual(kind: core.EventKind) -> Callable[[Subjects, syntax.EventCall], Choices]:
    """`say`, `ask`, `llm(step)`, `input(p)`: each may test its `text`."""

    def build(subjects: Subjects, call: syntax.EventCall) -> Choices:
        named, rest = _split(call.arguments or (), ["text"])
        first = _positional(call)
        about: frozenset[str] = frozenset()
        if first is not None and first in rest and kind in ("input", "llm"):
            rest.remove(first)
            value = _value(first)
            about = frozenset() if value is None else _speaker(subjects, kind, value)
            if not about:
                return ()
        _refuse(subjects, rest, kind, ["text"])
        return [core.EventChoice(kind, about, _text(subjects, named), span=call.span)]

    return build


def _speaker(subjects: Subjects, kind: core.EventKind, value: syntax.Expr) -> frozenset[str]:
    return subjects.people(value) if kind == "input" else step_names(subjects, value)


def _text(
    subjects: Subjects, named: Mapping[str, syntax.EventArgument]
) -> tuple[tuple[str, core.ArgumentTest], ...]:
    if "text" not in named:
        return ()
    return tuple(("text", test) for test in elaborate_pattern(subjects.place, named["text"].pattern, TEXT))


def _message(subjects: Subjects, call: syntax.EventCall) -> Choices:
    named, rest = _split(call.arguments or (), ["from", "to", "text"])
    _refuse(subjects, rest, "message", ["from", "to", "text"])
    ends: dict[str, frozenset[str]] = {}
    for side in ("from", "to"):
        value = _value(named[side]) if side in named else None
        ends[side] = frozenset() if value is None else subjects.people(value)
        if side in named and not ends[side] and not isinstance(named[side].pattern, syntax.AnyPattern):
            return ()
    tests = _text(subjects, named)
    return [core.EventChoice("message", ends["from"], tests, to=ends["to"], span=call.span)]


# ---------------------------------------------------------------- the rest


def _about(
    kind: core.EventKind, find: Callable[[Subjects, syntax.Expr], frozenset[str]], what: str
) -> Callable[[Subjects, syntax.EventCall], Choices]:
    """`read(SET)`, `emit(c)`, `write(s)` ...: one subject, or any."""

    def build(subjects: Subjects, call: syntax.EventCall) -> Choices:
        first = _positional(call)
        if first is None:
            _refuse(subjects, call.arguments or (), kind, [what])
            return [core.EventChoice(kind, frozenset(), span=call.span)]
        _refuse(subjects, list(call.arguments or ())[1:], kind, [what])
        value = _value(first)
        found = frozenset() if value is None else find(subjects, value)
        return [core.EventChoice(kind, found, span=call.span)] if found else ()

    return build


def step_names(subjects: Subjects, value: syntax.Expr) -> frozenset[str]:
    """The name of an llm, agent or other step of the workflows that are known."""
    items = value.items if isinstance(value, syntax.SetLit) else (value,)
    known = all_steps(subjects)
    found = set()
    for item in items:
        name = item.text if isinstance(item, syntax.Name) else None
        if name is not None and (name in known or not subjects.context.workflows):
            found.add(name)
            continue
        subjects.context.report(
            "WF519",
            f"no step of a workflow is called `{name}`" if name else "a step is named by a plain name",
            item.span,
            help=did_you_mean(name, known) if name else None,
        )
    return frozenset(found)


def all_steps(subjects: Subjects) -> set[str]:
    """The names of the steps of all workflows."""
    from wfcheck.dsl.walk import statements

    return {
        step
        for workflow in subjects.context.workflows.values()
        for statement in statements(workflow.body)
        if (step := getattr(statement, "step", None)) is not None
    }


def _nothing(
    kind: core.EventKind, word: str | None = None
) -> Callable[[Subjects, syntax.EventCall], Choices]:
    """`end`, `reset(context)`."""

    def build(subjects: Subjects, call: syntax.EventCall) -> Choices:
        first = _positional(call)
        value = _value(first) if first else None
        said = isinstance(value, syntax.Name) and value.text == word
        _refuse(subjects, list(call.arguments or ())[1 if said else 0 :], kind, [word] if word else [])
        return [core.EventChoice(kind, frozenset(), span=call.span)]

    return build


BOTH = frozenset({"secrecy", "influence"})

BUILTIN: Mapping[str, Callable[[Subjects, syntax.EventCall], Choices]] = {
    "call": _call,
    "fail": _about_call("fail"),
    "deny": _about_call("deny"),
    "approve": _approve,
    "input": _textual("input"),
    "say": _textual("say"),
    "ask": _textual("ask"),
    "llm": _textual("llm"),
    "message": _message,
    "read": _about("read", lambda s, v: s.tags(v, BOTH), "a set of tags"),
    "emit": _about("emit", lambda s, v: s.some(v, "channel", "a channel"), "a channel"),
    "write": _about("write", lambda s, v: s.some(v, "store", "a store"), "a store"),
    "remember": _about("remember", lambda s, v: s.some(v, "store", "a store"), "a store"),
    "recall": _about("recall", lambda s, v: s.some(v, "store", "a store"), "a store"),
    "release": _about("release", lambda s, v: s.some(v, "release", "a release"), "a release"),
    "step": _about("step", step_names, "a step"),
    "reset": _nothing("reset", "context"),
    "end": _nothing("end"),
}
