"""The documents in `schemas/json/`: one JSON Schema for each payload, and the contract."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema

from telegent_orchestrator.events import EventType
from telegent_orchestrator.names import TASK_QUEUE
from tools.schemas.contract import (
    EVENT,
    NEXUS_OPERATIONS,
    NEXUS_SERVICE,
    WORKFLOWS,
    Operation,
    Shape,
    WorkflowContract,
    received_models,
    sent_models,
)

Document = dict[str, Any]
"""JSON, as `json.loads` returns it."""

CONTRACT = "contract.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents(major: int) -> dict[str, Document]:
    """Every document by its file name. `major`: first number of the release."""
    schemas = {shape.__name__: _schema(shape, "validation", major) for shape in sent_models()}
    schemas |= {
        shape.__name__: _schema(shape, "serialization", major) for shape in received_models()
    }
    return {CONTRACT: _contract()} | {f"{name}.json": body for name, body in schemas.items()}


class _SchemaGenerator(GenerateJsonSchema):
    """Generates titles for models only: the title of a field would repeat its name."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> Document:
        document = super().tagged_union_schema(schema)
        tag = schema["discriminator"]
        for kind in document["oneOf"] if isinstance(tag, str) else ():
            # It has a default in Python, where the class determines it; JSON has no other way to
            # tell.
            model = self.get_schema_from_definitions(kind["$ref"]) or {}
            model["properties"][tag].pop("default", None)
            model["required"] = sorted({tag, *model.get("required", ())})
        return document

    def model_schema(self, schema: core_schema.ModelSchema) -> Document:
        document = super().model_schema(schema)
        if "description" in document:
            # The error message of a validator does not help readers of the JSON Schema.
            document["description"] = document["description"].partition("\n\nRaises")[0]
        return document


def _schema(shape: Shape, mode: JsonSchemaMode, major: int) -> Document:
    body = TypeAdapter(shape).json_schema(mode=mode, schema_generator=_SchemaGenerator)
    name = shape.__name__
    return {"$schema": DIALECT, "$id": f"urn:telegent-orchestrator:{major}:{name}", **body}


def _contract() -> Document:
    return {
        "task_queue": TASK_QUEUE,
        "workflows": {name: _workflow(contract) for name, contract in WORKFLOWS.items()},
        "nexus": {
            "service": NEXUS_SERVICE,
            "operations": {
                name: _operation(operation) for name, operation in NEXUS_OPERATIONS.items()
            },
        },
        "events": {"schema": _file(EVENT), "types": [kind.value for kind in EventType]},
    }


def _workflow(contract: WorkflowContract) -> Document:
    return {
        "workflow_id": contract.workflow_id,
        "start": _file(contract.start),
        "result": _file(contract.result),
        "queries": {name: {"response": _file(shape)} for name, shape in contract.queries.items()},
        "updates": {name: _operation(update) for name, update in contract.updates.items()},
        "signals": {name: {"argument": _file(shape)} for name, shape in contract.signals.items()},
    }


def _operation(operation: Operation) -> Document:
    return {"argument": _file(operation.argument), "response": _file(operation.response)}


def _file(shape: Shape | None) -> str | None:
    return None if shape is None else f"{shape.__name__}.json"
