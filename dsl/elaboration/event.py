"""Events: names of tools, groups and built-in events become patterns over subjects and arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.context import Context, Env, EventScope
from wfcheck.dsl.elaboration.event_builtin import BUILTIN, builtin
from wfcheck.dsl.elaboration.event_subject import Subjects, argument_names, record_of, tool_choice
from wfcheck.dsl.elaboration.names import dotted
from wfcheck.dsl.elaboration.pattern import Place, normal
from wfcheck.dsl.types import ANY


@attrs.frozen
class Events:
    """Elaborates the events of one rule. `empty` collects the open groups without members that they use."""

    context: Context
    module: str
    binders: Mapping[str, core.Expr] = attrs.field(factory=dict)
    empty: dict[str, None] = attrs.field(factory=dict)
    outer: frozenset[str] = frozenset()

    def elaborate(self, event: syntax.Event, bound: Mapping[str, core.Expr] | None = None) -> EventScope:
        """The pattern, what its names stand for in a condition, and its record. `bound`: of `for each`."""
        names = {**self.binders, **(bound or {})}
        subjects = Subjects(
            self.context, self.module, self.empty, Place(self.context, self.module, names, self.outer)
        )
        parts = [part for call in flatten(event) for part in _choices(subjects, call)]
        choices = tuple(choice for choice, _ in parts)
        pattern = core.EventPattern(choices, span=event.span)
        return EventScope(
            pattern,
            argument_names(self.context, choices, event.span) | names,
            record_of(self.context, choices),
        )


def elaborate_event(context: Context, env: Env, event: syntax.Event) -> EventScope:
    """An event inside an expression or a register: `last(EVENT)`, `any earlier EVENT`, `on EVENT`."""
    around = {
        n: e for n, e in env.names.items() if isinstance(e, core.Variable) and e.kind in ("binder", "bound")
    }
    binders = {**around, **binders_of(context, env.module, (event,), known=around)}
    scope = Events(context, env.module, binders, outer=frozenset(around)).elaborate(event)
    judged = {n for n, e in env.names.items() if isinstance(e, core.Variable) and e.kind == "argument"}
    _no_partner(context, scope.pattern, judged)
    return scope


def _no_partner(context: Context, pattern: core.EventPattern, judged: Set[str]) -> None:
    for choice in pattern.choices:
        for name, test in choice.tests:
            if isinstance(test, core.SameCall) or (isinstance(test, core.Same) and name not in judged):
                context.report(
                    "WF505",
                    f"no other event has an argument `{name}` to be the same as",
                    choice.span,
                    help="write a binder such as `X`, or leave the pattern out",
                )


def flatten(event: syntax.Event) -> tuple[syntax.EventCall, ...]:
    """The alternatives of an event; a `by` of the whole goes to those without one."""
    found: list[syntax.EventCall] = []
    stack: list[tuple[syntax.Event, syntax.Ident | None]] = [(event, None)]
    while stack:
        top, by = stack.pop()
        match top:
            case syntax.EventCall():
                found.append(top if top.by is not None or by is None else attrs.evolve(top, by=by))
            case syntax.EventChoice(events=events, by=own):
                stack.extend((inner, own or by) for inner in reversed(events))
    return tuple(found)


def _choices(
    subjects: Subjects, call: syntax.EventCall
) -> Sequence[tuple[core.EventChoice, syntax.EventCall]]:
    parts = dotted(call.name)
    if parts is not None and len(parts) == 1 and parts[0] in BUILTIN:
        found = builtin(subjects, parts[0], call)
    else:
        found = tool_choice(subjects, call)
    return [(choice, call) for choice in _by(subjects, call, found)]


def _by(
    subjects: Subjects, call: syntax.EventCall, choices: Sequence[core.EventChoice]
) -> Sequence[core.EventChoice]:
    if call.by is None:
        return choices
    people = subjects.people(call.by)
    for choice in choices:
        if choice.by is not None and choice.by not in people:
            subjects.context.report(
                "WF512",
                f"this event is by `{choice.by}` and by `{call.by.text}` at once",
                call.by.span,
                help="name one principal",
            )
    return [attrs.evolve(choice, by=person) for choice in choices for person in sorted(people)]


# ---------------------------------------------------------------- binders


def binders_of(
    context: Context,
    module: str,
    events: Sequence[syntax.Event | None],
    known: Mapping[str, core.Expr] | None = None,
) -> dict[str, core.Expr]:
    """The upper-case names that patterns bind, typed by the argument of their first occurrence."""
    found: dict[str, core.Expr] = {}
    quiet = attrs.evolve(context, diagnostics=[], seen=set())
    for event in events:
        for call in () if event is None else flatten(event):
            subjects = Subjects(quiet, module, {}, Place(quiet, module, {}))
            for argument in call.arguments or ():
                pattern = normal(argument.pattern)
                if isinstance(pattern, syntax.BinderPattern):
                    name = pattern.name
                    type_ = subjects.argument_type(call, argument)
                    if name.text not in found and name.text not in (known or {}):
                        found[name.text] = core.Variable(name.text, "binder", type_ or ANY, span=name.span)
            if isinstance(call.result, syntax.BinderPattern):
                name = call.result.name
                found.setdefault(
                    name.text, core.Variable(name.text, "binder", subjects.result_type(call), span=name.span)
                )
    return found
