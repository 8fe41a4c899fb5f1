"""An automaton as a picture: DOT and Mermaid. Names out of traces are inert in both."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from wfcheck.checker.mining.automaton import Automaton, Transition
from wfcheck.checker.report.escape import visible

_LABEL = 60


def dot(automaton: Automaton) -> str:
    """Graphviz: doubled circles are where runs end, thick arrows are what most runs did."""
    lines = ["digraph automaton {", "  rankdir=LR", "  node [shape=circle]"]
    lines += [
        f'  s{n} [label="{n}\\n{state.runs}"{", shape=doublecircle" if state.ends else ""}]'
        for n, state in enumerate(automaton.states)
    ]
    lines += [
        f'  s{t.source} -> s{t.target} [label="{_quoted(t)}", penwidth={_width(automaton, t)}]'
        for t in automaton.transitions
    ]
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(automaton: Automaton) -> str:
    """A flow chart; rounded twice where runs end."""
    return "\n".join(_mermaid(automaton)) + "\n"


def _mermaid(automaton: Automaton) -> Iterator[str]:
    yield "flowchart LR"
    for number, state in enumerate(automaton.states):
        opened, closed = ("(((", ")))") if state.ends else ("((", "))")
        yield f'  s{number}{opened}"{number}"{closed}'
    for t in automaton.transitions:
        yield f'  s{t.source} -->|"{_entities(t)}"| s{t.target}'


def _words(transition: Transition) -> str:
    return f"{visible(str(transition.symbol), limit=_LABEL)} ({transition.runs})"


def _quoted(transition: Transition) -> str:
    return _words(transition).replace("\\", "\\\\").replace('"', '\\"')


def _entities(transition: Transition) -> str:
    """Everything but letters, digits and a few signs as an entity code."""
    text = escape(_words(transition), quote=True)
    return "".join(c if c.isalnum() or c in " _().,:-&;#" else f"#{ord(c)};" for c in text)


def _width(automaton: Automaton, transition: Transition) -> float:
    share = transition.runs / max(automaton.counted.passing, 1)
    return round(1 + 3 * share, 1)
