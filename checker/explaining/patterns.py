"""Event patterns as noun phrases: `a call of send_money by helper whose amount is > 1000`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, assert_never

from wfcheck.checker.explaining.expressions import alone
from wfcheck.checker.explaining.merging import merged
from wfcheck.dsl import core

SHOWN = 8
_OP_WORDS = {"==": "is", "!=": "is not", "in": "is in"}
Describe: TypeAlias = Callable[[core.EventChoice, bool], str]


def quoted(name: str) -> str:
    """A name as prose shows it."""
    return f"`{name}`"


def enumerated(words: Iterable[str], last: str = "or") -> str:
    """`a, b or c`; of more than 8 words the rest is counted."""
    listed = list(words)
    if len(listed) > SHOWN:
        listed = [*listed[: SHOWN - 1], f"{len(listed) - SHOWN + 1} more"]
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} {last} {listed[-1]}"


def names(symbols: Iterable[str], last: str = "or") -> str:
    """Symbols in order, each in back-quotes."""
    return enumerated(map(quoted, sorted(symbols)), last)


def tags(symbols: Iterable[str]) -> str:
    """A set of tags."""
    return "{" + ", ".join(sorted(symbols)) + "}"


def event(pattern: core.EventPattern, *, evidence: bool) -> str:
    """What the pattern matches. `evidence`: a call means the call that returned, else the attempt."""
    if not pattern.choices:
        return "an event that cannot happen"
    return enumerated(dict.fromkeys(described(choice, evidence) for choice in merged(pattern).choices))


def granted(pattern: core.EventPattern, condition: core.Expr | None) -> str:
    """A grant: tools by name alone where it asks nothing else."""
    choices = merged(pattern).choices
    if choices and all(_is_plain(choice) for choice in choices):
        text = enumerated((names(choice.subjects) for choice in choices), "or")
    else:
        text = event(pattern, evidence=False)
    return text if condition is None else f"{text} when `{alone(condition)}`"


def _is_plain(choice: core.EventChoice) -> bool:
    asks = choice.tests or choice.result is not None or choice.by is not None
    return choice.kind == "call" and bool(choice.subjects) and not asks


def described(choice: core.EventChoice, evidence: bool) -> str:
    """One choice."""
    words = [_HEADS[choice.kind](choice, evidence)]
    if choice.by is not None:
        words.append(f"by {quoted(choice.by)}")
    if any(isinstance(test, core.SameCall) for _, test in choice.tests):
        words.append("of this very call, arguments and all")
    asks = [_asked(name, test) for name, test in choice.tests if not isinstance(test, core.SameCall)]
    if choice.result is not None:
        asks.append(_asked("result", choice.result))
    text = " ".join(words)
    comma = "," if text.endswith("that returned") else ""
    return f"{text}{comma} whose {enumerated(asks, 'and')}" if asks else text


def _asked(name: str, test: core.ArgumentTest) -> str:
    match test:
        case core.Compare(op=op, value=value):
            return f"{quoted(name)} {_OP_WORDS.get(op, op)} {alone(value)}"
        case core.Same():
            return f"{quoted(name)} is the same"
        case core.SameCall():
            return "arguments are those of this very call"
        case core.Bind(name=binder):
            return f"{quoted(name)} is {binder}"
        case _:
            assert_never(test)


def _call(choice: core.EventChoice, evidence: bool) -> str:
    what = f"call of {names(choice.subjects)}" if choice.subjects else "call"
    return (f"a {what}" if choice.subjects else "any call") + (" that returned" if evidence else "")


def _about_call(noun: str) -> Describe:
    def describe(choice: core.EventChoice, evidence: bool) -> str:
        del evidence
        return f"{noun} of a call of {names(choice.subjects)}" if choice.subjects else noun

    return describe


def _of(noun: str, link: str) -> Describe:
    def describe(choice: core.EventChoice, evidence: bool) -> str:
        del evidence
        return f"{noun} {link} {names(choice.subjects)}" if choice.subjects else noun

    return describe


def _effect(verb: str, link: str, anything: str) -> Describe:
    def describe(choice: core.EventChoice, evidence: bool) -> str:
        done = "a call that returned and" if evidence else "a call that"
        return f"{done} {verb} {link}{names(choice.subjects) if choice.subjects else anything}"

    return describe


def _message(choice: core.EventChoice, evidence: bool) -> str:
    del evidence
    sender = f" from {names(choice.subjects)}" if choice.subjects else ""
    return f"a message{sender}" + (f" to {names(choice.to)}" if choice.to else "")


def _fixed(text: str) -> Describe:
    def describe(choice: core.EventChoice, evidence: bool) -> str:
        del choice, evidence
        return text

    return describe


_HEADS: Mapping[core.EventKind, Describe] = {
    "call": _call,
    "fail": _about_call("a failure"),
    "approve": _about_call("an approval"),
    "deny": _about_call("a denial"),
    "input": _of("an input", "from"),
    "say": _fixed("something said to the user"),
    "ask": _fixed("a question"),
    "llm": _of("an answer of a model", "in step"),
    "message": _message,
    "release": _of("a release", "by"),
    "step": _of("a step", "called"),
    "reset": _fixed("a reset of the context"),
    "end": _fixed("the normal end of the run"),
    "read": _effect("reads", "what carries ", "anything tagged"),
    "emit": _effect("emits", "to ", "anywhere"),
    "write": _effect("writes", "to ", "any store"),
    "remember": _of("something remembered", "in"),
    "recall": _of("something recalled", "from"),
}
