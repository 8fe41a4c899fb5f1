"""The registry of diagnostic codes. The first digit is the stage; a number, once given, keeps its meaning.

Each code has a page in checker/explain with an example that yields it and one that does not."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.dsl.diagnostic import Severity

STAGES = {
    "0": "reading files",
    "1": "syntax",
    "2": "names, imports and declarations",
    "3": "types",
    "4": "workflows",
    "5": "rules and tests",
    "6": "verdicts",
    "7": "traces and replay",
    "8": "configuration and usage",
    "9": "the environment",
}


@attrs.frozen
class Code:
    """`title` is a few words; `summary` one sentence; `severity` the usual one."""

    code: str
    title: str
    summary: str
    severity: Severity = Severity.ERROR

    @property
    def stage(self) -> str:
        """Where in the pipeline it is found."""
        return STAGES[self.code[2]]


_ERRORS = {
    "WF801": ("unknown setting", "the configuration has a key that wfcheck does not know"),
    "WF802": ("unfit setting", "a value in the configuration is of the wrong kind"),
    "WF803": ("unreadable configuration", "the configuration cannot be read or is not valid TOML"),
    "WF804": ("nothing to read", "a folder holds no `.wf` file"),
    "WF805": ("unusable baseline", "the file given as a baseline is not a report of wfcheck"),
    "WF806": ("nothing selected", "no rule or workflow has the name that was asked for"),
    "WF807": ("unwritable output", "the report cannot be written where it should go"),
    "WF808": ("unknown code", "there is no diagnostic code of that name"),
}
_WARNINGS: dict[str, tuple[str, str]] = {}


def _registry() -> dict[str, Code]:
    made = [Code(code, *words) for code, words in _ERRORS.items()]
    made += [Code(code, *words, Severity.WARNING) for code, words in _WARNINGS.items()]
    return {code.code: code for code in sorted(made, key=lambda c: c.code)}


CODES: Mapping[str, Code] = _registry()
