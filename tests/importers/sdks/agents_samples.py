"""The patterns of the documentation of the OpenAI Agents SDK as small agents, exported as `docs/importing.md` says, and drawn.

python agents_samples.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from agents import Agent, WebSearchTool, function_tool, handoff

DOCS = Path(__file__).resolve().parents[3] / "docs" / "importing.md"


@function_tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return city


@function_tool(name_override="faq lookup")
def faq(question: str, limit: int = 3) -> list[str]:
    """Answers to frequent questions."""
    return [question] * limit


def single() -> Any:
    return Agent(name="Hello world", instructions="Help.", tools=[get_weather])


def routing() -> Any:
    french = Agent(name="french_agent", instructions="French only")
    spanish = Agent(name="spanish_agent", instructions="Spanish only")
    return Agent(name="triage_agent", handoffs=[french, spanish])


def customer_service() -> Any:
    """Handoffs in a circle, with renamed ones."""
    faqs = Agent(name="FAQ Agent", tools=[faq])
    seats = Agent(
        name="Seat Booking Agent", tools=[function_tool(lambda seat: seat, name_override="update_seat")]
    )
    triage = Agent(name="Triage Agent", handoffs=[faqs, handoff(agent=seats, tool_name_override="to seats")])
    faqs.handoffs.append(triage)
    seats.handoffs.append(triage)
    return [triage, faqs, seats]


def as_tools() -> Any:
    spanish = Agent(name="spanish_agent")
    tool = spanish.as_tool(tool_name="translate_to_spanish", tool_description="Translate")
    return Agent(name="orchestrator_agent", tools=[tool, WebSearchTool()])


SAMPLES = (single, routing, customer_service, as_tools)


def exporter() -> Any:
    """The function that the documentation shows."""
    code = DOCS.read_text(encoding="utf-8").split("```python\n", 1)[1].split("```", 1)[0]
    scope: dict[str, Any] = {}
    exec(code, scope)
    return scope["exported"]


def main() -> None:
    """Each as JSON, and one agent of each as a picture."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    exported = exporter()
    for make in SAMPLES:
        made = make()
        listed = made if isinstance(made, list) else [made]
        text = json.dumps([exported(agent) for agent in listed], indent=1) + "\n"
        (folder / f"{make.__name__}.json").write_text(text, encoding="utf-8")
        try:
            from agents.extensions.visualization import draw_graph
        except ImportError:
            continue
        (folder / f"{make.__name__}.dot").write_text(draw_graph(listed[0]).source, encoding="utf-8")


if __name__ == "__main__":
    main()
