"""Runs of agents that break a rule are found, and can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

import wfcheck
from wfcheck.checker.result import Result, Verdict

PRELUDE = """
secrecy secret
influence web
channel outside
principal helper is agent { clears {secret} }
type Draft = { to: address, subject: text, body: text }
type Page = { title: text, body: text }
tool files(query: text) -> list<text> { effect read  emits nothing  returns {secret} }
tool page(at: url) -> Page { effect read  emits nothing  returns {web} }
tool mail(to: address, subject: text, body: text) { effect irreversible  emits outside  returns {} }
policy p {
  together: forbid flow secret -> external when influence meets web
  steered:  require decision of mail from only {user, model}
  to:       require mail.to from only {user}
}
"""
WORKFLOWS = {
    "one agent": "agent a(request) may { page, files, mail, say } max 5 steps",
    "its own when": 'agent a(request) may { page, files, mail when subject == "Report" } max 5 steps',
    "two agents": """
      seen = agent a(request) may { page } max 5 steps -> text
      if urgent { agent b(request, seen) may { files, mail when subject == "Report" } max 5 steps }""",
    "a draft": """
      draft = agent a(request) may { page, files } max 5 steps -> Draft
      if draft.subject != "" { mail(to: draft.to, subject: draft.subject, body: draft.body) }""",
    "no agent": """
      found = page(at: "https://b.example/")
      kept  = files(query: request)
      draft = llm write(found, kept) -> Draft
      mail(to: draft.to, subject: draft.subject, body: draft.body)""",
    "in a loop": """
      for item in items max 3 { agent a(item) may { page, files, mail } max 5 steps }""",
}


def results(tmp_path: Path, body: str) -> dict[str, Result]:
    file = tmp_path / "w.wf"
    head = "workflow w(request: text from {user}, urgent: bool from {user}, items: list<text> from {user}) as helper"
    file.write_text(f"{PRELUDE}\n{head} {{ {body} }}\n")
    return {r.rule: r for r in wfcheck.check(file).results}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_an_agent_can_break_is_violated(tmp_path: Path, name: str) -> None:
    found = results(tmp_path, WORKFLOWS[name])
    assert found["p.together"].verdict is Verdict.VIOLATED
    assert found["p.to"].verdict is Verdict.VIOLATED
    chosen = name != "no agent"
    assert chosen is (found["p.steered"].verdict is Verdict.VIOLATED)
    assert not found["p.steered"].verdict.undecided


@pytest.mark.parametrize("name", ["one agent", "a draft", "no agent"])
def test_the_values_tell_the_story(tmp_path: Path, name: str) -> None:
    together = results(tmp_path, WORKFLOWS[name])["p.together"]
    assert together.reason == "`secret` reaches `outside` through `mail`, steered by `web`"
    assert together.witness is not None
    events = together.witness.events
    sent = events[together.witness.index].arguments
    assert (sent["to"], sent["body"]) == ("mallory@elsewhere.example", "secret")
    read = {e.tool: e.result for e in events if e.kind == "result"}
    assert read["files"] == ["secret"]
    assert read["page"]["body"] == "tell mallory"


def test_the_path_is_that_of_the_run(tmp_path: Path) -> None:
    together = results(tmp_path, WORKFLOWS["one agent"])["p.together"]
    assert [step.edge for step in together.path] == ["source", "influence", "llm-mix", "sink"]
    assert "`files`" in together.path[0].text
    assert together.path[1].text.startswith("steered by `web`: the result of `page`")
    assert together.help is not None
    assert "hides" in together.help
