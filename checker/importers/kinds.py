"""The kinds of sources, by the word that `wfcheck import` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wfcheck.checker.importers.catalogues import mcp, openai_tools
from wfcheck.checker.importers.documents import agentspex, gh_aw
from wfcheck.checker.importers.drafts import Draft, render
from wfcheck.checker.importers.graphs import langgraph, openai_agents

KINDS: Mapping[str, Callable[[str, str], Draft]] = {
    "mcp": mcp,
    "openai-tools": openai_tools,
    "langgraph": langgraph,
    "openai-agents": openai_agents,
    "agentspex": agentspex,
    "gh-aw": gh_aw,
}


def starter(kind: str, text: str, source: str) -> str:
    """The starter spec of a source of a kind, formatted.

    Raises:
        WfError: the source is no such thing.
    """
    return render(KINDS[kind](text, source))
