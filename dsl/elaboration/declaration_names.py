"""Which names each file can say: its own declarations, what it imports, and the symbols they stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from wfcheck.dsl import syntax
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration.context import BUILTINS, MISSING, Context, Entity, Imported, Names, article
from wfcheck.dsl.elaboration.names import did_you_mean
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import SCALARS

KINDS: dict[type[object], str] = {
    syntax.TagsDecl: "tag",
    syntax.GroupDecl: "group",
    syntax.TypeDecl: "type",
    syntax.PrincipalDecl: "principal",
    syntax.ChannelDecl: "channel",
    syntax.StoreDecl: "store",
    syntax.ToolDecl: "tool",
    syntax.ReleaseDecl: "release",
    syntax.TrackDecl: "track",
    syntax.TableDecl: "table",
    syntax.DefineDecl: "define",
    syntax.AssumeDecl: "assume",
    syntax.WorkflowDecl: "workflow",
    syntax.PolicyDecl: "policy",
}
EVENTS = frozenset(
    [
        *(
            "call",
            "read",
            "emit",
            "write",
            "remember",
            "recall",
            "approve",
            "deny",
            "input",
            "say",
            "ask",
            "llm",
        ),
        *("message", "fail", "release", "step", "reset", "end"),
    ]
)
"""The built-in events; no tool may bear such a name."""


def collect_names(context: Context) -> None:
    """Fills `context.names` for every loaded module."""
    declared = {path: list(_declared(loaded.tree)) for path, loaded in context.modules.items()}
    counts: Counter[tuple[bool, str]] = Counter()
    for found in declared.values():
        counts.update({(kind == "policy", ident.text) for kind, ident, _ in found})
    taken: dict[tuple[bool, str], Entity] = {}
    for path, found in declared.items():
        names = Names(path)
        for kind, ident, item in found:
            clashes = counts[kind == "policy", ident.text] > 1
            symbol = f"{ident.text}@{path}" if clashes else ident.text
            entity = Entity(kind, symbol, ident.text, path, item.declaration, ident.span, item)
            if _is_free(context, taken, entity, ident):
                _declare(context, names, entity, ident)
        context.names[path] = names
    for path in context.modules:
        _bring_in(context, path)


def _declared(tree: syntax.Module) -> Iterator[tuple[str, syntax.Ident, syntax.Item]]:
    for item in tree.items:
        declaration = item.declaration
        match declaration:
            case syntax.TestDecl() | syntax.GroupDecl(operator="+="):
                pass
            case syntax.TagsDecl(names=idents):
                yield from (("tag", ident, item) for ident in idents)
            case _:
                yield KINDS[type(declaration)], declaration.name, item


def _declare(context: Context, names: Names, entity: Entity, ident: syntax.Ident) -> None:
    if entity.kind == "group" and entity.name == "trusted":
        names.own[entity.name] = BUILTINS["trusted"]
        return
    if entity.kind != "policy" and _is_builtin(entity):
        context.report("WF216", f"`{entity.name}` is built in and cannot be declared", ident.span)
        return
    if entity.kind == "tool" and entity.name in EVENTS:
        context.report(
            "WF235",
            f"`{entity.name}` is the name of a built-in event",
            ident.span,
            help=f'give the tool another name and write `alias "{entity.name}"` in it',
        )
    table = names.policies if entity.kind == "policy" else names.own
    first = table.get(entity.name)
    if first is None:
        table[entity.name] = entity
        return
    context.report(
        "WF210",
        f"`{entity.name}` is declared twice in this file",
        ident.span,
        labels=[(first.span, f"first declared here, as {article(first.kind)}")],
    )


def _is_free(
    context: Context, taken: dict[tuple[bool, str], Entity], entity: Entity, ident: syntax.Ident
) -> bool:
    """Whether the symbol is this entity's own. Quoted names could spell the symbol of something else."""
    other = taken.setdefault((entity.kind == "policy", entity.symbol), entity)
    if entity.name.startswith(("tool(", "via ")):
        context.report("WF216", f"`{entity.name}` is how something built in is written", ident.span)
        return False
    if other.module != entity.module:
        labels = [(other.span, "it is the full name of this")]
        context.report(
            "WF216", f"`{entity.symbol}` already stands for something else", ident.span, labels=labels
        )
        return False
    return True


def _is_builtin(entity: Entity) -> bool:
    return entity.name in BUILTINS or (entity.kind == "type" and entity.name in {*SCALARS, "any"})


# ---------------------------------------------------------------- imports


def _bring_in(context: Context, path: str) -> None:
    loaded = context.modules[path]
    for index, (item, target) in enumerate(zip(loaded.tree.imports, loaded.imports, strict=True)):
        if isinstance(item, syntax.FileImport) and item.alias is not None:
            _prefix(context, path, index, item.alias, target)
            if item.names is None:
                continue
        if item.names is not None:
            for listed in item.names:
                _listed(context, path, index, listed, target)
        elif target is None:
            context.names[path].incomplete = True
        else:
            _everything(context, path, index, item, target)


