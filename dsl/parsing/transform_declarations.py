"""Builders of modules, imports and declarations, keyed by the rules of the grammar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from wfcheck.dsl import syntax as s
from wfcheck.dsl.diagnostic import Diagnostic, Label
from wfcheck.dsl.parsing.literals import Note
from wfcheck.dsl.parsing.transform_terms import several
from wfcheck.dsl.source import Span

Clause = tuple[str, object, Span]
T = TypeVar("T")


def module(note: Note, *entries: object, span: Span) -> s.Module:
    """A file without its path and comments, which the parser adds."""
    items = tuple(e for e in entries if isinstance(e, s.Item))
    imports = [e for e in entries if isinstance(e, tuple)]
    for _, found in imports:
        if items and found.span.start > items[0].span.start:
            note(_late(found, items[0]))
    doc = imports[0][0] if imports else None
    return s.Module(span.file, doc, tuple(found for _, found in imports), items, (), span=span)


def _late(found: s.Import, item: s.Item) -> Diagnostic:
    label = Label(item.span, "the first declaration")
    help_ = "move it to the top of the file"
    return Diagnostic(
        "WF115", "this import stands after a declaration", found.span, labels=(label,), help=help_
    )


def library_import(
    doc: str | None, path: tuple[s.Ident, ...], names: tuple[s.ImportedName, ...] | None, *, span: Span
) -> tuple[str | None, s.Import]:
    """`import std.mail (read_inbox)`, with the documentation above it."""
    return doc, s.LibraryImport(tuple(p.text for p in path), names, span=span)


def file_import(
    doc: str | None,
    path: s.TextLit,
    alias: s.Ident | None,
    names: tuple[s.ImportedName, ...] | None,
    *,
    span: Span,
) -> tuple[str | None, s.Import]:
    """`import "org/policy.wf" as org`, with the documentation above it."""
    return doc, s.FileImport(path, alias, names, span=span)


def item(
    doc: str | None, annotations: tuple[s.Annotation, ...], declaration: s.Declaration, *, span: Span
) -> s.Item:
    """A declaration with its documentation and annotations."""
    return s.Item(declaration, doc, annotations, span=span)


def tags(kind: str) -> Callable[..., s.TagsDecl]:
    """A builder of `secrecy a, b` or `influence a, b`."""
    return lambda names, *, span: s.TagsDecl(kind, names, span=span)


def group(operator: str | None) -> Callable[..., s.GroupDecl]:
    """A builder of `group g`, `group g = {..}`, `group g += {..}`."""

    def build(name: s.Ident, members: tuple[s.Expr, ...] = (), *, span: Span) -> s.GroupDecl:
        return s.GroupDecl(name, operator, members, span=span)

    return build


def clause(kind: str) -> Callable[..., Clause]:
    """A builder of one clause of a principal or a workflow."""
    return lambda value=True, *, span: (kind, value, span)


def _once(note: Note, clauses: tuple[Clause, ...], kind: str) -> object:
    """The value of the only clause of a kind, or None."""
    found = [c for c in clauses if c[0] == kind]
    for _, _, span in found[1:]:
        label = Label(found[0][2], "first written here")
        note(
            Diagnostic(
                "WF117", "this clause is written twice", span, labels=(label,), help="keep one of them"
            )
        )
    return found[0][1] if found else None


def principal(
    note: Note, name: s.Ident, kind: s.Ident, clauses: tuple[Clause, ...] | None, *, span: Span
) -> s.PrincipalDecl:
    """`principal p is human { clears {..} trusts {..} acts for q }`"""
    clears, trusts, acts_for = (_once(note, clauses or (), k) for k in ("clears", "trusts", "acts for"))
    return s.PrincipalDecl(name, kind, clears, trusts, acts_for, span=span)  # type: ignore[arg-type]


def tool(
    name: s.Ident,
    parameters: tuple[s.Parameter, ...],
    result: s.TypeExpr | None,
    clauses: tuple[s.Clause, ...] | None,
    *,
    span: Span,
) -> s.ToolDecl:
    """`tool t(args) [-> T] [{ clauses }]`"""
    return s.ToolDecl(name, parameters, result, clauses or (), span=span)


def emits_nothing(*, span: Span) -> s.EmitsClause:
    """`emits nothing`"""
    return s.EmitsClause(None, None, None, span=span)


def returns(tags_: tuple[s.Expr, ...], condition: s.Expr | None, *, span: Span) -> s.ReturnsClause:
    """`returns {tags} [when c]`"""
    return s.ReturnsClause(tags_, (), condition, span=span)


def returns_paths(*parts: s.PathTags | s.Expr | None, span: Span) -> s.ReturnsClause:
    """`returns { path: {tags}, ... } [when c]`"""
    last = parts[-1]
    paths = tuple(p for p in parts if isinstance(p, s.PathTags))
    return s.ReturnsClause(None, paths, None if isinstance(last, s.PathTags) else last, span=span)


def fresh(*paths: s.Path, span: Span) -> s.FreshClause:
    """`fresh id, number`"""
    return s.FreshClause(paths, span=span)


def alias(*names: s.TextLit, span: Span) -> s.AliasClause:
    """`alias "name in traces"`"""
    return s.AliasClause(names, span=span)


def track(
    name: s.Ident, type_: s.TypeExpr, initial: s.Expr, *updates: s.TrackUpdate, span: Span
) -> s.TrackDecl:
    """`track v: T = init { on EVENT: expr ... }`"""
    return s.TrackDecl(name, type_, initial, updates, span=span)


def track_update(
    event: s.Event, each: s.ForEach | None, condition: s.Expr | None, value: s.Expr, *, span: Span
) -> s.TrackUpdate:
    """`on EVENT [for each x in xs] [when c]: expr`"""
    return s.TrackUpdate(event, each, condition, None, value, span=span)


def track_entry(
    note: Note,
    event: s.Event,
    each: s.ForEach | None,
    condition: s.Expr | None,
    entry: s.Expr,
    value: s.Expr,
    *,
    span: Span,
) -> s.TrackUpdate:
    """`on EVENT: v[K] := expr`"""
    match entry:
        case s.Subscript(s.Name(), key) if key is not None:
            return s.TrackUpdate(event, each, condition, key, value, span=span)
        case _:
            help_ = "write `v[key] := value`, v being the register itself"
            note(Diagnostic("WF123", "this is no entry of a register", entry.span, help=help_))
            return s.TrackUpdate(event, each, condition, None, value, span=span)


def table(name: s.Ident, record: s.TypeRecord, *rows: s.Expr, span: Span) -> s.TableDecl:
    """`table t: {k: K, ..} = [ {..}, ... ]`"""
    return s.TableDecl(name, record.fields, rows, span=span)


def define(
    name: s.Ident, parameters: tuple[s.Ident, ...] | None, body: s.Expr, *, span: Span
) -> s.DefineDecl:
    """`define f(x, ...) = expr`"""
    return s.DefineDecl(name, parameters or (), body, span=span)


def workflow(
    note: Note, name: s.Ident, parameters: tuple[s.Parameter, ...], *parts: Clause | s.Block, span: Span
) -> s.WorkflowDecl:
    """`workflow w(params) [as p] [guarded] [once per session] [-> T] [requires c]... [ensures c]... {}`"""
    body = parts[-1]
    assert isinstance(body, s.Block)
    clauses = tuple(p for p in parts if isinstance(p, tuple))
    principal_, guarded, once, result = (_once(note, clauses, k) for k in ("as", "guarded", "once", "->"))
    return s.WorkflowDecl(
        name,
        parameters,
        principal_,  # type: ignore[arg-type]
        bool(guarded),
        bool(once),
        result,  # type: ignore[arg-type]
        _contracts(clauses, "requires"),
        _contracts(clauses, "ensures"),
        body,
        span=span,
    )


def _contracts(clauses: tuple[Clause, ...], kind: str) -> tuple[s.Contract, ...]:
    return tuple(c[1] for c in clauses if c[0] == kind and isinstance(c[1], s.Contract))


BUILDERS: Mapping[str, Callable[..., object]] = {
    "import_path": several,
    "import_names": several,
    "imported": s.ImportedName,
    "library_import": library_import,
    "file_import": file_import,
    "item": item,
    "secrecy": tags("secrecy"),
    "influence": tags("influence"),
    "group_open": group(None),
    "group_define": group("="),
    "group_extend": group("+="),
    "type_decl": s.TypeDecl,
    "principal_body": several,
    "clears": clause("clears"),
    "trusts": clause("trusts"),
    "acts_for": clause("acts for"),
    "channel": s.ChannelDecl,
    "store": s.StoreDecl,
    "tool": tool,
    "tool_body": several,
    "parameters": several,
    "parameter": s.Parameter,
    "effect": s.EffectClause,
    "reads": s.ReadsClause,
    "writes": s.WritesClause,
    "emits_nothing": emits_nothing,
    "emits": s.EmitsClause,
    "returns": returns,
    "returns_paths": returns_paths,
    "path_tags": s.PathTags,
    "requires": s.RequiresClause,
    "ensures": s.EnsuresClause,
    "independent": s.IndependentClause,
    "accepts": s.AcceptsClause,
    "fresh": fresh,
    "alias": alias,
    "pure": s.PureClause,
    "release": s.ReleaseDecl,
    "track": track,
    "track_update": track_update,
    "table": table,
    "define": define,
    "assume": s.AssumeDecl,
    "workflow_as": clause("as"),
    "guarded": clause("guarded"),
    "once_per_session": clause("once"),
    "workflow_result": clause("->"),
    "workflow_requires": clause("requires"),
    "workflow_ensures": clause("ensures"),
}

CHECKED: Mapping[str, Callable[..., object]] = {
    "module": module,
    "principal": principal,
    "track_entry": track_entry,
    "workflow": workflow,
}
