"""`wfcheck explain`: the page of a diagnostic code, a built-in rule or a verdict; or all that can be said of a rule of a spec."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from wfcheck import __version__
from wfcheck.checker.explain import page, pages
from wfcheck.cli import output
from wfcheck.dsl.codes import CODES
from wfcheck.dsl.diagnostic import Diagnostic, WfError

if TYPE_CHECKING:
    from wfcheck.dsl.core import Program, Rule

_FORMATS = ("text", "json")


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `explain`."""
    text = (
        "a code such as WF203, a built-in rule such as builtin.sight, a verdict such as VACUOUS, "
        "or POLICY.RULE of a spec; without one, all pages are listed"
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help=text)
    where = "where the rule is: .wf files or folders (default: the current folder)"
    parser.add_argument("paths", nargs="*", metavar="SPEC", help=where)
    parser.add_argument("--policy", action="append", metavar="FILE", help="also read this file (repeatable)")
    parser.add_argument("--output-format", choices=_FORMATS, default="text", help="text (default) or json")


def run(args: argparse.Namespace) -> int:
    """Print the list of pages, a page, or the explanation of a rule."""
    as_json = args.output_format == "json"
    if args.name is None:
        output.emit(_list_json() if as_json else "".join(f"{name}  {_summary(name)}\n" for name in pages()))
        return 0
    text = page(args.name) or page(args.name.upper()) or page(args.name.lower())
    if text is not None:
        output.emit(_page_json(args.name, text) if as_json else text)
        return 0
    if "." not in args.name and not args.paths:
        return output.complain([_unknown(args.name)])
    output.emit(_explained(args.name, args.paths, args.policy or (), as_json))
    return 0


def _summary(name: str) -> str:
    return CODES[name].summary if name in CODES else pages()[name].split("\n")[0].partition(": ")[2]


def _unknown(name: str) -> Diagnostic:
    near = get_close_matches(name.upper(), CODES, n=1) or get_close_matches(name, pages(), n=1)
    hint = f"did you mean `{near[0]}`?" if near else "`wfcheck explain` lists all pages"
    return Diagnostic("WF808", f"there is no page about `{name}`", None, help=hint)


def _list_json() -> str:
    from wfcheck.checker.report.json import dump

    listed = [{"name": name, "summary": _summary(name)} for name in pages()]
    return dump({"schema": "wfcheck.pages/1", "version": __version__, "pages": listed})


def _page_json(name: str, text: str) -> str:
    from wfcheck.checker.report.json import dump

    return dump({"schema": "wfcheck.page/1", "version": __version__, "name": name, "text": text})


# ---------------------------------------------------------------- a rule


def _explained(name: str, paths: Sequence[str], policy: Sequence[str], as_json: bool) -> str:
    """Raises WfError: the spec has errors, or no such rule."""
    from wfcheck._api import load
    from wfcheck.checker.explaining.explained import explain
    from wfcheck.checker.explaining.json import write_json
    from wfcheck.checker.explaining.text import write_text

    program = load(paths or ".", policy=policy).program
    found = [explain(rule, program) for rule in _named(name, program)]
    if as_json:
        return "".join(write_json(explained, __version__) for explained in found)
    return "\n".join(map(write_text, found))


def _named(name: str, program: Program) -> list[Rule]:
    """The rules of that name: of that symbol, of that plain name in any file, or (without a policy) of any policy."""
    from wfcheck.checker.selection import globs, unmatched

    exact = [rule for rule in program.rules if rule.name == name]
    plain = [rule for rule in program.rules if _plain(rule.name) == name]
    alone = [rule for rule in program.rules if "." not in name and _plain(rule.name).endswith(f".{name}")]
    found = exact or plain or alone
    if not found:
        raise WfError(*unmatched(globs((name,))[:1], (_plain(rule.name) for rule in program.rules)))
    return found


def _plain(name: str) -> str:
    """`policy@file.rule` without the file."""
    policy, at, rest = name.partition("@")
    return f"{policy}.{rest.rpartition('.wf.')[2]}" if at and ".wf." in rest else name