def _prefix(context: Context, path: str, index: int, alias: syntax.Ident, target: str | None) -> None:
    names = context.names[path]
    first = names.prefixes.get(alias.text)
    clash = (
        first.span if first is not None else names.own[alias.text].span if alias.text in names.own else None
    )
    if clash is not None:
        labels = [(clash, "first declared here")]
        context.report(
            "WF210", f"`{alias.text}` stands for two things in this file", alias.span, labels=labels
        )
        return
    entity = Entity("module", target or "", alias.text, path, None, alias.span)
    names.prefixes[alias.text] = Imported(entity, index, alias.span, False)


def _listed(context: Context, path: str, index: int, listed: syntax.ImportedName, target: str | None) -> None:
    name = listed.name.text
    local = listed.alias or listed.name
    found = [] if target is None else _exported(context.names[target], name)
    if not found:
        if target is not None and not context.hidden(target, name):
            _not_exported(context, listed.name, target)
        found = [Entity(MISSING, name, name, target or "", None, listed.name.span)]
    for entity in found:
        _admit(context, path, local.text, Imported(entity, index, local.span, True))


def _exported(names: Names, name: str) -> list[Entity]:
    return [table[name] for table in (names.own, names.policies) if name in table]


def _not_exported(context: Context, name: syntax.Ident, target: str) -> None:
    names = context.names[target]
    help_ = did_you_mean(name.text, {*names.own, *names.policies})
    indirect = [i.entity.span for n, i in names.imported.items() if n == name.text]
    context.report(
        "WF209",
        f"`{target}` declares no `{name.text}`",
        name.span,
        labels=[(span, "declared here: import it from there") for span in indirect],
        help=help_,
    )


def _everything(context: Context, path: str, index: int, item: syntax.Import, target: str) -> None:
    names = context.names[target]
    for table in (names.own, names.policies):
        for name, entity in table.items():
            _admit(context, path, name, Imported(entity, index, item.span, False))


def _admit(context: Context, path: str, name: str, brought: Imported) -> None:
    names = context.names[path]
    policy = brought.entity.kind == "policy"
    own = (names.policies if policy else names.own).get(name)
    table = names.imported_policies if policy else names.imported
    other = table.get(name)
    if own is not None and own != brought.entity:
        _clash(context, name, brought, own, "declared in this file")
    elif other is not None and other.entity != brought.entity and brought.entity.kind != MISSING:
        _clash(context, name, brought, other.entity, "also imported from here")
    elif name in BUILTINS and brought.entity != BUILTINS[name]:
        context.report("WF216", f"`{name}` is built in and cannot be the name of an import", brought.span)
    else:
        table.setdefault(name, brought)


def _clash(context: Context, name: str, brought: Imported, first: Entity, text: str) -> None:
    context.report(
        "WF210",
        f"the import brings in a second `{name}`",
        brought.span,
        labels=[(first.span, text), (brought.entity.span, "the imported one")],
        help=f"import it under another name: `({name} as ...)`, or the file under a prefix",
    )


# ---------------------------------------------------------------- unused imports


def report_unused(context: Context) -> None:
    """Imports and imported names that nothing used. A file with rules, assumptions or members for groups works by being
    imported; a file with tools works for rules, which may judge any of them."""
    working = _working(context)
    for path, loaded in context.modules.items():
        if loaded.library or loaded.skipped:
            continue
        for index, (item, target) in enumerate(zip(loaded.tree.imports, loaded.imports, strict=True)):
            if target is None:
                continue
            for listed in item.names or ():
                _unused_name(context, path, index, listed)
            judged = _declares(loaded.tree, syntax.PolicyDecl) and _has_tools(context, target)
            whole = item.names is None and target not in working and not judged
            if whole and (path, index, None) not in context.used_imports:
                _unused(context, f"nothing of the import of `{target}` is used", item.span)


def _has_tools(context: Context, target: str) -> bool:
    found = context.modules.get(target)
    return found is not None and _declares(found.tree, syntax.ToolDecl)


def _declares(tree: syntax.Module, kind: type[syntax.Declaration]) -> bool:
    return any(isinstance(item.declaration, kind) for item in tree.items)


def _unused_name(context: Context, path: str, index: int, listed: syntax.ImportedName) -> None:
    local = listed.alias or listed.name
    if (path, index, local.text) not in context.used_imports:
        _unused(context, f"the imported `{local.text}` is not used", listed.span)


def _unused(context: Context, message: str, span: Span) -> None:
    context.report("WF208", message, span, severity=Severity.WARNING, help="remove it")


def _working(context: Context) -> set[str]:
    """The modules that matter by being there, and those that import such a module."""
    matters = {path for path, loaded in context.modules.items() if _matters(loaded.tree)}
    grown = True
    while grown:
        more = {p for p, loaded in context.modules.items() if matters & set(loaded.imports)} - matters
        matters |= more
        grown = bool(more)
    return matters


def _matters(tree: syntax.Module) -> bool:
    return any(
        isinstance(item.declaration, syntax.PolicyDecl | syntax.AssumeDecl)
        or (isinstance(item.declaration, syntax.GroupDecl) and item.declaration.operator == "+=")
        for item in tree.items
    )


def importers(context: Context, path: str) -> tuple[str, ...]:
    """The file itself and every file that imports it, directly or not, in the order of loading."""
    found = {path}
    grown = True
    while grown:
        more = {p for p, loaded in context.modules.items() if found & set(loaded.imports)} - found
        found |= more
        grown = bool(more)
    return tuple(p for p in context.modules if p in found)
