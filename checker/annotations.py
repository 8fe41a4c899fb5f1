"""What rules say of themselves: the risk they stand against, the failure and the harm they speak of; and verdicts grouped by it.

Three axes, after ATBench: where a risk comes from, how the run fails, what harm is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import attrs

from wfcheck.dsl import core

AXES = ("risk", "failure", "harm")
Annotations: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""The texts of `@risk`, `@failure`, `@harm` and `@cite` of a rule, in this order; those that it does not have are left out."""
Noted: TypeAlias = tuple[Annotations, str, str, bool]
"""Of a result: what its rule says of itself, the rule's name, the verdict, and whether it needs attention."""


def annotations_of(rule: core.Rule | None) -> Annotations:
    """What a rule (None: a built-in one) says of itself, but for its severity."""
    if rule is None:
        return ()
    return tuple(
        (name, tuple(dict.fromkeys(map(str, values))))
        for name in (*AXES, "cite")
        if (values := rule.annotations.get(name))
    )


def annotations_json(annotations: Annotations) -> dict[str, list[str]]:
    """As in the machine formats."""
    return {name: list(values) for name, values in annotations}


@attrs.frozen
class Group:
    """All results of the rules that bear one value on one axis. `counts`: results by verdict, most frequent first. `attention`: the
    rules of those that need it."""

    axis: str
    value: str
    counts: Mapping[str, int]
    rules: tuple[str, ...]
    attention: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """As in the machine formats."""
        return {
            "annotation": self.axis,
            "value": self.value,
            "verdicts": dict(self.counts),
            "rules": list(self.rules),
            "attention": list(self.attention),
        }


def by_annotation(results: Iterable[Noted]) -> tuple[Group, ...]:
    """The results by axis and value, values in alphabetical order; a result counts once for each of its values. The memory does not
    grow with their number."""
    found: Counter[tuple[str, str, str, str, bool]] = Counter()
    for said, rule, verdict, bad in results:
        for axis, values in said:
            for value in values if axis in AXES else ():
                found[axis, value, rule, verdict, bad] += 1
    members: dict[tuple[str, str], list[tuple[str, str, bool, int]]] = {}
    for (axis, value, rule, verdict, bad), number in found.items():
        members.setdefault((axis, value), []).append((rule, verdict, bad, number))
    keys = sorted(members, key=lambda key: (AXES.index(key[0]), key[1].casefold(), key[1]))
    return tuple(_group(*key, members[key]) for key in keys)


def _group(axis: str, value: str, members: list[tuple[str, str, bool, int]]) -> Group:
    counts: Counter[str] = Counter()
    for _, verdict, _, number in members:
        counts[verdict] += number
    return Group(
        axis,
        value,
        dict(sorted(counts.items(), key=lambda one: (-one[1], one[0]))),
        tuple(dict.fromkeys(rule for rule, _, _, _ in members)),
        tuple(dict.fromkeys(rule for rule, _, bad, _ in members if bad)),
    )
