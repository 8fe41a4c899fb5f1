"""What to say about a token that fits nowhere, and where to go on."""

from __future__ import annotations

from difflib import get_close_matches

from wfcheck.dsl.diagnostic import Diagnostic, Label
from wfcheck.dsl.parsing.lalr import MAX_DEPTH, Machine, viable
from wfcheck.dsl.parsing.tables import Tables
from wfcheck.dsl.parsing.tokens import RESERVED, words

_BOUNDARIES = (
    "statement",
    "case",
    "branch",
    "clause",
    "principal_clause",
    "track_update",
    "rule",
    "test_line",
    "expectation",
    "item",
)
_MAX_GUESSES = 50
_CONDITIONS = frozenset({"when", "if", "where", "while", "requires", "ensures", "invariant"})
_MAY_END = frozenset({"return", "stop", "receive"})
_NAMING = frozenset({":", "=", "(", "."})
_COMPARISONS = words("EQ NE LT LE GT GE")
_INFIX = ["and", "or", "in", "implies", "like", "matches", "contains", "startswith", "endswith"]
_OPERATORS = words(
    "PLUS MINUS STAR SLASH EQ NE LT LE GT GE AND OR IMPLIES IN LIKE CONTAINS STARTSWITH "
    "ENDSWITH MATCHES DOT LSQB LPAR NOT QMARK"
)
_EXPRESSION = words(
    "NAME INT DECIMAL DURATION DATE DATETIME CLOCK STRING TRUE FALSE NONE LPAR LSQB LBRACE MINUS NOT IF ANY ALL "
    "COUNT SUM MIN MAX"
)
_WORDS = {
    "NAME": "a name",
    "STRING": "a text in double quotes",
    "INT": "a whole number",
    "DECIMAL": "a number",
    "DURATION": "a duration such as `24h`",
    "DATE": "a date",
    "DATETIME": "a time",
    "CLOCK": "a clock such as `12:00:05`",
    "REGEX": "a regular expression such as `/[a-z]+/`",
    "$END": "the end of the file",
}


def describe(machine: Machine) -> Diagnostic:
    """The diagnostic for the token at `machine.row`."""
    row, tokens = machine.row, machine.tokens
    span = tokens.span(row, row)
    if machine.too_deep:
        here = tokens.span(machine.last, machine.last)
        message = f"this is nested deeper than {MAX_DEPTH} levels"
        return Diagnostic("WF111", message, here, help="give the inner parts names of their own")
    expected = acceptable(machine.tables, machine.states)
    if tokens.kinds[row] in _COMPARISONS and "AND" in expected:
        help_ = "comparisons do not chain: write `a < b and b < c`"
        return Diagnostic("WF101", f"unexpected `{tokens.texts[row]}`", span, help=help_)
    if tokens.texts[row] == ">=" and "GT" in expected:
        help_ = "leave a blank between `>`, which ends the type, and `=`"
        return Diagnostic("WF101", "unexpected `>=`", span, help=help_)
    if tokens.texts[row] == "=" and ("EQ" in expected or _in_condition(machine)):
        return Diagnostic("WF101", "unexpected `=`", span, help="to compare, write `==`")
    misspelt = _misspelt(machine, expected)
    if misspelt is not None:
        return misspelt
    if tokens.kinds[row] == "$END":
        help_ = _help(machine, expected)
        return Diagnostic("WF102", "the file ends too early", span, labels=_before(machine), help=help_)
    text = tokens.texts[row]
    if text in RESERVED and "NAME" in expected:
        help_ = f"as a name it is written in back-quotes: `` `{text}` ``"
        return Diagnostic("WF113", f"`{text}` is a reserved word", span, help=help_)
    if _named_line(machine):
        place, help_ = tokens.span(row - 2, row - 2), "finish it, or leave it out"
        return Diagnostic("WF101", "this line is not finished", place, help=help_)
    shown = text if len(text) <= 40 else text[:37] + "..."
    labels = _before(machine)
    return Diagnostic("WF101", f"unexpected `{shown}`", span, labels=labels, help=_help(machine, expected))


def _before(machine: Machine) -> tuple[Label, ...]:
    """Where a token begins a line, what is missing is often missing on the line before."""
    tokens, row = machine.tokens, machine.row
    if row == 0 or not tokens.first(row) or machine.last != row - 1:
        return ()
    return (Label(tokens.span(row - 1, row - 1), "it follows this"),)


def _in_condition(machine: Machine) -> bool:
    """Whether a word before, on the same line, begins a condition."""
    tokens, row = machine.tokens, machine.row - 1
    while row > 0 and not tokens.first(row) and tokens.texts[row] not in _CONDITIONS:
        row -= 1
    return row >= 0 and tokens.texts[row] in _CONDITIONS


def _named_line(machine: Machine) -> bool:
    """Whether the word before begins a line, `name:` or `name =`, and was taken for the rest of the line above."""
    tokens, row = machine.tokens, machine.row
    if row < 2 or tokens.texts[row] not in {":", "="} or not tokens.first(row - 1) or machine.last != row - 1:
        return False
    if tokens.texts[row - 2] in _MAY_END:
        return False
    size = machine.begins.index(row - 1) if row - 1 in machine.begins else 0
    return not size or not any(b in machine.tables.gotos[machine.states[size - 1]] for b in _BOUNDARIES)


def acceptable(tables: Tables, states: list[int]) -> set[str]:
    """All terminals that may come next."""
    return {kind for kind in tables.actions[states[-1]] if viable(tables, states, kind)}


