"""Built-in rules about contracts and conditions: what a callee requires, what a workflow promises, that no condition errs."""

from __future__ import annotations

from wfcheck.checker.rules.contracts.defined import check as defined
from wfcheck.checker.rules.contracts.promises import ensures as promises
from wfcheck.checker.rules.contracts.promises import invariants
from wfcheck.checker.rules.contracts.requires import check as requires

__all__ = ["defined", "invariants", "promises", "requires"]
