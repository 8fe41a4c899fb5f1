"""Nothing a person or a broken disk can do to a file makes the reader, the parser or the formatter crash."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from wfcheck.dsl.parsing.comments import suppressions
from wfcheck.dsl.parsing.parser import parse
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.parsing.reading import decode
from wfcheck.dsl.source import Source

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "samples").glob("*.wf"))]
SECONDS = float(os.environ.get("WFCHECK_FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("WFCHECK_FUZZ_SEED", "20240515"))
COUNT = 200
PIECES = [b"{", b"}", b"(", b")", b"[", b"]", b":", b",", b"=", b"->", b'"', b"`", b"/", b"#", b"##", b"\n", b" in ",
          b" matches ", b" when ", b"\x00", b"\xff", b"\xc3\xa9", b"12:00", b"1e5", b"@", b"'", b"\\", b"\xe2\x80\xae"]  # fmt: skip


def _words(data: bytes) -> list[bytes]:
    parts = data.replace(b"\n", b" \n ").split(b" ")
    return [part for part in parts if part]


def _edit_bytes(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    to = at + rng.choice([0, 0, 1, 2, rng.randrange(40)])
    return data[:at] + rng.choice([b"", bytes([rng.randrange(256)]), rng.choice(PIECES)]) + data[to:]


def _edit_words(data: bytes, rng: random.Random) -> bytes:
    words = _words(data)
    if len(words) < 2:
        return data
    i, j = rng.randrange(len(words)), rng.randrange(len(words))
    match rng.randrange(4):
        case 0:
            del words[i]
        case 1:
            words.insert(j, words[i])
        case 2:
            words[i], words[j] = words[j], words[i]
        case _:
            words[i] = rng.choice(_words(rng.choice(SAMPLES)))
    return b" ".join(words)


def _mutate(rng: random.Random) -> bytes:
    data = rng.choice(SAMPLES)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        edit = rng.choice([_edit_bytes, _edit_words])
        data = edit(data, rng)
    return data[: rng.randrange(len(data) + 1)] if rng.random() < 0.15 else data


def _check(data: bytes) -> None:
    source = decode(data, "fuzz.wf")
    if not isinstance(source, Source):
        assert source.code.startswith("WF0")
        source = Source("fuzz.wf", data.decode("latin-1"))
    module, diagnostics = parse(source)
    suppressions(source)
    for diagnostic in diagnostics:
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(source.text)
        assert diagnostic.help, diagnostic
    text = format_source(source)
    if diagnostics:
        assert text == diagnostics
        return
    assert isinstance(text, str)
    again = Source("fuzz.wf", text)
    assert parse(again) == (module, ())
    assert format_source(again) == text


def test_mutations_of_samples_crash_nothing_and_format_to_the_same_tree(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    until = time.monotonic() + SECONDS
    done = 0
    while done < COUNT or time.monotonic() < until:
        data = _mutate(rng)
        try:
            _check(data)
        except Exception:
            (tmp_path / "failure.wf").write_bytes(data)
            raise
        done += 1
