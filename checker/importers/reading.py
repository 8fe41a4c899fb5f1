"""Texts of other systems as plain values. Whatever is wrong with them is bad input that says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from wfcheck.dsl.diagnostic import Diagnostic, WfError

LARGEST = 20_000_000


def json_of(text: str, source: str) -> Any:
    """The value of a JSON text.

    Raises:
        WfError: it is none, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise bad(source, "it is nested too deeply") from None
    except ValueError:
        raise bad(source, "it is not JSON") from None


def text_at(value: Mapping[str, Any], key: str) -> str:
    """The text under a key; empty for anything else."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def listed(value: Any) -> list[Any]:
    """A list as it is, anything else as an empty one."""
    return value if isinstance(value, list) else []


def bad(source: str, why: str, help_: str | None = None) -> WfError:
    """The source cannot be imported."""
    return WfError(
        Diagnostic("WF820", f"`{source}` cannot be imported", None, notes=(why,), help=help_, file=source)
    )
