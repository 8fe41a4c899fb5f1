"""What the trace readers make of a folder of real files, and how fast they decode.

python bench/readers.py --data ../shared/data      # files, traces, events and problems per folder and format
python bench/readers.py --speed 200000             # events per second of the native and the OpenAI format
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import attrs

from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem


@attrs.define
class Row:
    """One folder: how many files, and what was read from them."""

    files: int = 0
    read: int = 0
    traces: int = 0
    events: int = 0
    formats: Counter[str] = attrs.field(factory=Counter)
    problems: Counter[str] = attrs.field(factory=Counter)

    def add(self, path: Path, lenient: bool) -> None:
        """Read one file."""
        self.files += 1
        before = self.traces
        for item in read_traces([path], lenient=lenient):
            if isinstance(item, Problem):
                self.problems[item.code] += 1
            else:
                self.traces += 1
                self.events += len(item.events)
                self.formats[item.format] += 1
        self.read += self.traces > before


def folder_of(path: Path, root: Path) -> str:
    """The dataset of a file: its folder, or of nested collections the inner one."""
    parts = path.relative_to(root).parts[:-1]
    return (
        "/".join(parts[:2])
        if parts[:1] in (("otel-and-exports",), ("claude-code-transcripts",))
        else "".join(parts[:1])
    )


def table(root: Path, lenient: bool) -> Iterator[str]:
    """A Markdown table, one row per folder that holds a trace, one for all others."""
    rows: dict[str, Row] = {}
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        rows.setdefault(folder_of(path, root), Row()).add(path, lenient)
    yield "| folder | files | read | formats (traces) | events | reported |"
    yield "|---|---|---|---|---|---|"
    rest = Row()
    for name, row in rows.items():
        if row.traces:
            formats = ", ".join(f"{k} ({v})" for k, v in sorted(row.formats.items()))
            yield f"| `{name}` | {row.files} | {row.read} | {formats} | {row.events} | {codes(row.problems)} |"
        else:
            rest.files += row.files
            rest.problems.update(row.problems)
    yield f"| the others | {rest.files} | 0 | - | 0 | {codes(rest.problems)} |"


def codes(problems: Counter[str]) -> str:
    """Problems by code."""
    return ", ".join(f"{code} x {count}" for code, count in sorted(problems.items())) or "-"


def native_lines(events: int) -> Iterator[str]:
    """One long native trace of calls and results."""
    yield json.dumps({"format": "wftrace", "version": 1})
    for number in range(0, events, 2):
        call = {"call": f"c{number}", "tool": "pay", "time": "2026-03-02T09:00:00Z"}
        yield json.dumps(
            {"kind": "call", "seq": number, **call, "args_requested": {"to": "ann", "amount": 12.5}}
        )
        yield json.dumps({"kind": "result", "seq": number + 1, **call, "result": {"ok": True, "id": number}})


def openai_lines(events: int) -> Iterator[str]:
    """Runs of eight events each, one a line."""
    for number in range(0, events, 8):
        call = {
            "id": f"c{number}",
            "type": "function",
            "function": {"name": "pay", "arguments": '{"to": "ann", "amount": 12.5}'},
        }
        yield json.dumps({"messages": [
            {"role": "system", "content": "You pay bills."}, {"role": "user", "content": "pay ann 12.5"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": "ok"}, {"role": "assistant", "content": "done"},
        ]})  # fmt: skip


def speed(events: int) -> Iterator[str]:
    """Events per second and the highest memory of the process, format by format."""
    for name, lines in (("native.wftrace.jsonl", native_lines), ("openai.jsonl", openai_lines)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_text("\n".join(lines(events)) + "\n")
            started, count = time.process_time(), 0
            for item in read_traces([path]):
                count += 0 if isinstance(item, Problem) else len(item.events)
            seconds = time.process_time() - started
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            size = path.stat().st_size / 2**20
            rate = f"{count / seconds:,.0f} events/s (processor time)"
            yield f"{name}: {count} events, {size:.0f} MB in {seconds:.2f} s, {rate}, peak {peak} MB"


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--lenient", action="store_true")
    parser.add_argument("--speed", type=int)
    args = parser.parse_args()
    if args.data is not None:
        print("\n".join(table(args.data, args.lenient)))
    if args.speed is not None:
        for line in speed(args.speed):
            print(line)
    if args.data is None and args.speed is None:
        sys.exit("nothing to do: --data FOLDER or --speed EVENTS")


if __name__ == "__main__":
    main()
