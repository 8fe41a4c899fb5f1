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
    "WF101": ("unexpected word or sign", "something stands where the grammar has no place for it"),
    "WF102": ("the file ends too early", "the file ends in the middle of a construct"),
    "WF103": ("unclosed bracket", "a bracket is opened and never closed"),
    "WF104": ("unopened bracket", "a bracket is closed that nothing opened"),
    "WF105": ("meaningless character", "a character has no meaning in the language"),
    "WF106": ("broken text", "a text in quotes has no end, or holds what a text cannot hold"),
    "WF107": ("broken number", "a number is written in a way the language does not have"),
    "WF108": ("unclosed name", "a name in back-quotes has no end on its line"),
    "WF109": ("unclosed regular expression", "a regular expression after `matches` has no end on its line"),
    "WF110": ("too long", "a name, a number, a text or a regular expression is longer than the language allows"),
    "WF111": ("nested too deeply", "brackets or blocks are nested deeper than the language allows"),
    "WF112": ("no such date or time", "a date or a time is not in the calendar"),
    "WF113": ("reserved word as a name", "a reserved word stands where a name is wanted"),
    "WF114": ("misspelt word", "a word of the language seems to be misspelt"),
    "WF115": ("late import", "an import stands after a declaration"),
    "WF116": ("rule without a name", "a rule has no name; only `allow` may go without"),
    "WF117": ("clause written twice", "a clause that may stand once is written twice"),
    "WF119": ("wrong number of type arguments", "a type takes other arguments than it was given"),
    "WF120": ("not a path or an event", "something else stands where a path of fields or an event is wanted"),
    "WF122": ("look-alike characters in a name", "a name uses characters that look like others"),
    "WF123": ("not an entry of a register", "the left side of `:=` in a `track` is not an entry of that register"),
    "WF801": ("unknown setting", "the configuration has a key that wfcheck does not know"),
    "WF802": ("unfit setting", "a value in the configuration is of the wrong kind"),
    "WF803": ("unreadable configuration", "the configuration cannot be read or is not valid TOML"),
    "WF804": ("nothing to read", "a folder holds no `.wf` file"),
    "WF805": ("unusable baseline", "the file given as a baseline is not a report of wfcheck"),
    "WF806": ("nothing selected", "no rule or workflow has the name that was asked for"),
    "WF807": ("unwritable output", "the report cannot be written where it should go"),
    "WF808": ("unknown code", "there is no diagnostic code of that name"),
    "WF809": ("unknown picture format", "the format of a graph does not follow from the file name, or a picture has no file to go to"),
}
_WARNINGS: dict[str, tuple[str, str]] = {
}


def _registry() -> dict[str, Code]:
    made = [Code(code, *words) for code, words in _ERRORS.items()]
    made += [Code(code, *words, Severity.WARNING) for code, words in _WARNINGS.items()]
    return {code.code: code for code in sorted(made, key=lambda c: c.code)}


CODES: Mapping[str, Code] = _registry()
