"""What the attributes of an OpenTelemetry span say: the GenAI conventions, OpenInference, and the flat form of OpenLLMetry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from wfcheck.checker.traces.building import arguments_of
from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.messages import Message, messages_of, opened, plain, text_of
from wfcheck.checker.traces.span_tree import SpanKind

_OPERATIONS: Final[Mapping[str, SpanKind]] = {
    "chat": "llm", "text_completion": "llm", "generate_content": "llm", "execute_tool": "tool",
    "invoke_agent": "agent", "create_agent": "other", "invoke_workflow": "other", "embeddings": "other",
}  # fmt: skip
_INFERENCE: Final[Mapping[str, SpanKind]] = {
    "LLM": "llm",
    "TOOL": "tool",
    "RETRIEVER": "tool",
    "AGENT": "agent",
}
_TRACELOOP: Final[Mapping[str, SpanKind]] = {"tool": "tool", "agent": "agent"}
_EVENT_ROLES = {
    "gen_ai.system.message": "system", "gen_ai.user.message": "user", "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}  # fmt: skip


@attrs.frozen
class Meaning:
    """What one span is and carries, whatever the conventions."""

    kind: SpanKind
    name: str
    heard: tuple[Message, ...] = ()
    said: tuple[Message, ...] = ()
    call: str | None = None
    arguments: dict[str, Json] | None = None
    result: Json = None
    shows_result: bool = False


def kind_of(attributes: Mapping[str, Json]) -> SpanKind:
    """What a span is; a span of no known kind is `other`."""
    operation = attributes.get("gen_ai.operation.name")
    if isinstance(operation, str) and operation in _OPERATIONS:
        return _OPERATIONS[operation]
    inference = attributes.get("openinference.span.kind")
    if isinstance(inference, str):
        return _INFERENCE.get(inference.upper(), "other")
    traceloop = attributes.get("traceloop.span.kind")
    if isinstance(traceloop, str) and traceloop in _TRACELOOP:
        return _TRACELOOP[traceloop]
    if attributes.get("gen_ai.tool.name") or attributes.get("gen_ai.tool.call.id"):
        return "tool"
    if any(key in attributes for key in ("llm.request.type", "gen_ai.request.model", "gen_ai.prompt.0.role")):
        return "llm"
    return "agent" if attributes.get("gen_ai.agent.name") or attributes.get("agent_name") else "other"


def meaning(
    name: str, attributes: Mapping[str, Json], events: Iterable[tuple[str, Mapping[str, Json]]]
) -> Meaning:
    """Read a span. Raises MalformedError where a recorded message or argument has no acceptable shape."""
    kind = kind_of(attributes)
    match kind:
        case "llm":
            spoken = _spoken(attributes)
            told = [_of_event(event, fields) for event, fields in events]
            heard = [m for found, _ in told for m in found] + list(spoken[0])
            said = [m for _, found in told for m in found] + list(spoken[1])
            return Meaning(kind, name, tuple(heard), tuple(said))
        case "tool":
            return _tool(name, attributes)
        case "agent":
            own = _first(
                attributes,
                "gen_ai.agent.name",
                "agent.name",
                "agent_name",
                "graph.node.id",
                "traceloop.entity.name",
            )
            return Meaning(kind, own if isinstance(own, str) and own else name)
        case _:
            return Meaning(kind, name)


def _tool(name: str, attributes: Mapping[str, Json]) -> Meaning:
    own = _first(
        attributes, "gen_ai.tool.name", "tool.name", "traceloop.entity.name", "tool_call.function.name"
    )
    name = own if isinstance(own, str) and own else name
    given = _first(
        attributes, "gen_ai.tool.call.arguments", "tool.parameters", "tool_call.function.arguments", "input.value",
        "traceloop.entity.input", "retrieval.query",
    )  # fmt: skip
    result = _first(
        attributes,
        "gen_ai.tool.call.result",
        "output.value",
        "traceloop.entity.output",
        "gen_ai.tool.message",
    )
    documents = numbered(attributes, "retrieval.documents.")
    call = _first(attributes, "gen_ai.tool.call.id", "tool_call.id", "tool.id")
    value = documents if documents and result is None else result
    return Meaning(
        "tool", name, call=call if isinstance(call, str) and call else None, arguments=loose_arguments(given),
        result=plain(value), shows_result=value is not None,
    )  # fmt: skip


def loose_arguments(given: Json) -> dict[str, Json] | None:
    """Recorded arguments: an object, also one printed or wrapped in `input`; other text is an argument `input`."""
    value = opened(given)
    if value is None:
        return None
    if isinstance(value, dict):
        inner = opened(value.get("input"))
        return inner if len(value) == 1 and isinstance(inner, dict) else arguments_of(value)
    return {"input": value}


def _spoken(attributes: Mapping[str, Json]) -> tuple[list[Message], list[Message]]:
    heard = messages_of(attributes.get("gen_ai.system_instructions"), "system")
    heard += messages_of(_first(attributes, "gen_ai.input.messages", "gen_ai.prompt"), "user")
    said = messages_of(_first(attributes, "gen_ai.output.messages", "gen_ai.completion"), "assistant")
    for prefix in ("llm.input_messages.", "gen_ai.prompt."):
        heard = heard or messages_of(_flat(attributes, prefix), "user")
    for prefix in ("llm.output_messages.", "gen_ai.completion."):
        said = said or messages_of(_flat(attributes, prefix), "assistant")
    if not heard:
        heard = messages_of(_first(attributes, "input.value", "traceloop.entity.input"), "user")
    if not said:
        said = messages_of(_first(attributes, "output.value", "traceloop.entity.output"), "assistant")
    return heard, said


def _flat(attributes: Mapping[str, Json], prefix: str) -> list[Json]:
    """Messages written as numbered attributes, with the wrappers `message`, `tool_call`, `message_content` taken off."""
    return [_unwrap(item) for item in numbered(attributes, prefix)]


def _unwrap(value: Json) -> Json:
    if isinstance(value, list):
        return [_unwrap(item) for item in value]
    if not isinstance(value, dict):
        return value
    made: dict[str, Json] = {}
    for key, item in value.items():
        if key in ("message", "tool_call", "message_content") and isinstance(item, dict):
            made.update(_unwrap(item))
        else:
            made["content" if key == "contents" else key] = _unwrap(item)
    return made


def numbered(attributes: Mapping[str, Json], prefix: str) -> list[Json]:
    """The list written as attributes `prefix.0.a.b`, `prefix.1.c`, ...; nested lists and objects likewise."""
    made: dict[str, Any] = {}
    for key, value in attributes.items():
        if key.startswith(prefix):
            _plant(made, key[len(prefix) :].split(".")[:40], value)
    listed = _listed(made, 0)
    return listed if isinstance(listed, list) else []


def _plant(made: dict[str, Any], path: list[str], value: Json) -> None:
    for step in path[:-1]:
        below = made.setdefault(step, {})
        if not isinstance(below, dict):
            return
        made = below
    made.setdefault(path[-1], value)


def _listed(value: Any, depth: int) -> Json:
    """Objects whose keys are all numbers as lists."""
    if not isinstance(value, dict) or depth > 40:
        return value
    inner = {key: _listed(item, depth + 1) for key, item in value.items()}
    if inner and all(key.isascii() and key.isdigit() and len(key) < 7 for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def _of_event(name: str, fields: Mapping[str, Json]) -> tuple[list[Message], list[Message]]:
    """Messages recorded as events of a span: what was heard, what was said."""
    if name == "gen_ai.client.inference.operation.details":
        return _spoken(fields)
    body = opened(_first(fields, "gen_ai.event.content", "event_body", "body"))
    content = (
        body if isinstance(body, dict) else {k: opened(v) if k != "content" else v for k, v in fields.items()}
    )
    if name in _EVENT_ROLES:
        content = {"tool_call_id": content.get("id"), **content}
        return messages_of({"role": _EVENT_ROLES[name], **content}, _EVENT_ROLES[name]), []
    if name == "gen_ai.choice":
        inner = content.get("message")
        return [], messages_of(
            {"role": "assistant", **(inner if isinstance(inner, dict) else content)}, "assistant"
        )
    if name == "gen_ai.content.prompt":
        return messages_of(fields.get("gen_ai.prompt"), "user"), []
    if name == "gen_ai.content.completion":
        return [], messages_of(fields.get("gen_ai.completion"), "assistant")
    return [], []


def _first(attributes: Mapping[str, Json], *keys: str) -> Json:
    return next((attributes[key] for key in keys if attributes.get(key) not in (None, "")), None)


def error_of(code: Json, message: Json, attributes: Mapping[str, Json]) -> str | None:
    """The error of a span, from its status and `error.type`."""
    failed = code in (2, "2", "ERROR", "STATUS_CODE_ERROR", "Error")
    if not failed and not attributes.get("error.type"):
        return None
    return text_of(message or attributes.get("error.type")) or "error"


def session_of(attributes: Mapping[str, Json]) -> str | None:
    """The conversation that a span belongs to."""
    found = _first(attributes, "gen_ai.conversation.id", "session.id")
    return found if isinstance(found, str) else None