def _misspelt(machine: Machine, expected: set[str]) -> Diagnostic | None:
    tokens, row = machine.tokens, machine.row
    before = machine.begins.index(row - 1) if row and row - 1 in machine.begins else 0
    earlier = acceptable(machine.tables, machine.states[:before]) if before else set()
    for place, kinds in ((row, expected), (row - 1, earlier)):
        if place < 0 or not _is_word(tokens.texts[place]) or tokens.texts[place] in RESERVED:
            continue
        near = _nearest(
            tokens.texts[place], [machine.tables.spellings[k] for k in kinds if k in machine.tables.spellings]
        )
        if near is not None and near != tokens.texts[place]:
            message = f"unknown word `{tokens.texts[place]}`"
            return Diagnostic("WF114", message, tokens.span(place, place), help=f"did you mean `{near}`?")
    return _misspelt_infix(machine)


def _misspelt_infix(machine: Machine) -> Diagnostic | None:
    """`a ad b`: the word before was read as the beginning of a statement."""
    tokens, row = machine.tokens, machine.row
    if row < 2 or tokens.first(row) or tokens.first(row - 1) or tokens.kinds[row - 1] != "NAME":
        return None
    word = tokens.texts[row - 1]
    near = _nearest(word, _INFIX) if _is_word(word) and word not in machine.tables.keywords else None
    if near is None:
        return None
    place = tokens.span(row - 1, row - 1)
    return Diagnostic("WF114", f"unknown word `{word}`", place, help=f"did you mean `{near}`?")


def _is_word(text: str) -> bool:
    return text.isidentifier() and len(text) > 1


def _nearest(word: str, words: list[str]) -> str | None:
    letters = sorted(w for w in words if w.isalpha())
    if word.lower() in letters:
        return word.lower()
    found = get_close_matches(word.lower()[:40], letters, n=1, cutoff=0.75)
    return found[0] if found else None


def _help(machine: Machine, expected: set[str]) -> str:
    spellings, rest, parts = machine.tables.spellings, set(expected), []
    if {"TOOL", "WORKFLOW"} <= rest:
        parts.append("a declaration")
        rest -= {k for k in rest if k not in {"IMPORT", "$END"} and not _is_closer(k)}
    if {"RETURN", "MATCH", "IF"} <= rest:
        parts.append("a statement")
        rest = {k for k in rest if _is_closer(k) or k == "$END"}
    if {"NAME", "INT", "STRING", "LPAR"} <= rest:
        parts.append("an expression")
        rest -= _EXPRESSION
    if "PLUS" in rest:
        rest -= _OPERATORS
        parts.append("an operator")
    parts += sorted(
        _WORDS[k] if k in _WORDS else f"`{spellings[k]}`" for k in rest if k in _WORDS or k in spellings
    )
    return "expected " + _either(parts)


def _is_closer(kind: str) -> bool:
    return kind in {"RBRACE", "RPAR", "RSQB"}


def _either(parts: list[str]) -> str:
    shown = parts[:7] + (["..."] if len(parts) > 7 else [])
    return (
        shown[0]
        if len(shown) == 1
        else f"{', '.join(shown[:-1])} or {shown[-1]}"
        if shown
        else "nothing more"
    )


def recover(machine: Machine) -> bool:
    """Give up the broken construct and step to the next boundary; false where there is none."""
    for size in range(len(machine.states), 0, -1):
        gotos = machine.tables.gotos[machine.states[size - 1]]
        if not any(boundary in gotos for boundary in _BOUNDARIES):
            continue
        row = _boundary(machine, size)
        if row is not None:
            _resume(machine, size, row)
            return True
    return False


def _boundary(machine: Machine, size: int) -> int | None:
    """The next token that may follow the first `size` states: the first of a line, at the same bracket level."""
    tokens, states = machine.tokens, machine.states[:size]
    broken = machine.begins[size] if size < len(machine.begins) else machine.row
    context = tokens.openers[broken]
    outside = tokens.openers[context] if context >= 0 else None
    guesses = _MAX_GUESSES
    for row in range(machine.row - _named_line(machine), len(tokens.kinds)):
        kind, opener = tokens.kinds[row], tokens.openers[row]
        if kind == "$END":
            return row if viable(machine.tables, states, kind) else None
        if opener == outside:
            return row if row > broken and viable(machine.tables, states, kind) else None
        if opener != context or row <= broken or not tokens.first(row):
            continue
        if _begins(machine, states, row):
            return row
        if kind == "NAME" and guesses:
            guesses -= 1
            if _resembles(machine, states, row):
                return row
    return None


def _begins(machine: Machine, states: list[int], row: int) -> bool:
    """Whether a line starts something here."""
    tokens = machine.tokens
    kind = tokens.kinds[row]
    if kind in machine.soft and kind != "DOC":
        return viable(machine.tables, states, "NAME" if tokens.named(row) else kind)
    if kind == "NAME" and tokens.texts[row + 1] not in _NAMING:
        return False
    return viable(machine.tables, states, kind)


def _resembles(machine: Machine, states: list[int], row: int) -> bool:
    """Whether a line starts with a misspelt keyword, which is then to be reported too."""
    spellings = machine.tables.spellings
    words_ = [spellings[k] for k in acceptable(machine.tables, states) if k in spellings]
    return _nearest(machine.tokens.texts[row], words_) is not None


def _resume(machine: Machine, size: int, row: int) -> None:
    machine.truncate(size)
    machine.row = row
    machine.settled = -1
    machine.too_deep = False
