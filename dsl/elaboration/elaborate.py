"""From files to a program: loading, names, declarations, workflows, policies, tests, in this order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from wfcheck.dsl import core, syntax
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.elaboration.context import Context
from wfcheck.dsl.elaboration.declaration_annotation import elaborate_annotations
from wfcheck.dsl.elaboration.declaration_data import (
    elaborate_assumptions,
    elaborate_defines,
    elaborate_registers,
    elaborate_tables,
    elaborate_types,
)
from wfcheck.dsl.elaboration.declaration_group import elaborate_groups, elaborate_tags, entities
from wfcheck.dsl.elaboration.declaration_names import collect_names, importers, report_unused
from wfcheck.dsl.elaboration.declaration_place import (
    elaborate_channels,
    elaborate_principals,
    elaborate_stores,
)
from wfcheck.dsl.elaboration.declaration_release import elaborate_releases
from wfcheck.dsl.elaboration.declaration_tool import elaborate_tools
from wfcheck.dsl.elaboration.event import elaborate_event
from wfcheck.dsl.elaboration.modules import Library, load_modules
from wfcheck.dsl.elaboration.rule import elaborate_policy
from wfcheck.dsl.elaboration.statement import elaborate_workflow
from wfcheck.dsl.elaboration.testing import elaborate_test
from wfcheck.dsl.source import Source

DECLARATIONS: tuple[Callable[[Context], None], ...] = (
    elaborate_tags,
    elaborate_groups,
    elaborate_types,
    elaborate_principals,
    elaborate_channels,
    elaborate_stores,
    elaborate_tables,
    elaborate_tools,
    elaborate_releases,
    elaborate_registers,
    elaborate_defines,
    elaborate_assumptions,
)


@attrs.frozen
class Elaborated:
    """A program with everything that was found on the way. `sources`: the text of every module by its path, for carets.
    The program is whole only if no diagnostic is an error: what was wrong is left out of it."""

    program: core.Program
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, Source]
    modules: Mapping[str, syntax.Module]


def load(
    paths: Sequence[Path | str],
    *,
    policies: Sequence[Path | str] = (),
    library: Library,
    library_names: Sequence[str] = (),
) -> tuple[core.Program, tuple[Diagnostic, ...]]:
    """The program of some files and their imports, and every diagnostic. `policies`: further files whose policies hold for all
    workflows. `library`: gives the text of library modules, `library_names` are their dotted names. Never raises on bad input."""
    made = load_all(paths, policies=policies, library=library, library_names=library_names)
    return made.program, made.diagnostics


def load_all(
    paths: Sequence[Path | str],
    *,
    policies: Sequence[Path | str] = (),
    library: Library,
    library_names: Sequence[str] = (),
    given: Mapping[str, str] | None = None,
) -> Elaborated:
    """As `load`, with the texts and trees. `library_names`: the dotted names of the library's modules, for suggestions. `given`:
    texts by path, read instead of the files: what a spec would be after a change."""
    context = Context()
    known = library_names or _names_of(library)
    everywhere = load_modules(context, policies, library, known, given)
    own = load_modules(context, paths, library, known, given)
    context.roots = tuple(dict.fromkeys((*own, *everywhere)))
    elaborate(context, everywhere)
    return Elaborated(
        _program(context),
        _ordered(context),
        {path: loaded.source for path, loaded in context.modules.items()},
        {path: loaded.tree for path, loaded in context.modules.items()},
    )


def _names_of(library: Library) -> Sequence[str]:
    names: Callable[[], Sequence[str]] | None = getattr(library, "names", None)
    return () if names is None else tuple(names())


def elaborate(context: Context, everywhere: Iterable[str] = ()) -> None:
    """Elaborates all loaded modules. `everywhere`: the files whose policies hold for all workflows."""
    context.events = elaborate_event
    collect_names(context)
    for step in DECLARATIONS:
        step(context)
    _annotations(context)
    for entity in entities(context, "workflow"):
        assert isinstance(entity.declaration, syntax.WorkflowDecl)
        workflow = elaborate_workflow(context, entity.module, entity.declaration)
        if workflow is not None:
            context.workflows[entity.symbol] = workflow
    _policies(context, frozenset(everywhere))
    for path, loaded in context.modules.items():
        for item in loaded.tree.items:
            if isinstance(item.declaration, syntax.TestDecl):
                test = elaborate_test(context, path, item.declaration)
                context.tests += [] if test is None else [test]
    report_unused(context)


def _annotations(context: Context) -> None:
    """Of everything but policies, which hand theirs on to their rules."""
    for loaded in context.modules.values():
        for item in loaded.tree.items:
            if not isinstance(item.declaration, syntax.PolicyDecl):
                elaborate_annotations(context, item.annotations)


def _annotated(context: Context) -> Mapping[int, Mapping[str, tuple[core.Value, ...]]]:
    """What policies say of themselves, by the identity of their declarations."""
    items = [item for loaded in context.modules.values() for item in loaded.tree.items]
    return {
        id(item.declaration): elaborate_annotations(context, item.annotations)
        for item in items
        if isinstance(item.declaration, syntax.PolicyDecl)
    }


def _policies(context: Context, everywhere: frozenset[str]) -> None:
    annotated = _annotated(context)
    for entity in entities(context, "policy"):
        assert isinstance(entity.declaration, syntax.PolicyDecl)
        files = None if entity.module in everywhere else frozenset(importers(context, entity.module))
        scope = tuple(w.symbol for w in entities(context, "workflow") if files is None or w.module in files)
        context.rules += elaborate_policy(
            context, entity.module, entity.declaration, scope, annotated[id(entity.declaration)]
        )


def _program(context: Context) -> core.Program:
    return core.Program(
        roots=context.roots,
        files=tuple(context.modules),
        tags=context.tags,
        groups=context.groups,
        principals=context.principals,
        channels=context.channels,
        stores=context.stores,
        tools=context.tools,
        releases=context.releases,
        registers=context.registers,
        tables=context.tables,
        assumptions=tuple(context.assumptions),
        workflows=context.workflows,
        rules=tuple(context.rules),
        tests=tuple(context.tests),
    )


def _ordered(context: Context) -> tuple[Diagnostic, ...]:
    """By file in the order of loading, then by place."""
    rank = {path: number for number, path in enumerate(context.modules)}

    def key(diagnostic: Diagnostic) -> tuple[int, int, str]:
        span = diagnostic.span
        if span is None:
            return -1, 0, diagnostic.code
        return rank.get(span.file, len(rank)), span.start, diagnostic.code

    return tuple(sorted(context.diagnostics, key=key))
