"""The patterns of LangGraph's documentation as small graphs, exported in both forms.

python langgraph_samples.py FOLDER
"""

from __future__ import annotations

import json
import operator
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Command, Send


class State(TypedDict):
    topic: str
    notes: Annotated[list[str], operator.add]


def step(_: State) -> dict[str, Any]:
    return {"notes": ["done"]}


def chain() -> Any:
    """Prompt chaining with a gate."""
    graph = StateGraph(State)
    for name in ("generate_joke", "improve_joke", "polish_joke"):
        graph.add_node(name, step)
    graph.add_edge(START, "generate_joke")
    graph.add_conditional_edges("generate_joke", lambda _: "Fail", {"Fail": "improve_joke", "Pass": END})
    graph.add_edge("improve_joke", "polish_joke")
    graph.add_edge("polish_joke", END)
    return graph.compile()


def parallel() -> Any:
    """Parallelisation and an aggregator."""
    graph = StateGraph(State)
    for name in ("call_llm_1", "call_llm_2", "call_llm_3", "aggregator"):
        graph.add_node(name, step)
    for name in ("call_llm_1", "call_llm_2", "call_llm_3"):
        graph.add_edge(START, name)
        graph.add_edge(name, "aggregator")
    graph.add_edge("aggregator", END)
    return graph.compile()


def routing() -> Any:
    """A router over a closed set."""
    graph = StateGraph(State)
    graph.add_node("router", step)
    names = ["write_story", "write_joke", "write_poem"]
    for name in names:
        graph.add_node(name, step)
        graph.add_edge(name, END)
    graph.add_edge(START, "router")
    graph.add_conditional_edges("router", lambda _: "write_joke", names)
    return graph.compile()


def workers() -> Any:
    """Orchestrator and workers by `Send`."""
    graph = StateGraph(State)
    graph.add_node("orchestrator", step)
    graph.add_node("worker", step)
    graph.add_node("synthesizer", step)
    graph.add_edge(START, "orchestrator")
    graph.add_conditional_edges("orchestrator", lambda s: [Send("worker", s)], ["worker"])
    graph.add_edge("worker", "synthesizer")
    graph.add_edge("synthesizer", END)
    return graph.compile()


def evaluator() -> Any:
    """Evaluator and optimiser in a loop."""
    graph = StateGraph(State)
    graph.add_node("generator", step)
    graph.add_node("evaluator", step)
    graph.add_edge(START, "generator")
    graph.add_edge("generator", "evaluator")
    ways = {"Accepted": END, "Rejected + Feedback": "generator"}
    graph.add_conditional_edges("evaluator", lambda _: "Accepted", ways)
    return graph.compile()


def agent() -> Any:
    """The tool loop."""

    def lookup(query: str) -> str:
        """Look something up."""
        return query

    graph = StateGraph(MessagesState)
    graph.add_node("llm_call", lambda _: {"messages": []})
    graph.add_node("tools", ToolNode([lookup]))
    graph.add_edge(START, "llm_call")
    graph.add_conditional_edges("llm_call", tools_condition)
    graph.add_edge("tools", "llm_call")
    return graph.compile()


def supervised() -> Any:
    """A supervisor that jumps with `Command`."""

    def supervisor(_: State) -> Command[Literal["researcher", "coder", "__end__"]]:
        return Command(goto="__end__")

    def back(_: State) -> Command[Literal["supervisor"]]:
        return Command(goto="supervisor")

    graph = StateGraph(State)
    graph.add_node("supervisor", supervisor)
    graph.add_node("researcher", back)
    graph.add_node("coder", back)
    graph.add_edge(START, "supervisor")
    return graph.compile()


def undeclared() -> Any:
    """A conditional edge that does not say where it leads."""
    graph = StateGraph(State)
    for name in ("first", "second", "third"):
        graph.add_node(name, step)
    graph.add_edge(START, "first")
    graph.add_conditional_edges("first", lambda _: "second")
    return graph.compile()


def nested() -> Any:
    """A graph in a graph."""
    inner = StateGraph(State)
    inner.add_node("read", step)
    inner.add_node("write", step)
    inner.add_edge(START, "read")
    inner.add_edge("read", "write")
    inner.add_edge("write", END)
    graph = StateGraph(State)
    graph.add_node("plan", step)
    graph.add_node("inner graph", inner.compile())
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "inner graph")
    graph.add_edge("inner graph", END)
    return graph.compile()


SAMPLES = (chain, parallel, routing, workers, evaluator, agent, supervised, undeclared, nested)


def main() -> None:
    """Each graph as JSON and as Mermaid, with and without what is inside."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for make in SAMPLES:
        graph = make()
        for deep in (0, 1) if make is nested else (0,):
            drawn = graph.get_graph(xray=bool(deep))
            name = f"{make.__name__}{'_inside' * deep}"
            (folder / f"{name}.json").write_text(
                json.dumps(drawn.to_json(), indent=1) + "\n", encoding="utf-8"
            )
            (folder / f"{name}.mmd").write_text(drawn.draw_mermaid(), encoding="utf-8")


if __name__ == "__main__":
    main()
