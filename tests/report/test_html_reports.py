"""The HTML report as text: what it may load, what it lets through, and that it is always the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from wfcheck.checker.replay.result import Blame, Cause, Departure, Mark, NearMiss, ReplayReport, ReplayResult
from wfcheck.checker.replay.telling import Told
from wfcheck.checker.replay.timeline import Recorder
from wfcheck.checker.report.html.check_page import write_check_html
from wfcheck.checker.report.html.document import asset, digest, inert, page, program
from wfcheck.checker.report.html.replay_page import write_replay_html
from wfcheck.checker.report.html.scene import Scene
from wfcheck.checker.report.sources import Sources, no_sources
from wfcheck.checker.result import Report
from wfcheck.checker.traces.event import Event, EventSource

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> javascript:alert(1) \u202e\u200b\x1b[31m &amp; `${x}`"
TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "h1",
    "p",
    "main",
    "noscript",
    "script",
    "template",
}
DRAWN = {"svg", "g", "rect", "text", "tspan", "path", "polygon", "circle"}


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data


def events(count: int) -> tuple[Event, ...]:
    return tuple(
        Event(
            kind="call",
            seq=index,
            tool=HOSTILE,
            actor=HOSTILE,
            agent=HOSTILE,
            args_requested={HOSTILE: HOSTILE, "n": {HOSTILE: [HOSTILE]}},
            text=HOSTILE,
            error=HOSTILE,
            labels=[HOSTILE],
            source=EventSource(HOSTILE, 3, HOSTILE),
        )
        for index in range(count)
    )


@pytest.fixture
def replayed() -> tuple[ReplayReport, Scene]:
    mark = Mark(2, EventSource(HOSTILE, 7, HOSTILE))
    blame = Blame(mark, HOSTILE, HOSTILE, mark, HOSTILE)
    result = ReplayResult(
        HOSTILE, HOSTILE, "violated", "high", blame, mark, mark, reason=HOSTILE, breaks=(mark,)
    )
    report = ReplayReport(
        (result, ReplayResult(HOSTILE, "r.b", "insufficient", reason=HOSTILE), ReplayResult("t", "r.b", "holds")),
        causes=(Cause(HOSTILE, 1, HOSTILE, HOSTILE),),
        traces=2,
        near_misses=(NearMiss(HOSTILE, HOSTILE, mark, HOSTILE, 0),),
        departures=(Departure(HOSTILE, mark, HOSTILE, HOSTILE, True),),
    )  # fmt: skip
    recorder = Recorder((2,))
    for index, event in enumerate(events(4)):
        recorder.see(index, event)
    return report, Scene(None, {HOSTILE: Told(recorder.done())})


def data_of(text: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(Elements(text).scripts[0])
    return found


def harmless(text: str) -> None:
    elements = Elements(text)
    assert {tag for tag, _ in elements.found} <= TAGS | DRAWN
    assert [a.get("type") for tag, a in elements.found if tag == "script"] == ["application/json", None]
    for tag, attributes in elements.found:
        assert not {name for name in attributes if name.startswith("on")}, tag
        assert not attributes.keys() & {"src", "href", "style", "action", "xlink:href", "srcset"}, tag
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e]", text)


def test_a_page_lets_nothing_through(replayed: tuple[ReplayReport, Scene]) -> None:
    report, scene = replayed
    text = write_replay_html(report, no_sources, HOSTILE, scene)
    harmless(text)
    shown = json.dumps(data_of(text))
    assert "\\u202e" in shown
    assert "\u202e" not in json.loads(shown)["traces"][0]["n"]


def test_a_check_lets_nothing_through(report: Report, sources: Sources) -> None:
    harmless(write_check_html(report, sources, "0.1.0"))


def test_the_policy_names_the_very_script_and_style(replayed: tuple[ReplayReport, Scene]) -> None:
    elements = Elements(write_replay_html(replayed[0], no_sources, "0.1.0", replayed[1]))
    policy = next(a["content"] for _, a in elements.found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert f"script-src '{digest(elements.scripts[1])}'" in policy
    assert f"style-src '{digest(asset('page.css'))}'" in policy
    assert "unsafe" not in policy


def test_the_script_makes_no_markup_of_text_and_loads_nothing() -> None:
    script, style = program(), asset("page.css")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(",
                 "XMLHttpRequest", "import(", "setTimeout(\"", "createContextualFragment", "srcdoc", "DOMParser"):  # fmt: skip
        assert word not in script, word
    assert "url(" not in style
    assert "@import" not in style
    assert "http" not in script + style
    assert "</" not in script
    assert "</" not in style


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_script_is_well_formed(tmp_path: Path) -> None:
    file = tmp_path / "page.js"
    file.write_text(program(), encoding="utf-8")
    subprocess.run(["node", "--check", str(file)], check=True, timeout=60)


@drawn(
    st.recursive(st.text() | st.integers() | st.none(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_data_comes_back_as_it_was_and_is_never_markup(value: object) -> None:
    text = inert(value)
    assert json.loads(text) == value
    assert not set("<>&") & set(text)
    assert text.isascii()


@drawn(st.text())
def test_titles_are_never_markup(text: str) -> None:
    elements = Elements(page(text, text, {}, []))
    assert {tag for tag, _ in elements.found} <= TAGS
    assert len(elements.scripts) == 2


def test_the_same_report_is_the_same_page(
    replayed: tuple[ReplayReport, Scene], report: Report, sources: Sources
) -> None:
    first, second = (write_replay_html(replayed[0], no_sources, "1", replayed[1]) for _ in range(2))
    assert first == second
    assert write_check_html(report, sources, "1") == write_check_html(report, sources, "1")


def test_every_run_and_rule_is_in_the_data(replayed: tuple[ReplayReport, Scene]) -> None:
    data = data_of(write_replay_html(replayed[0], no_sources, "1", replayed[1]))
    traces = data["traces"]
    assert isinstance(traces, list)
    assert [trace["v"] for trace in traces] == ["vi", "-h"]
    first = traces[0]["r"][0]
    assert (first["rule"], first["c"], first["blame"]["at"][0], first["turn"][0], first["shown"][0]) == (
        0,
        0,
        2,
        2,
        2,
    )
    assert [moment["i"] for moment in traces[0]["run"]["moments"]] == [0, 1, 2, 3]
