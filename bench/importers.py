"""What `wfcheck import` makes of everything at hand: the catalogues, workflow documents and drawn graphs of `../shared/data`, and the
exports of the installed SDKs in `tests/importers/sdks`. Each starter is loaded, formatted and checked.

    python bench/importers.py [--data ../shared/data]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import wfcheck
from wfcheck.checker.importers.kinds import starter
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.source import Source

ROOT = Path(__file__).resolve().parents[1]
Item = tuple[str, str, str, str]


def sources(data: Path) -> Iterator[Item]:
    """The group, the kind, the name and the text of each source."""
    for path in sorted((data / "mcp-tools").glob("*.json")):
        yield "mcp-tools", "mcp", path.name, path.read_text(encoding="utf-8")
    for path in sorted((data / "workflows/gh-aw-agentics").glob("*.md")):
        yield "gh-aw-agentics", "gh-aw", path.name, path.read_text(encoding="utf-8")
    for path in sorted((data / "workflows/langgraph-graph-snapshots").glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        for name, body in re.findall(r"# name: (.*?)\n(.*?)# ---", text, re.DOTALL):
            found = re.search(r"'''\n(.*?)'''", body, re.DOTALL)
            if found and ("graph TD" in found[1] or '"edges"' in found[1]):
                yield "langgraph snapshots", "langgraph", name, found[1]
    for kind in ("langgraph", "openai-agents"):
        for path in sorted((ROOT / "tests/importers/sdks" / kind).iterdir()):
            yield f"{kind} SDK", kind, path.name, path.read_text(encoding="utf-8")


def tried(item: Item, folder: Path) -> dict[str, int]:
    """What became of one source."""
    _, kind, name, text = item
    made = starter(kind, text, name)
    path = folder / "starter.wf"
    path.write_text(made, encoding="utf-8")
    spec = wfcheck.load(path)
    start = time.perf_counter()
    report = wfcheck.check(path)
    found = Counter(result.verdict.value for result in report.results)
    return {
        "loaded": 1,
        "formatted": int(format_source(Source("starter.wf", made)) == made),
        "tools": len(spec.program.tools),
        "ms": round(1000 * (time.perf_counter() - start)),
        **found,
    }


def main() -> int:
    """One row for each group."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    args = parser.parse_args()
    rows: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for item in sources(args.data):
            row = rows.setdefault(item[0], Counter())
            row["sources"] += 1
            try:
                row.update(tried(item, Path(folder)))
            except Exception as error:  # noqa: BLE001 - the point is to count them
                row["failed"] += 1
                print(f"{item[0]}: {item[2]}: {error!r}", file=sys.stderr)
    print(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
