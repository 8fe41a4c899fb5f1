"""The HTML report in a real browser: what it shows, that filters work, and that nothing in it comes alive."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
try:
    from selenium import webdriver
    from selenium.common.exceptions import NoAlertPresentException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
except ImportError:
    webdriver = None  # type: ignore[assignment]
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None or webdriver is None,
    reason="needs chromium, chromedriver and selenium",
)
EXAMPLES = Path(__file__).parents[2] / "examples"
AGENTDOJO = Path(__file__).parents[3] / "shared" / "data" / "agentdojo" / "runs"
HOSTILE = [
    "<script>window.owned=1</script>",
    "</script><script>window.owned=1</script>",
    "</textarea></title></style></template></svg><img src=x onerror='window.owned=1'>",
    "<svg onload=window.owned=1><animate onbegin=window.owned=1>",
    "javascript:window.owned=1//",
    "\u202egnp.exe\u2066\u200b\u0000\u001b[31m",
    "${window.owned=1}`+alert(1)+`",
    "'\"><iframe src='https://example.com/x'></iframe><link rel=stylesheet href=https://example.com/y>",
    "<!--<script>",
    "]]><meta http-equiv=refresh content='0;url=https://example.com'>",
    "\ud83d\ude00 \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
]
Open = Callable[[Path], "Page"]


class Page:
    """A page that was opened, and what to ask of it."""

    def __init__(self, driver: WebDriver, file: Path) -> None:
        self.driver, self.file = driver, file
        driver.get_log("browser")
        driver.get_log("performance")
        driver.get(file.as_uri())

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def ask(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.ask(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector
        )
        return found

    def choose(self, label: str, text: str) -> None:
        """In the filter of that label, the option that starts with the text."""
        done = self.ask(
            """for (const box of document.querySelectorAll("label.filter")) {
                 if (box.firstChild.textContent !== arguments[0]) continue;
                 const input = box.querySelector("select");
                 const option = [...input.options].find((o) => o.textContent.startsWith(arguments[1]));
                 input.value = option.value;
                 input.dispatchEvent(new Event("change"));
                 return true;
               }""",
            label,
            text,
        )
        assert done

    def search(self, text: str) -> None:
        box = self.one("input[type=search]")
        box.clear()
        box.send_keys(text)
        self.driver.execute_async_script("setTimeout(arguments[0], 250)")

    def open_all(self) -> None:
        """Open everything that opens, and press everything that can be pressed."""
        for _ in range(3):
            self.ask("document.querySelectorAll('details').forEach((d) => d.open = true)")
            self.driver.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 50))")
        for pressed in (".card h3 button", ".detail .more", ".detail .jump", ".tools button"):
            self.ask("document.querySelectorAll(arguments[0]).forEach((b) => b.click())", pressed)
        self.ask(
            """for (const e of document.querySelectorAll("main *"))
                 for (const kind of ["mouseover", "mouseenter", "focusin"]) e.dispatchEvent(new Event(kind, { bubbles: true }))"""
        )
        self.driver.execute_async_script("setTimeout(arguments[0], 100)")

    def quiet(self) -> None:
        """No dialog, no word on the console (a broken policy is one), no request but for the page itself."""
        with pytest.raises(NoAlertPresentException):
            self.driver.switch_to.alert.accept()
        assert self.driver.get_log("browser") == []
        asked = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = {m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"}
        assert urls <= {self.file.as_uri()}
        assert self.ask("return window.owned") is None
        assert self.ask("return location.href").partition("#")[0] == self.file.as_uri()


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    options = webdriver.ChromeOptions()
    assert CHROMIUM is not None
    options.binary_location = CHROMIUM
    flags = (
        "headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking", "disable-component-update",
        "disable-sync", "disable-dev-shm-usage", "window-size=1400,1000", f"user-data-dir={tmp_path_factory.mktemp('browser')}",
    )  # fmt: skip
    for flag in flags:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=Service(DRIVER))
    made.set_script_timeout(60)
    yield made
    made.quit()


@pytest.fixture
def opened(driver: WebDriver) -> Open:
    return lambda file: Page(driver, file)


def written(folder: Path, *words: str, within: Path = EXAMPLES) -> Path:
    """The page that a command writes."""
    file = folder / "report.html"
    command = [sys.executable, "-m", "wfcheck", *words, "--output-format", "html", "--output", str(file)]
    done = subprocess.run(command, cwd=within, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    return file


def test_a_check_shows_the_violation_its_run_and_the_way_in_red(tmp_path: Path, opened: Open) -> None:
    page = opened(written(tmp_path, "check", "banking-unsafe", "--no-cache"))
    assert page.texts(".row.bad > summary .name") == ["payments.approved", "payments.payee"]
    page.ask("document.querySelectorAll('details.row.bad').forEach((d) => d.open = true)")
    page.driver.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 50))")
    payee = page.all(".row.bad")[1]
    red = payee.find_elements(By.CSS_SELECTOR, ".node.red .words")
    assert [node.text for node in red] == ["content = read_file", "order = llm extract", "send_money"]
    assert len(payee.find_elements(By.CSS_SELECTOR, ".line.red")) == 2
    colour = page.ask(
        "return getComputedStyle(arguments[0]).stroke", payee.find_element(By.CSS_SELECTOR, ".line.red path")
    )
    assert colour == page.ask("return getComputedStyle(document.querySelector('.chip.bad')).color")
    (marked,) = payee.find_elements(By.CSS_SELECTOR, ".event.manifestation")
    assert "call send_money" in marked.text.replace("\n", " ")
    assert "breaks the rule" in marked.text
    assert "payee: require" in payee.find_element(By.CSS_SELECTOR, ".code pre").text
    page.quiet()


def test_a_violation_over_two_runs_shows_both_workflows(tmp_path: Path, opened: Open) -> None:
    page = opened(written(tmp_path, "check", "memorygraft/unsafe.wf", "--no-cache"))
    page.choose("Workflow", "solve")
    page.ask("document.querySelector('details.row.bad').open = true")
    page.driver.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 50))")
    assert page.texts(".row[open] figcaption code") == ["solve", "ingest"]
    assert page.texts(".row[open] .timeline .part") == ["run r1 session s1", "run r2 session s1"]
    red = page.texts(".row[open] .node.red .words")
    assert {
        "readme = read_readme",
        "remember into experience",
        "known = recall experience",
        "done = run_recipe",
    } <= set(red)
    assert len(page.all(".row[open] .line.red")) == 4
    page.quiet()


def test_the_filters_of_a_check(tmp_path: Path, opened: Open) -> None:
    page = opened(written(tmp_path, "check", "banking-unsafe", "--no-cache"))
    assert len(page.all(".listing .row")) == 9
    page.choose("Verdict", "VIOLATED")
    assert len(page.all(".listing .row")) == 2
    page.search("nobody but the customer")
    assert page.texts(".listing .row .name") == ["payments.payee"]
    page.choose("Severity", "high")
    assert page.all(".listing .row") == []
    assert page.one(".count").text == "0 of 9 results"
    page.choose("Severity", "all")
    page.choose("Verdict", "all")
    page.search("")
    page.choose("File", "banking-unsafe/")
    assert set(page.texts(".listing .row .name")) == {
        "builtin.clearance",
        "builtin.sight",
        "builtin.requires",
    }
    page.quiet()


def test_a_replay_shows_the_three_marks_and_the_way_of_the_run(tmp_path: Path, opened: Open) -> None:
    folder = EXAMPLES / "agentforesight"
    page = opened(written(tmp_path, "replay", "safe.wf", "traces/failing.wftrace.jsonl", within=folder))
    row = page.all(".listing .row")[0]
    badges = {
        event.get_attribute("data-event"): [b.text for b in event.find_elements(By.CSS_SELECTOR, ".badge")]
        for event in row.find_elements(By.CSS_SELECTOR, ".event")
    }
    assert {index: words for index, words in badges.items() if words} == {
        "3": ["blame", "point of no return"],
        "7": ["manifestation"],
    }
    assert [n.text for n in row.find_elements(By.CSS_SELECTOR, ".node.red .words")] == ["freeze"]
    seen = {n.text for n in row.find_elements(By.CSS_SELECTOR, ".node.seen .words")}
    assert {"files", "change", "freeze", "publish"} <= seen
    assert "good = review" not in seen
    row.find_elements(By.CSS_SELECTOR, ".card h3 button")[1].click()
    badges = {
        event.get_attribute("data-event"): [b.text for b in event.find_elements(By.CSS_SELECTOR, ".badge")]
        for event in row.find_elements(By.CSS_SELECTOR, ".event.manifestation")
    }
    assert "manifestation" in badges["5"]
    row.find_element(By.CSS_SELECTOR, ".marks .jump").click()
    assert page.ask("return document.activeElement.getAttribute('data-event')") == "3"
    assert page.ask(
        "return [...document.querySelectorAll('g.node.at .words')].map((e) => e.textContent)"
    ) == ["freeze"]
    page.quiet()


def test_a_page_is_used_with_the_keyboard_and_read_in_the_dark(tmp_path: Path, opened: Open) -> None:
    folder = EXAMPLES / "agentforesight"
    page = opened(written(tmp_path, "replay", "safe.wf", "traces/failing.wftrace.jsonl", within=folder))
    summary = page.all(".row > summary")[1]
    page.ask("arguments[0].focus()", summary)
    summary.send_keys(" ")
    assert page.all(".row")[1].get_attribute("open") is not None
    backs = []
    for scheme in ("light", "dark"):
        page.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        backs.append(page.ask("return getComputedStyle(document.documentElement).backgroundColor"))
    assert len(set(backs)) == 2
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    page.quiet()


def wide(page: Page) -> bool:
    found: bool = page.ask(
        "return document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return found


def test_nothing_sticks_out_of_a_narrow_window(tmp_path: Path, opened: Open) -> None:
    page = opened(written(tmp_path, "check", "banking-unsafe", "--no-cache"))
    metrics = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.open_all()
    assert not wide(page)
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


TOOLS = """
tool fetch(page: text) -> text { effect read }
tool post(body: text, to: text) { effect write }
"""
SPEC = """
{comment}
policy p{n} for w{n} {{
{comment}
  @harm({quoted})
  own: require post.to from only {{user}}
  never: forbid post after fetch
}}
workflow w{n}(to: text from {{user}}) {{
  a = fetch(page: {quoted})
  b = llm think{n}(a, {quoted}) -> text
  post(body: b, to: b)
  if b == {quoted} {{ say {quoted} }}
}}
"""


def hostile_spec(folder: Path, *texts: str) -> Path:
    """A spec with these texts wherever a spec may have any text."""
    file = folder / "hostile.wf"
    parts = [TOOLS]
    for n, text in enumerate(texts):
        plain = "".join(c if c.isprintable() and c not in '"\\{}' else "?" for c in text)
        parts.append(SPEC.format(n=n, comment=f"## {plain}", quoted=f'"{plain}"'))
    file.write_text("".join(parts))
    return file


def hostile_traces(folder: Path) -> Path:
    lines: list[dict[str, Any]] = [{"format": "wftrace", "version": 1, "source": HOSTILE[0]}]
    for number, text in enumerate([*HOSTILE, "<b>" * 3_500_000]):
        key = text[:60]
        name = f"{number} {key}"
        at = {"trace": name, "actor": key}
        events: list[dict[str, Any]] = [
            {"kind": "input", "actor": "user", "text": text},
            {"kind": "call", "call": "1", "tool": "fetch", "args_requested": {"page": text}},
            {"kind": "result", "call": "1", "tool": "fetch", "result": text},
            {"kind": "call", "call": "2", "tool": key, "args_requested": {key: text, "n": {key: [text]}}},
            {"kind": "fail", "call": "2", "tool": key, "error": text},
            {"kind": "call", "call": "3", "tool": "post", "args_requested": {"body": text, "to": text[:400] + "!"}},
            {"kind": "say", "text": text},
        ]  # fmt: skip
        lines += [{**at, **event, "seq": seq} for seq, event in enumerate(events)]
    file = folder / "<img src=x onerror=alert(1)>.wftrace.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_hostile_runs_stay_inert(tmp_path: Path, opened: Open) -> None:
    spec, traces = hostile_spec(tmp_path, HOSTILE[1]), hostile_traces(tmp_path)
    file = written(tmp_path, "replay", str(spec), str(traces), within=tmp_path)
    assert file.stat().st_size < 3_000_000
    page = opened(file)
    assert page.texts("h1") == ["wfcheck: recorded runs"]
    assert len(page.all(".listing .row.bad")) >= 10
    page.open_all()
    assert page.all("main img, main iframe, main script, main link, main meta, main a") == []
    assert page.ask("return document.scripts.length") == 2
    shown = page.texts("main")[0]
    assert "<script>window.owned=1</script>" in shown
    assert "\\u202egnp.exe" in shown
    assert "\u202e" not in shown
    assert "\u0000" not in shown
    assert "characters" in shown
    page.search("<SCRIPT>")
    assert page.all(".listing .row") != []
    page.quiet()


def test_hostile_specs_stay_inert(tmp_path: Path, opened: Open) -> None:
    spec = hostile_spec(tmp_path, *HOSTILE)
    page = opened(written(tmp_path, "check", str(spec), "--no-cache", "--timeout", "2s", within=tmp_path))
    page.open_all()
    assert len(page.all("figure.graph")) >= len(HOSTILE)
    assert "</script><script>window.owned=1</script>" in page.texts("main")[0]
    assert page.all("main img, main iframe, main script, main link, main meta, main a") == []
    assert page.ask("return document.scripts.length") == 2
    page.quiet()


def test_ten_thousand_runs_are_paged_and_filtered_quickly(tmp_path: Path, opened: Open) -> None:
    from wfcheck.checker.replay.causes import causes_of
    from wfcheck.checker.replay.result import Blame, Mark, ReplayReport, ReplayResult
    from wfcheck.checker.report.html.replay_page import write_replay_html
    from wfcheck.checker.report.sources import no_sources

    mark = Mark(3, None)
    results = [
        ReplayResult(
            f"runs/{n}.jsonl",
            f"p.r{rule}",
            "violated",
            blame=Blame(mark, f"cause {n % 7}"),
            manifestation=mark,
        )
        if n % 5 == 0 and rule == 0
        else ReplayResult(f"runs/{n}.jsonl", f"p.r{rule}", "holds")
        for n in range(10_000)
        for rule in range(10)
    ]
    report = ReplayReport(tuple(results), causes=causes_of(results), traces=10_000, events=50_000)
    file = tmp_path / "fleet.html"
    file.write_text(write_replay_html(report, no_sources, "0.1.0"))
    assert file.stat().st_size < 4_000_000
    page = opened(file)
    assert len(page.all(".listing .row")) == 50
    assert page.one(".count").text == "10,000 of 10,000 runs, 1 to 50 shown"
    page.choose("Verdict", "violated")
    assert page.one(".count").text.startswith("2,000 of 10,000 runs")
    page.choose("Cause", "p.r0: cause 3")
    assert page.one(".count").text.startswith("286 of 10,000 runs")
    page.choose("Rule", "p.r1")
    assert page.one(".count").text.startswith("0 of 10,000 runs")
    page.choose("Rule", "all")
    page.choose("Cause", "all")
    page.choose("Verdict", "all")
    page.search("runs/123")
    assert page.one(".count").text.startswith("11 of 10,000 runs")
    took = page.ask(
        """const select = document.querySelector("label.filter select"); const start = performance.now();
           select.value = "v"; select.dispatchEvent(new Event("change")); return performance.now() - start"""
    )
    assert took < 2_000
    page.all(".pages button")[2].click() if page.all(".pages button") else None
    page.quiet()


@pytest.mark.skipif(not AGENTDOJO.is_dir(), reason=f"no shared data at {AGENTDOJO}")
def test_a_fleet_is_filtered_by_cause_and_turned_page_by_page(tmp_path: Path, opened: Open) -> None:
    runs = sorted(str(path) for path in AGENTDOJO.glob("*banking.jsonl"))
    page = opened(written(tmp_path, "replay", "agentdojo/banking.wf", *runs))
    cause = page.all("table .jump")[0]
    number = int(page.all("td.number")[0].text)
    cause.click()
    assert page.one(".count").text.startswith(f"{number} of 338 runs")
    page.choose("Cause", "all")
    assert len(page.all(".listing .row")) == 50
    first = page.texts(".row .name")[0]
    page.ask("document.querySelectorAll('.pages button')[2].click()")
    assert page.texts(".row .name")[0] != first
    page.open_all()
    page.quiet()
