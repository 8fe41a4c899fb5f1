"""Annotations: `@severity(high)`, `@risk("...")`, `@failure`, `@harm`, `@cite`; `@risk(poisoning)` is `@risk("poisoning")`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wfcheck.dsl import syntax
from wfcheck.dsl.core import Value
from wfcheck.dsl.elaboration.context import Context
from wfcheck.dsl.elaboration.names import did_you_mean
from wfcheck.dsl.source import Span

SEVERITIES = ("low", "medium", "high", "critical")
TEXTS = ("risk", "failure", "harm", "cite")


def elaborate_annotations(
    context: Context, annotations: Iterable[syntax.Annotation]
) -> Mapping[str, tuple[Value, ...]]:
    """The values of each annotation by its name; several of one name (not of `severity`) are put together."""
    found: dict[str, tuple[Value, ...]] = {}
    places: dict[str, Span] = {}
    for annotation in annotations:
        name = annotation.name.text
        if name == "severity" and name in places:
            labels = [(places[name], "first given here")]
            context.report("WF244", "the severity is given twice", annotation.span, labels=labels)
            continue
        places[name] = annotation.span
        values = _values(context, annotation)
        if values:
            found[name] = found.get(name, ()) + values
    return found


def _values(context: Context, annotation: syntax.Annotation) -> tuple[Value, ...]:
    name = annotation.name.text
    if name == "severity":
        return _severity(context, annotation)
    if name in TEXTS:
        return _texts(context, annotation)
    context.report(
        "WF243",
        f"there is no annotation `@{name}`",
        annotation.name.span,
        help=did_you_mean(name, ("severity", *TEXTS)),
        notes=("the annotations are " + ", ".join(f"`@{known}`" for known in ("severity", *TEXTS)),),
    )
    return ()


def _severity(context: Context, annotation: syntax.Annotation) -> tuple[Value, ...]:
    match annotation.values:
        case (syntax.Name(text=word),) if word in SEVERITIES:
            return (word,)
        case (syntax.Name(text=word),):
            help_ = did_you_mean(word, SEVERITIES) or "write low, medium, high or critical"
        case _:
            help_ = "write low, medium, high or critical"
    context.report("WF244", "`@severity` takes one of four words", annotation.span, help=help_)
    return ()


def _texts(context: Context, annotation: syntax.Annotation) -> tuple[Value, ...]:
    values = tuple(text for value in annotation.values if (text := _text(value)))
    if not values or len(values) != len(annotation.values):
        name = annotation.name.text
        context.report("WF244", f"`@{name}` takes text", annotation.span, help=f'write `@{name}("...")`')
    return values


def _text(value: syntax.Expr) -> str | None:
    match value:
        case syntax.TextLit(value=text) | syntax.Name(text=text):
            return text
        case _:
            return None


def merged(annotations: Sequence[Mapping[str, tuple[Value, ...]]]) -> Mapping[str, tuple[Value, ...]]:
    """Everything that several say; of several severities the highest."""
    found: dict[str, tuple[Value, ...]] = {}
    for one in annotations:
        for name, values in one.items():
            found[name] = found.get(name, ()) + values
    if "severity" in found:
        ranks = [SEVERITIES.index(str(word)) for word in found["severity"]]
        found["severity"] = (SEVERITIES[max(ranks)],)
    return found


def inherited(
    own: Mapping[str, tuple[Value, ...]], policy: Mapping[str, tuple[Value, ...]]
) -> Mapping[str, tuple[Value, ...]]:
    """What a rule says, and of each annotation that it does not have what its policy says."""
    return {**policy, **own}
