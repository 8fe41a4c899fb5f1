"""`wfcheck graph`: the typed DAG of a workflow as a picture or as text."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from wfcheck._api import Spec, load
from wfcheck.checker import graph
from wfcheck.checker.selection import no_workflow
from wfcheck.cli import options, output
from wfcheck.dsl.diagnostic import Diagnostic, WfError
from wfcheck.dsl.graph.dag import Graph
from wfcheck.dsl.graph.lower import lower

_FORMATS: tuple[str, ...] = get_args(graph.Format)
_SUFFIXES: Mapping[str, graph.Format] = {
    ".svg": "svg",
    ".png": "png",
    ".dot": "dot",
    ".gv": "dot",
    ".mermaid": "mermaid",
    ".mmd": "mermaid",
    ".json": "json",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `graph`."""
    parser.add_argument("spec", metavar="SPEC", help="a .wf file or a folder")
    parser.add_argument("--workflow", metavar="NAME", help="which workflow, where the spec has several")
    parser.add_argument("--policy", action="append", metavar="FILE", help="also read this file (repeatable)")
    parser.add_argument("-o", "--output", metavar="FILE", help="write here; the format follows the suffix")
    parser.add_argument(
        "--output-format", choices=_FORMATS, help="the format (default: the suffix of FILE, else dot)"
    )
    options.add_voice(parser)


def run(args: argparse.Namespace) -> int:
    """Draw the workflow."""
    chosen = options.settle(args, {"policy": (), "color": None, "workflow": None})
    form: graph.Format = args.output_format or _format_of(args.output)
    spec = load(args.spec, policy=chosen["policy"])
    workflow = spec.program.workflows[_name(spec, chosen["workflow"], args.spec)]
    drawn = lower(workflow, spec.program)
    if args.output is not None:
        return _to_file(drawn, form, args.output)
    if form == "svg" or form == "png":
        raise WfError(_needs_file(form))
    output.emit(graph.text(drawn, form))
    return 0


def _to_file(drawn: Graph, form: graph.Format, file: str) -> int:
    try:
        graph.render(drawn, form, Path(file))
    except OSError as error:
        raise WfError(output.unwritable(file, error)) from None
    return 0


def _format_of(file: str | None) -> graph.Format:
    if file is None:
        return "dot"
    form = _SUFFIXES.get(Path(file).suffix.lower())
    if form is None:
        text = f"`{file}` has no suffix of a known format"
        raise WfError(
            Diagnostic("WF809", text, None, help=f"use --output-format {'|'.join(_FORMATS)}", file=file)
        )
    return form


def _name(spec: Spec, wanted: str | None, file: str) -> str:
    names = list(spec.program.workflows)
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted in names:
        return str(wanted)
    raise WfError(no_workflow(wanted, names, file))


def _needs_file(form: str) -> Diagnostic:
    return Diagnostic("WF809", f"`{form}` is a picture and goes to a file", None, help=f"add -o FILE.{form}")
