"""Where the statements of workflows stand in their files, and how statements are put in, taken out and moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from wfcheck.checker.repair.edits import Edit
from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.elaborate import Elaborated
from wfcheck.dsl.elaboration.surface_walk import nested
from wfcheck.dsl.source import Source, Span
from wfcheck.dsl.walk import statements
from wfcheck.stdlib import names


@attrs.frozen(eq=False)
class Place:
    """A statement as it is written, in a block of a workflow. `above`: the statements around it, innermost first."""

    source: Source
    workflow: str
    statement: syntax.Statement
    block: syntax.Block
    above: tuple[Place, ...] = ()

    @property
    def text(self) -> str:
        """The statement as it is written."""
        return slice_of(self.source, self.statement.span)

    @property
    def alone(self) -> bool:
        """Whether the statement begins its line."""
        start = self.statement.span.start
        return not self.source.text[self.source.text.rfind("\n", 0, start) + 1 : start].strip()

    @property
    def indent(self) -> str:
        """The blanks before the line on which the statement begins."""
        line = self.source.line_text(self.statement.span.line)
        return line[: len(line) - len(line.lstrip())]


def slice_of(source: Source, span: Span) -> str:
    """The text of a span."""
    return source.text[span.start : span.end]


def places(made: Elaborated) -> dict[tuple[str, int, int], Place]:
    """Every statement of every workflow that is in a file, by its span."""
    found = {}
    library = frozenset(names())
    for path, module in made.modules.items():
        for item in module.items:
            declaration = item.declaration
            if isinstance(declaration, syntax.WorkflowDecl) and path not in library:
                for place in _below(made.sources[path], declaration.name.text, declaration.body, ()):
                    for span in _spans(place.statement):
                        found[(span.file, span.start, span.end)] = place
    return found


def _spans(statement: syntax.Statement) -> Iterator[Span]:
    """A step that is kept in a variable is located by its call."""
    yield statement.span
    if isinstance(statement, syntax.Assign):
        yield statement.value.span


def _below(source: Source, workflow: str, block: syntax.Block, above: tuple[Place, ...]) -> Iterator[Place]:
    for statement in block.statements:
        place = Place(source, workflow, statement, block, above)
        yield place
        for inner in nested(statement):
            yield from _below(source, workflow, inner, (place, *above))


def steps(
    workflow: core.Workflow, known: Mapping[tuple[str, int, int], Place]
) -> list[tuple[core.Statement, Place]]:
    """The steps of a workflow that are statements of their own, with their places, in order; of inlined workflows too."""
    found = []
    for step in statements(workflow.body):
        place = known.get((step.span.file, step.span.start, step.span.end))
        if place is not None:
            found.append((step, place))
    return found


# ---------------------------------------------------------------- changes


def before(place: Place, *new: str) -> Edit:
    """New statements directly before the place."""
    return _with(place, [*new, place.text])


def after(place: Place, *new: str) -> Edit:
    """New statements directly after the place."""
    return _with(place, [place.text, *new])


def instead(place: Place, *new: str) -> Edit:
    """New statements instead of the one there."""
    return _with(place, list(new))


def _with(place: Place, texts: list[str]) -> Edit:
    """The statement becomes these; a block on one line is spread over several, and comments stay where they are."""
    span = place.statement.span
    own_line = place.alone and not _goes_on(place)
    if not own_line and place.block.span.line == place.block.span.end_line:
        return _spread_block(place, texts)
    if own_line and texts[-1] == place.text:
        head = "".join(text + "\n" + place.indent for text in texts[:-1])
        return Edit(span.file, span.start, span.start, head)
    if own_line and texts[0] == place.text:
        end = _line_end(place)
        return Edit(span.file, end, end, "".join("\n" + place.indent + text for text in texts[1:]))
    return Edit(span.file, span.start, span.end, ("\n" + place.indent).join(texts))


def _spread_block(place: Place, texts: list[str]) -> Edit:
    block = place.block.span
    inside: list[str] = []
    for statement in place.block.statements:
        inside += texts if statement is place.statement else [slice_of(place.source, statement.span)]
    body = "".join(f"\n{place.indent}  {text}" for text in inside)
    return Edit(block.file, block.start, block.end, f"{{{body}\n{place.indent}}}")


def _line_end(place: Place) -> int:
    """Behind the statement and a comment on its last line."""
    end = place.source.text.find("\n", place.statement.span.end)
    end = len(place.source.text) if end < 0 else end
    return end - place.source.text[:end].endswith("\r")


def _goes_on(place: Place) -> bool:
    """Whether something else stands behind the statement on its last line."""
    rest = place.source.text[place.statement.span.end :].split("\n", 1)[0].strip()
    return bool(rest) and not rest.startswith("#")


def out(place: Place) -> Edit:
    """The statement is taken out, with its line where nothing else is on it."""
    text, span = place.source.text, place.statement.span
    if not place.alone or text[span.end : _line_end(place)].strip():
        return Edit(span.file, span.start, span.end, "")
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    return Edit(span.file, start, len(text) if end < 0 else end + 1, "")


def spread(first: str, indent: str, inside: list[str]) -> str:
    """A statement with a block over several lines: `first` and then `inside` in braces."""
    body = "".join(f"\n{indent}  {text}" for text in inside)
    return f"{first} {{{body}\n{indent}}}"
