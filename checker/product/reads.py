"""What statements read, and which of them cannot be walked in one go."""

from __future__ import annotations

from wfcheck.dsl import core
from wfcheck.dsl.walk import expressions, locals_of, statements

FULL_RETRIES = 3
"""Up to so many attempts are walked one by one."""


def reads(block: core.Block) -> frozenset[str]:
    """The variables that the statements of a block may read, at any depth."""
    found: set[str] = set()
    for statement in statements(block):
        for expression in expressions(statement):
            found.update(name for name, _ in locals_of(expression))
    return frozenset(found)


def cuts(statement: core.Statement) -> bool:
    """Whether control may come back to some place in the statement any number of times, or its parts need an order."""
    return any(_cut(inner) for inner in statements((statement,)))


def _cut(statement: core.Statement) -> bool:
    match statement:
        case core.For() | core.While() | core.Agent() | core.Parallel():
            return True
        case core.Retry(attempts=attempts, body=body):
            return attempts > FULL_RETRIES or any(isinstance(s, core.Retry) for s in statements(body))
        case _:
            return False


def leaves_early(block: core.Block, *, failing: bool) -> bool:
    """Whether a block may end more than itself: by `stop`, `return`, a refusal or (`failing`) a call that fails."""
    return any(_leaves(statement, failing) for statement in statements(block))


def _leaves(statement: core.Statement, failing: bool) -> bool:
    match statement:
        case core.Stop() | core.Return():
            return True
        case core.Approve(otherwise=None):
            return True
        case core.Call():
            return failing
        case _:
            return False
