"""Files with words dropped, swapped, doubled or cut off: any outcome but an exception. `WFCHECK_FUZZ_SECONDS` makes it longer."""

from __future__ import annotations

import os
import random
import re
import time
from pathlib import Path

import pytest

from wfcheck import stdlib
from wfcheck.dsl.elaboration.elaborate import load_all

ROOT = Path(__file__).parents[2]
FILES = sorted(
    [*ROOT.glob("tests/dsl_parser/samples/*.wf"), *ROOT.glob("examples/*/*.wf"), *ROOT.glob("stdlib/*.wf")]
)
TEXTS = [file.read_text(encoding="utf-8") for file in FILES]
TOKEN = re.compile(r'\s+|\w+|"[^"\n]*"|[^\w\s]')
WORDS = sorted({word for text in TEXTS for word in TOKEN.findall(text) if not word.isspace()})
SECONDS = float(os.environ.get("WFCHECK_FUZZ_SECONDS", "3"))


def mutated(rng: random.Random) -> str:
    tokens = TOKEN.findall(rng.choice(TEXTS))
    for _ in range(rng.randint(1, 4)):
        at, other = rng.randrange(len(tokens)), rng.randrange(len(tokens))
        match rng.randrange(6):
            case 0:
                tokens[at] = ""
            case 1:
                tokens[at] = rng.choice(WORDS)
            case 2:
                tokens.insert(at, " " + rng.choice(WORDS))
            case 3:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 4:
                tokens[at] = tokens[other]
            case _:
                tokens = tokens[: max(at, 1)]
    return "".join(tokens)


@pytest.mark.parametrize("seed", range(2))
def test_nothing_crashes(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for file, text in zip(FILES, TEXTS, strict=True):
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    rng = random.Random(seed)
    end = time.monotonic() + SECONDS / 2
    runs = 0
    while runs < 20 or time.monotonic() < end:
        Path("main.wf").write_text(mutated(rng), encoding="utf-8")
        made = load_all(["main.wf"], library=stdlib.load, library_names=stdlib.names())
        assert all(d.span is not None or d.file is not None for d in made.diagnostics)
        runs += 1
