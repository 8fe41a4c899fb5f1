"""What the events of a rule are, as far as declarations say it: assumptions of every proof of the rule."""

from __future__ import annotations

from wfcheck.checker.labels.worst import TOOL_EFFECTS
from wfcheck.checker.search.sessions import patterns
from wfcheck.dsl import core

_DECLARED = frozenset({"emit", "write", "read"})


def relies_on(body: core.RuleBody) -> tuple[str, ...]:
    """`tool-effects`, if the rule speaks of what tools read, write or emit."""
    kinds = {choice.kind for pattern in patterns(body) for choice in pattern.choices}
    return (TOOL_EFFECTS,) if kinds & _DECLARED else ()
