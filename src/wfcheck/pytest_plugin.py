"""A plugin for pytest: collects `.wf` files, each result of a check and each `test` block an item, and offers the fixture `wfcheck`.

It is registered as `wfcheck`; `-p no:wfcheck` leaves it out. Settings are those of `wfcheck check`, from `[tool.wfcheck]` or
`wfcheck.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attrs
import pytest

if TYPE_CHECKING:
    from wfcheck.checker.result import Report, Result
    from wfcheck.checker.testing import ExpectationResult
    from wfcheck.dsl.diagnostic import Diagnostic

_SETTINGS = ("policy", "rule", "workflow", "timeout", "seed", "baseline")


class NotHeldError(Exception):
    """What an item found; the text is the whole report of it."""


@pytest.fixture(name="wfcheck", scope="session")
def api() -> ModuleType:
    """The Python API: `wfcheck.check("agent.wf").raise_for_violations()`."""
    import wfcheck

    return wfcheck


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Every `.wf` file that pytest comes across."""
    return SpecFile.from_parent(parent, path=file_path) if file_path.suffix == ".wf" else None


class SpecFile(pytest.File):
    """A spec. All that pytest was asked for are checked together and once, as the command line would: stores are shared, and only the
    check knows which built-in rules there are to report."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """What is wrong with the input, then the results of the workflows that stand here, then the tests."""
        own = _shown(self.path)
        checked = _checked(self.config, own)
        alone = (
            self.config.stash.setdefault(_FIRST, own) == own
        )  # what belongs to no file is told by the first
        wrong = (*checked.wrong.get(own, ()), *(checked.wrong.get("", ()) if alone else ()))
        if wrong:
            yield InputItem.from_parent(self, name="input", diagnostics=wrong)
        if checked.defect is not None and alone:
            yield DefectItem.from_parent(self, name="defect", error=checked.defect)
        results = [*checked.results.get(own, []), *(checked.results.get("", []) if alone else [])]
        for workflow in dict.fromkeys(result.workflow for result in results):
            about = [result for result in results if result.workflow == workflow]
            name = (workflow or "policy").partition("@")[0]  # a file has one workflow of a name
            yield Workflow.from_parent(self, name=name, results=about, vacuous=checked.vacuous)
        if checked.tests.get(own):
            yield Tests.from_parent(self, name="test", tests=checked.tests[own])


class Workflow(pytest.Collector):
    """One workflow, or what is said of the policy itself."""

    def __init__(self, *, results: list[Result], vacuous: bool, **rest: Any) -> None:
        super().__init__(**rest)
        self.results = results
        self.vacuous = vacuous

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each rule."""
        for result in self.results:
            yield ResultItem.from_parent(self, name=result.rule, result=result, vacuous=self.vacuous)


