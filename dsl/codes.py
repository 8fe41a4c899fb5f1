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


# fmt: off
_ERRORS = {
    "WF001": ("no such file", "a file that was named does not exist"),
    "WF002": ("a folder where a file is wanted", "a file is wanted, and the path leads to a folder"),
    "WF003": ("unreadable file", "a file exists and cannot be read"),
    "WF004": ("not UTF-8", "a file is not UTF-8 text"),
    "WF005": ("invisible character", "a file holds a control or a direction character"),
    "WF006": ("file too large", "a file is larger than a spec may be"),
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
    "WF201": ("unknown name", "nothing of the wanted kind has this name here"),
    "WF202": ("name of another kind", "a name stands for something of another kind than is wanted here"),
    "WF203": ("unknown prefix", "no import is called by the prefix of a dotted name"),
    "WF204": ("expression where a name is wanted", "an expression stands where something is named"),
    "WF205": ("import that cannot be read", "an imported file cannot be read, or is not named by a relative path"),
    "WF206": ("unknown library module", "the standard library has no module of this name"),
    "WF207": ("circular imports", "imports lead back to the file they start from"),
    "WF211": ("unknown variable", "nothing that has a value is called by this name here"),
    "WF212": ("unknown function", "no function, tool, release, workflow or definition has this name"),
    "WF213": ("ambiguous member", "a name is both a variable here and a member of the enum that is wanted"),
    "WF214": ("now outside of rules", "`now` is used outside of a rule"),
    "WF215": ("register outside of rules", "a tracked register is read outside of a rule"),
    "WF220": ("tag of the other side", "a tag of the one side stands where only tags of the other have a meaning"),
    "WF221": ("group of another kind", "a group holds something else than the tags that are wanted here"),
    "WF230": ("recursive definition", "a definition uses itself"),
    "WF301": ("type mismatch", "a value is of another type than is wanted here"),
    "WF302": ("operator on the wrong type", "an operator or a function does not take a value of this type"),
    "WF303": ("not a condition", "something that is not true or false stands where a condition is wanted"),
    "WF304": ("possibly absent value", "a value that may be `none` is used where a value is needed"),
    "WF305": ("unknown member", "a text is no member of the enum that is wanted"),
    "WF306": ("constant outside of its type", "a constant is outside of the refinement it has to satisfy"),
    "WF307": ("unknown field", "a record has no field of this name"),
    "WF308": ("value without fields", "a value that is no record is asked for a field"),
    "WF309": ("value without elements", "a value that is no list and no map is indexed"),
    "WF310": ("mixed elements", "the elements of a list or a set are of different types"),
    "WF311": ("map with other keys", "a map whose keys are no texts is written with field names"),
    "WF312": ("field given twice", "a record gives one field twice"),
    "WF313": ("missing field", "a record leaves out a field of its type"),
    "WF315": ("unfit key of a map", "a type cannot be the key of a map"),
    "WF316": ("empty refinement", "no value satisfies a refinement"),
    "WF317": ("unknown type", "no type has this name"),
    "WF318": ("recursive type", "a type contains itself"),
    "WF320": ("not a function", "something that has no name of a function is called"),
    "WF321": ("call where nothing may run", "a tool, a release or a workflow is called where no step can be taken"),
    "WF322": ("wrong arguments of a function", "a function or a definition is called with other arguments than it takes"),
    "WF323": ("function only for rules", "a function of the text or history layer is used outside of a rule"),
    "WF324": ("zip out of place", "several names walk several lists only with `zip`"),
    "WF325": ("name bound twice", "two names of one quantifier are the same"),
    "WF326": ("not a list", "a quantifier goes through something that is no list"),
    "WF330": ("unfit regular expression", "a regular expression is broken, or uses what the dialect leaves out"),
    "WF331": ("no such moment", "a date, a time or a duration does not exist, or is too large"),
    "WF332": ("regular expression out of place", "a regular expression stands elsewhere than after `matches`"),
    "WF333": ("via out of place", "`via` stands elsewhere than in a set of tags"),
    "WF334": ("pattern that is not constant", "the pattern of `like` or `matches` is not a constant text"),
    "WF340": ("expression too deep", "an expression or a type is nested too deeply, or a chain of operators is too long"),
    "WF341": ("expression too large", "an expression grows too large once its definitions are put in"),
    "WF401": ("perhaps not assigned", "a variable is read on a path on which nothing has assigned it"),
    "WF402": ("parameter declared twice", "two parameters have one name"),
    "WF403": ("assignment of another type", "a variable is assigned a value of another type than before"),
    "WF404": ("step name used twice", "two llm or agent steps of a workflow have one name"),
    "WF405": ("contract named twice", "two contracts have one name"),
    "WF406": ("missing argument", "a call leaves out an argument that is not optional"),
    "WF407": ("argument that does not exist", "a call gives an argument that does not exist"),
    "WF408": ("argument given twice", "a call gives one argument twice"),
    "WF409": ("call that may not happen", "a tool is called in a part of an expression that may not be evaluated"),
    "WF410": ("positional after named", "a positional argument follows a named one"),
    "WF411": ("recursive workflow", "a workflow calls itself, perhaps through others"),
    "WF412": ("workflow without a result", "the result of a workflow that returns nothing is used"),
    "WF413": ("call without effect", "a function is called as a statement and its result is not used"),
    "WF414": ("return without a value", "a `return` gives no value, and the workflow promises one"),
    "WF415": ("loop over no list", "a `for` goes through something that is no list and no map"),
    "WF416": ("key of a store", "a store is used without the key it needs, or with one it does not have"),
    "WF417": ("where without elements", "`recall ... where` picks from something that has no elements"),
    "WF418": ("path without a return", "a path through a workflow with a result ends without a `return`"),
    "WF420": ("hidden tool that is not allowed", "a tool is hidden from an agent that may not call it"),
    "WF421": ("tool allowed twice", "a tool stands twice in `may`"),
    "WF422": ("may without a store", "`remember` or `recall` in `may` does not say which store"),
    "WF423": ("not a constant number", "a bound is not a constant whole number of at least 1"),
    "WF424": ("group without tools", "a group of something else stands where tools are wanted"),
    "WF425": ("unfit bound of an approval", "`within` takes a number of steps or a duration"),
    "WF426": ("interference between branches", "one branch of `parallel` assigns what another reads or assigns"),
    "WF430": ("missing case", "the cases of a `match` do not cover every value"),
    "WF432": ("value taken twice", "an earlier case takes the same value"),
    "WF433": ("unfit pattern", "a case takes a constant of the type of the subject, and this is none"),
    "WF434": ("pattern that takes everything", "a pattern that takes everything stands beside others in one case"),
    "WF435": ("case of no member", "a case names something that is no member of the enum"),
    "WF442": ("blocks nested too deeply", "blocks of a workflow are nested too deeply"),
    "WF443": ("workflow too large", "a workflow has too many statements once the workflows it calls are put in"),
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
    "WF431": ("unreachable case", "a case is never reached, because the cases before take every value"),
    "WF440": ("unreachable statement", "a statement is never reached"),
    "WF441": ("unused variable", "a variable is assigned and never read"),
}
# fmt: on


def _registry() -> dict[str, Code]:
    made = [Code(code, *words) for code, words in _ERRORS.items()]
    made += [Code(code, *words, Severity.WARNING) for code, words in _WARNINGS.items()]
    return {code.code: code for code in sorted(made, key=lambda c: c.code)}


CODES: Mapping[str, Code] = _registry()
