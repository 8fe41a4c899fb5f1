"""The child process that runs Spacer: its guess of an invariant, as data. It is run as a file, so that it loads nothing of this
package. Protocol as in `z3_backend`.

A question holds `text` (declarations and definitions), `places` (by name, the sorts of its arguments), `rules` (head and body as a
place with names of arguments, or null; the name of the constraint), `variables` (their sorts), `names` (of all terms that are
spoken of), `error` (the place never to be reached), `milliseconds` and its `number`. An answer holds that number, `status` and, by
place, nodes: operators over the numbers of earlier nodes, or `arg` and the number of an argument."""

from __future__ import annotations

import json
import resource
import struct
import sys
from typing import Any, BinaryIO

import z3

_PARAMETERS = {
    "engine": "spacer", "spacer.global": True, "spacer.random_seed": 0, "xform.inline_eager": False, "xform.inline_linear": False,
    "xform.slice": False,
}  # fmt: skip
_NAMES = {
    z3.Z3_OP_TRUE: "true", z3.Z3_OP_FALSE: "false", z3.Z3_OP_AND: "and", z3.Z3_OP_OR: "or", z3.Z3_OP_NOT: "not", z3.Z3_OP_EQ: "eq",
    z3.Z3_OP_ITE: "ite", z3.Z3_OP_LE: "le", z3.Z3_OP_GE: "ge", z3.Z3_OP_LT: "lt", z3.Z3_OP_GT: "gt", z3.Z3_OP_ADD: "add",
    z3.Z3_OP_SUB: "sub", z3.Z3_OP_UMINUS: "neg", z3.Z3_OP_MUL: "mul", z3.Z3_OP_IMPLIES: "implies", z3.Z3_OP_TO_REAL: "real",
    z3.Z3_OP_TO_INT: "floor",
}  # fmt: skip
_MOST_NODES = 20_000


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answers questions until the source ends."""
    while len(head := source.read(4)) == 4:
        question = json.loads(source.read(struct.unpack(">I", head)[0]))
        try:
            answer = _guess(question)
        except z3.Z3Exception as error:
            answer = {"status": "unknown", "reason": _why(error)}
        payload = json.dumps({**answer, "number": question["number"]}).encode()
        sink.write(struct.pack(">I", len(payload)) + payload)
        sink.flush()


def _why(error: z3.Z3Exception) -> str:
    return "Spacer ran out of time" if "canceled" in str(error) else f"Spacer failed: {error}"[:500]


def _guess(question: dict[str, Any]) -> dict[str, Any]:
    context = z3.Context()
    solver = z3.Fixedpoint(ctx=context)
    for name, value in {**_PARAMETERS, "timeout": question["milliseconds"]}.items():
        solver.set(name, value)
    places = _places(question, solver, context)
    solver.declare_var(*(z3.Const(n, _sort(s, context)) for n, s in question["variables"].items()))
    terms = _terms(question, context)
    for rule in question["rules"]:
        body = [terms[rule["constraint"]]]
        if rule["body"] is not None:
            body.append(_call(places, terms, rule["body"]))
        solver.rule(_call(places, terms, rule["head"]), body)
    result = solver.query(places[question["error"]]())
    if result == z3.sat:
        return {"status": "sat"}
    if result != z3.unsat:
        return {"status": "unknown", "reason": f"Spacer gave up: {solver.reason_unknown()}"[:500]}
    named = {n: _nodes(solver.get_cover_delta(-1, p)) for n, p in places.items() if n != question["error"]}
    return {"status": "guessed", "places": named}


def _places(question: dict[str, Any], solver: z3.Fixedpoint, context: z3.Context) -> dict[str, Any]:
    found = {
        name: z3.Function(f"at!{number}", *(_sort(s, context) for s in args), z3.BoolSort(context))
        for number, (name, args) in enumerate(question["places"].items())
    }
    solver.register_relation(*found.values())
    return found


def _sort(name: str, context: z3.Context) -> Any:
    return {"Bool": z3.BoolSort, "Int": z3.IntSort, "Real": z3.RealSort}[name](context)


def _terms(question: dict[str, Any], context: z3.Context) -> dict[str, Any]:
    """Every named term: the text asserts `(= name name)` style facts that the parser keeps as equations of one side."""
    parser = z3.ParserContext(context)
    parser.from_string(question["text"])
    names = question["names"]
    said: Any = parser.from_string("".join(f"(assert (= {name} {name}))" for name in names))
    return dict(zip(names, (fact.arg(0) for fact in said), strict=True))


def _call(places: dict[str, Any], terms: dict[str, Any], call: dict[str, Any]) -> Any:
    return places[call["place"]](*(terms[name] for name in call["args"]))


def _nodes(root: Any) -> list[list[Any]]:
    """The formula as nodes, the last one its root; operators that have no name here are `other`."""
    nodes: list[list[Any]] = []
    known: dict[int, int] = {}
    stack = [(root, False)]
    while stack and len(nodes) < _MOST_NODES:
        term, ready = stack.pop()
        if term.get_id() in known:
            continue
        if ready or not z3.is_app(term) or term.num_args() == 0:
            known[term.get_id()] = len(nodes)
            nodes.append(_node(term, known))
        else:
            stack.append((term, True))
            stack.extend((arg, False) for arg in reversed(term.children()))
    return nodes


def _node(term: Any, known: dict[int, int]) -> list[Any]:
    if z3.is_var(term):
        return ["arg", z3.get_var_index(term)]
    if z3.is_int_value(term):
        return ["int", term.as_string()]
    if z3.is_rational_value(term):
        return ["rational", f"{term.numerator_as_long()}/{term.denominator_as_long()}"]
    if not z3.is_app(term):
        return ["other"]
    return [_NAMES.get(term.decl().kind(), "other"), *(known[a.get_id()] for a in term.children())]


def main() -> None:
    """Serves standard input and output, within the megabytes given as the first argument."""
    megabytes = int(sys.argv[1]) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (megabytes, megabytes))
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
