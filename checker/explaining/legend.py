"""What the predicates of formulas mean."""

from __future__ import annotations

MEANINGS: tuple[tuple[str, str], ...] = (
    ("<", "d < e: d comes before e in the {history}"),
    (
        "call",
        "call(e): e is the attempt to call a tool; e.tool, e.by and the arguments are those of the call",
    ),
    ("returned", "returned(e): e is the return of a call; e.result is its result"),
    ("fail", "fail(e): e is the failure of a call"),
    ("approve", "approve(e): e is an approval; e.by is who gave it"),
    ("deny", "deny(e): e is a denial"),
    ("end", "end(e): e is the normal end of the run, of the last run for rules per session"),
    ("step", "step(e): a step of that name happened (a model, a question, a release, a call that returned)"),
    ("reads", "reads(e, T): the declared result of e.tool carries a tag of T (any tag if T is empty)"),
    ("emits", "emits(e, C): e.tool emits to a channel of C (any channel if C is empty)"),
    ("writes", "writes(e, S): e.tool writes to a store of S (any store if S is empty)"),
    ("acts", "acts(e, p): p makes the call, or it is made on behalf of p"),
    ("same_call", "same_call(d, e): the same tool with the same arguments, by name"),
    ("same", "same(x): equal to the argument of that name of the other event"),
    ("unused", "unused(d, e): an approval that no earlier judged call used up and that has not expired"),
    ("calls", "calls(d, e): how many calls begin after d, up to and with e"),
    ("time", "time(e): the clock at e; unknown where it is not recorded"),
    ("before", "before(e).v: the register v just before e"),
    ("after", "after(e).v: the register v just after e"),
    ("last", "last(p < e: P): the latest such p; unknown where there is none"),
    ("run", "run(e): the run that e belongs to"),
    ("session", "session(e): the session that e belongs to"),
    ("turn", "turn(e): the model answer that asked for e"),
    ("bits", "bits(e): log2 of the number of answers that the release can give"),
    ("streak", "streak(e): how many judged events end in e with no other call (or other key) between them"),
    (
        "arrives",
        "arrives(v, e, K): at e the value v arrives at K, as a value or (unless copies only) by what is decided",
    ),
    (
        "from",
        "from(v, S): v carries S; what a release removed still counts, unless the rule names the release",
    ),
    ("influenced", "influenced(e, T): a tag of T is on an argument of e or on what decided it"),
    ("steers", "steers(e): the influence tags of what decided that e happens"),
    ("values", "values(x): the addresses, links, numbers, dates, codes and words in x"),
    ("literal", "literal(t): t is a text of the workflow itself"),
    ("stands_in", "stands_in(t, d, S): d brought t, and what it brought is S"),
    ("agent", "agent(a): a is an agent of a workflow, or a principal of kind agent"),
    ("can", "can(a, P): a may do what is such an event, written _"),
    ("effective", "effective(p): what p can bring about, through others as well"),
    ("allowed", "allowed(p): the runs that keep every rule of the policy p"),
    ("depth", "depth(r): the fewest assumptions that must fail together before r can break"),
    ("released", "released(t, d, r): d is the release r, and t is in what it let through"),
)
"""Name and meaning; `{history}` says what is looked back at."""