class Tests(pytest.Collector):
    """The `test` blocks of a file."""

    def __init__(self, *, tests: Mapping[str, list[ExpectationResult]], **rest: Any) -> None:
        super().__init__(**rest)
        self.tests = tests

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each title."""
        for title, found in self.tests.items():
            yield TestItem.from_parent(self, name=title, found=found)


class _Item(pytest.Item):
    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Of what was found, the report alone."""
        if isinstance(excinfo.value, NotHeldError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item stands."""
        return self.path, None, self.name


class InputItem(_Item):
    """A spec that is wrong; nothing is decided of it."""

    def __init__(self, *, diagnostics: tuple[Diagnostic, ...], **rest: Any) -> None:
        super().__init__(**rest)
        self.diagnostics = diagnostics

    def runtest(self) -> None:
        """Fail with the diagnostics."""
        from wfcheck.checker.result import Report

        raise NotHeldError(_text(Report((), self.diagnostics)))


class DefectItem(_Item):
    """A defect of wfcheck met on the way."""

    def __init__(self, *, error: Exception, **rest: Any) -> None:
        super().__init__(**rest)
        self.error = error

    def runtest(self) -> None:
        """Fail with the defect."""
        raise self.error


class ResultItem(_Item):
    """One rule of one workflow. What a baseline lists, and what no workflow uses, is skipped."""

    def __init__(self, *, result: Result, vacuous: bool, **rest: Any) -> None:
        super().__init__(**rest)
        self.result = result
        self.vacuous = vacuous

    def runtest(self) -> None:
        """Pass if the rule is proved, enforced or (unless it is to fail) vacuous."""
        from wfcheck.checker.result import Report, Verdict

        verdict = self.result.verdict
        if self.result.known:
            pytest.skip(f"{verdict.value}: known")
        if verdict is Verdict.NOT_APPLICABLE:
            pytest.skip(self.result.reason or verdict.value)
        failing = verdict.undecided or verdict is Verdict.VIOLATED
        if failing or (self.vacuous and verdict is Verdict.VACUOUS):
            raise NotHeldError(_text(Report((self.result,), ())))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the rule stands."""
        return self.path, self.result.span.line - 1, self.name


class TestItem(_Item):
    """One `test` block with all it expects."""

    __test__ = False

    def __init__(self, *, found: list[ExpectationResult], **rest: Any) -> None:
        super().__init__(**rest)
        self.found = found

    def runtest(self) -> None:
        """Pass if every expectation is met."""
        from wfcheck.checker.report.escape import visible

        failed = [one for one in self.found if one.outcome != "passed"]
        if failed:
            lines = (f"{o.file}:{o.span.line}: {o.outcome}: {o.expected}: {o.why or ''}" for o in failed)
            raise NotHeldError("\n".join(visible(line) for line in lines))


@attrs.frozen
class Checked:
    """What was found for all files together, by the file where it is reported; under an empty name what is of none of them."""

    files: tuple[str, ...]
    results: Mapping[str, list[Result]]
    wrong: Mapping[str, tuple[Diagnostic, ...]]
    tests: Mapping[str, Mapping[str, list[ExpectationResult]]]
    defect: Exception | None
    vacuous: bool


_CHECKED = pytest.StashKey[Checked]()
_FIRST = pytest.StashKey[str]()


def _checked(config: pytest.Config, own: str) -> Checked:
    """What was found for all files that pytest was asked for; a file that is none of them is checked by itself."""
    if _CHECKED not in config.stash:
        from wfcheck.checker.inputs import expand

        places = [_shown(Path(argument.partition("::")[0]).absolute()) for argument in config.args]
        files = [file for file in expand(places)[0] if file.endswith(".wf")]
        config.stash[_CHECKED] = _check(tuple(files))
    found = config.stash[_CHECKED]
    return found if own in found.files else _check((own,))


def _check(files: tuple[str, ...]) -> Checked:
    import wfcheck
    from wfcheck.checker import config
    from wfcheck.checker.pipeline import DefectError

    settings = config.load(Path.cwd()).values
    chosen = {name: settings[name] for name in _SETTINGS if name in settings}
    defect = None
    try:
        report = wfcheck.check(files, **chosen)
    except DefectError as error:
        report, defect = error.report, error
    homes, tests = _loaded(files, settings.get("policy", ()))
    results: dict[str, list[Result]] = {}
    for result in report.results:
        results.setdefault(_home(result, homes, files), []).append(result)
    return Checked(files, results, _wrong(report, files), tests, defect, settings.get("fail-on") == "vacuous")


def _loaded(
    files: tuple[str, ...], policy: tuple[str, ...]
) -> tuple[dict[str, str], dict[str, dict[str, list[ExpectationResult]]]]:
    """The file of each workflow, and what the tests found, by file and title. Over bad input there are none."""
    import wfcheck
    from wfcheck.checker.testing import run_tests

    tests: dict[str, dict[str, list[ExpectationResult]]] = {}
    try:
        program = wfcheck.load(files, policy=policy).program
    except wfcheck.WfError:
        return {}, {}
    for one in run_tests(program).results if program.tests else ():
        tests.setdefault(one.file, {}).setdefault(one.title, []).append(one)
    homes = {name.partition("@")[0]: workflow.file for name, workflow in program.workflows.items()}
    return {**homes, **{name: workflow.file for name, workflow in program.workflows.items()}}, tests


def _home(result: Result, homes: Mapping[str, str], files: tuple[str, ...]) -> str:
    """The file that a result is reported in: its workflow's, else its rule's, where those were asked for."""
    places = (homes.get(result.workflow or ""), result.file)
    return next((place for place in places if place in files), "")


def _wrong(report: Report, files: tuple[str, ...]) -> dict[str, tuple[Diagnostic, ...]]:
    """The errors by file."""
    from wfcheck.dsl.diagnostic import Severity

    found: dict[str, tuple[Diagnostic, ...]] = {}
    for one in report.diagnostics:
        if one.severity is Severity.ERROR:
            file = one.span.file if one.span is not None else one.file
            place = file if file is not None and file in files else ""
            found[place] = (*found.get(place, ()), one)
    return found


def _shown(path: Path) -> str:
    """Relative to the current folder, as the command line would show it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _text(report: Report) -> str:
    from wfcheck import __version__
    from wfcheck.checker.report.sources import from_files
    from wfcheck.checker.report.style import Style
    from wfcheck.checker.report.write import write

    return write(report, "text", from_files(), Style(False, 0), __version__)
