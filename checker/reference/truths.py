"""Kleene's three-valued connectives; an unknown carries its reason."""

from __future__ import annotations

from collections.abc import Iterable

from wfcheck.checker.reference.evaluate import Truth
from wfcheck.checker.reference.values import Unknown


def all_of(truths: Iterable[Truth]) -> Truth:
    """False if any is, else unknown if any is, else true."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if isinstance(truth, Unknown) and result is True:
            result = truth
    return result


def any_of(truths: Iterable[Truth]) -> Truth:
    """True if any is, else unknown if any is, else false."""
    result: Truth = False
    for truth in truths:
        if truth is True:
            return True
        if isinstance(truth, Unknown) and result is False:
            result = truth
    return result


def both(*truths: Truth) -> Truth:
    """Kleene's and."""
    return all_of(truths)


def negated(truth: Truth) -> Truth:
    """Kleene's not."""
    return truth if isinstance(truth, Unknown) else not truth
