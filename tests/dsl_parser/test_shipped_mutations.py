"""Every shipped file, damaged at random, goes through all of the front end without a crash, and what is said of it has a place.

`WFCHECK_MUTATIONS` is the number of mutations (10000 for a thorough run), `WFCHECK_FUZZ_SEED` the first random state."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wfcheck import stdlib
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.elaboration.elaborate import Elaborated, load_all
from wfcheck.dsl.graph.lower import lower
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.parsing.reading import read_source
from wfcheck.dsl.source import Source

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(
    [
        *ROOT.glob("stdlib/*.wf"),
        *ROOT.glob("examples/*/*.wf"),
        *ROOT.glob("examples/agentdojo/tools/*.wf"),
        *ROOT.glob("bench/policies/*.wf"),
        *ROOT.glob("tests/adversarial/*.wf"),
        *ROOT.glob("tests/replay/*.wf"),
        *ROOT.glob("tests/dsl_workflow/*.wf"),
        *ROOT.glob("tests/dsl_parser/samples/*.wf"),
    ]
)
TEXTS = {file: file.read_bytes() for file in SHIPPED}
COUNT = int(os.environ.get("WFCHECK_MUTATIONS", "300"))
SEED = int(os.environ.get("WFCHECK_FUZZ_SEED", "20261120"))
SECONDS = 10.0
TOKEN = re.compile(rb'\s+|\w+|"[^"\n]*"|#[^\n]*|[^\w\s]')
TOKENS = sorted({token for text in TEXTS.values() for token in TOKEN.findall(text)})
BYTES = [b"\0", b"\r", b"\n", b"\xff", b"\xef\xbb\xbf", b"\x1b[31m", b"\xe2\x80\xae", b"\xd0\xb0", b'"', b"`", b"/", b"#", b"{",
         b"}", b"(", b")", b"[", b"]", b"<", b">", b"9" * 400, b"99999-99-99", b"0.0", b"(" * 120, b"not " * 300]  # fmt: skip


def damaged_bytes(data: bytes, rng: random.Random) -> bytes:
    """A few bytes replaced, removed or put in."""
    at = rng.randrange(len(data) + 1)
    to = at + rng.choice([0, 1, 2, rng.randrange(60)])
    return data[:at] + rng.choice([b"", bytes([rng.randrange(256)]), rng.choice(BYTES)]) + data[to:]


def damaged_tokens(data: bytes, rng: random.Random) -> bytes:
    """A token dropped, doubled, exchanged, moved, or a stretch of them repeated."""
    tokens = TOKEN.findall(data) or [b" "]
    at, other = rng.randrange(len(tokens)), rng.randrange(len(tokens))
    match rng.randrange(6):
        case 0:
            del tokens[at]
        case 1:
            tokens[at] = rng.choice(TOKENS)
        case 2:
            tokens.insert(at, b" " + rng.choice(TOKENS) + b" ")
        case 3:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        case 4:
            tokens[at] = tokens[other]
        case _:
            tokens[at:at] = tokens[min(at, other) : min(at, other) + rng.randrange(40)]
    return b"".join(tokens)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One to six mutations, sometimes cut short."""
    for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):
        data = rng.choice([damaged_bytes, damaged_tokens, damaged_tokens])(data, rng)
    return data[: rng.randrange(len(data) + 1)] if rng.random() < 0.2 else data


def check_place(diagnostic: Diagnostic, made: Elaborated) -> None:
    """A place in a file that was read, or the name of one that was not."""
    span = diagnostic.span
    if span is None:
        assert diagnostic.file is not None, diagnostic
        return
    assert 0 <= span.start <= span.end, diagnostic
    if span.file in made.sources:
        assert span.end <= len(made.sources[span.file].text), diagnostic


def check_file(path: Path) -> bool:
    """Read, parsed, elaborated, lowered and formatted; whether the file is still a good one."""
    made = load_all([path], library=stdlib.load, library_names=stdlib.names())
    for diagnostic in made.diagnostics:
        check_place(diagnostic, made)
    good = not any(d.severity is Severity.ERROR for d in made.diagnostics)
    for workflow in made.program.workflows.values():
        lower(workflow, made.program)
    source = read_source(path)
    if isinstance(source, Source):
        text = format_source(source)
        assert not good or isinstance(text, str)
        if isinstance(text, str):
            assert format_source(Source(source.path, text)) == text
    return good


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """All shipped files in the folders they are in, since they import each other."""
    for file, data in TEXTS.items():
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data)
    return tmp_path


def test_all_shipped_kinds_of_files_are_there() -> None:
    assert {file.relative_to(ROOT).parts[0] for file in SHIPPED} == {"stdlib", "examples", "bench", "tests"}


def test_damaged_files_crash_nothing(copies: Path, record_property: Callable[[str, object], None]) -> None:
    good, slowest, failures = 0, 0.0, []
    for number in range(COUNT):
        rng = random.Random(SEED + number)
        file = rng.choice(SHIPPED)
        path = copies / file.relative_to(ROOT)
        data = damaged(TEXTS[file], rng)
        path.write_bytes(data)
        start = time.process_time()
        try:
            good += check_file(path)
        except Exception as error:  # noqa: BLE001 - the file is kept and the failure is reported below
            (copies / f"failure{number}.wf").write_bytes(data)
            failures.append(f"{number} ({path.name}): {type(error).__name__}: {error}"[:300])
        slowest = max(slowest, time.process_time() - start)
        path.write_bytes(TEXTS[file])
    record_property("still good", good)
    record_property("slowest", slowest)
    assert not failures, "\n".join([f"{len(failures)} of {COUNT}, files in {copies}", *failures[:20]])
    assert slowest < SECONDS
    assert 0 < good < COUNT, "mutations that always or never do harm test nothing"
