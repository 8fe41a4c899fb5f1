"""Mined rules as a file of the language. Every rule in it was replayed on the very runs it is from and holds on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

import attrs

from wfcheck import stdlib
from wfcheck.checker.importers.words import Namer, field, quoted
from wfcheck.checker.mining.rules import Candidate, Suggestion, suggest
from wfcheck.checker.mining.symbols import Word
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.checker.replay.run import replay_trace
from wfcheck.checker.report.escape import counted
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.source import Source

_FILE = "/mined.wf"
_POLICY = "mined"
_LONGEST = 1000


@attrs.frozen
class Mined:
    """The text of the spec and the rules in it, by their names. `dropped`: rules that did not stand the replay."""

    text: str
    rules: Mapping[str, Suggestion]
    dropped: int = 0


def mine_rules(
    passing: Sequence[Word], failing: Sequence[Word], support: int, *, telling: bool = False
) -> Mined:
    """The rules that hold on all passing runs, with `support` runs at least that they judge, as a spec that declares the tools. With
    `telling`, only rules that some failing run breaks."""
    found = [s for s in suggest(passing, failing, support) if (s.broken or not telling) and _sayable(s.rule)]
    named = _named(found)
    policy = _compiled(_rendered(named, passing, failing))
    fallen = _failing(policy, passing)
    kept = {name: s for name, s in named.items() if name not in fallen}
    broken = _broken(policy, failing)
    counts = {name: attrs.evolve(s, broken=broken.get(name, 0)) for name, s in kept.items()}
    ranked = dict(sorted(counts.items(), key=lambda item: -item[1].broken))
    return Mined(_rendered(ranked, passing, failing), ranked, len(found) - len(ranked))


def _sayable(rule: Candidate) -> bool:
    """Whether the names of its tools can be written whole."""
    return all(len(name) <= _LONGEST for name in (rule.first, rule.then, rule.since))


def _named(found: Sequence[Suggestion]) -> dict[str, Suggestion]:
    namer = Namer()
    return {namer(_words(s.rule), "rule"): s for s in found}


def _words(rule: Candidate) -> str:
    match rule.template:
        case "before":
            since = f" since {rule.since}" if rule.since else ""
            return f"{rule.first}{since} before {rule.then}"
        case "follows":
            return f"{rule.then} follows {rule.first}"
        case "never-after":
            return f"no {rule.then} after {rule.first}"
        case "once":
            return f"{rule.then} once"
        case _:
            assert_never(rule.template)


def _compiled(text: str) -> CompiledPolicy:
    made = elaborate.load_all([_FILE], library=stdlib.load, library_names=stdlib.names(), given={_FILE: text})
    wrong = [d for d in made.diagnostics if d.severity is Severity.ERROR]
    if wrong:
        raise RuntimeError(f"the mined rules are no spec: {wrong[0].message}: {text[:2000]}")
    return compile_policy(made.program, ())


def _traces(words: Sequence[Word]) -> list[Trace]:
    """The traces, each once."""
    return list({id(word.trace): word.trace for word in words}.values())


def _failing(policy: CompiledPolicy, words: Sequence[Word]) -> set[str]:
    """The rules that do not hold, for sure, on every run."""
    results = (r for trace in _traces(words) for r in replay_trace(policy, trace))
    return {_plain(r.rule) for r in results if r.verdict != "holds"}


def _broken(policy: CompiledPolicy, words: Sequence[Word]) -> dict[str, int]:
    found: dict[str, int] = {}
    for trace in _traces(words):
        for result in replay_trace(policy, trace):
            if result.verdict == "violated":
                found[_plain(result.rule)] = found.get(_plain(result.rule), 0) + 1
    return found


def _plain(rule: str) -> str:
    return rule.rpartition(".")[2]


def _rendered(rules: Mapping[str, Suggestion], passing: Sequence[Word], failing: Sequence[Word]) -> str:
    arguments = _arguments(passing)
    used = [name for s in rules.values() for name in (s.rule.first, s.rule.then, s.rule.since) if name]
    tools = Namer((_POLICY,)).all(sorted(set(used)), "tool")
    lines = [
        f"# Mined from {counted(len(passing), 'run')} that passed: what all of them did, whatever the reason. Keep what is meant.",
        "# Of the tools only names and arguments are known: what is left unsaid is the worst case.",
        "",
        *(_tool(name, tools[name], arguments.get(name, {})) for name in tools),
        "",
        f"policy {_POLICY} {{",
    ]
    for name, suggestion in rules.items():
        lines += [_support(suggestion, len(failing)), f"  {name}: {_rule(suggestion.rule, tools)}", ""]
    return _formatted("\n".join([*lines, "}"]) + "\n")


def _arguments(words: Sequence[Word]) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for word in words:
        for act in word.acts:
            if act.event.kind == "call" and act.event.tool:
                found.setdefault(act.event.tool, {}).update(dict.fromkeys(act.event.arguments))
    return found


def _tool(foreign: str, name: str, arguments: Mapping[str, None]) -> str:
    fields = [written for argument in arguments if (written := field(argument)) is not None]
    alias = quoted(foreign) if foreign != name else None
    body = f" {{ alias {alias} }}" if alias is not None else ""
    return f"tool {name}({', '.join(f'{f}: any?' for f in fields)}){body}"


def _support(suggestion: Suggestion, failing: int) -> str:
    broken = f"; broken by {suggestion.broken} of {counted(failing, 'failing run')}" if failing else ""
    return f"  ## Held in all {counted(suggestion.runs, 'passing run')} that it judges{broken}."


def _rule(rule: Candidate, tools: Mapping[str, str]) -> str:
    first, then = tools.get(rule.first, ""), tools[rule.then]
    match rule.template:
        case "before":
            since = f" since {tools[rule.since]}" if rule.since else ""
            return f"require {first}{_same(rule)}{since} before {then}"
        case "follows":
            return f"require {then} after {first} before end"
        case "never-after":
            return f"forbid {then} after {first}"
        case "once":
            return f"limit count({then}) <= 1 per run"
        case _:
            assert_never(rule.template)


def _same(rule: Candidate) -> str:
    names = [written for name in rule.same if (written := field(name)) is not None]
    return f"({', '.join(f'{name}: same' for name in names)})" if names else ""


def _formatted(text: str) -> str:
    found = format_source(Source(_FILE, text))
    if not isinstance(found, str):
        raise RuntimeError(f"the mined rules are no spec: {found[0].message}: {text[:2000]}")
    return found
