"""The committed schemas are those of the models, and say what the workflows take."""

import inspect
import json
import sys
from collections.abc import Callable
from copy import deepcopy
from itertools import product
from typing import Any
from unittest.mock import Mock

import nexusrpc
import pytest
from jsonschema import Draft202012Validator
from pydantic import JsonValue, ValidationError
from temporalio import workflow

from telegent_orchestrator.names import CORRECT_MESSAGE
from telegent_orchestrator.nexus import TelegentOrchestrator
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness.documents import json_blocks
from tests.harness.schemas import SCHEMAS
from tools.docs.documents import DOCUMENTS
from tools.schemas.__main__ import CURRENT, ROOT, render_documents
from tools.schemas.contract import NEXUS_OPERATIONS, WORKFLOWS
from workflows.bulk.portability_workflow import PortabilityWorkflow
from workflows.bulk.signals import BATCH_COMMAND_SIGNAL, BATCH_REPORT_SIGNAL
from workflows.events.delivery_workflow import EventDeliveryWorkflow
from workflows.onboarding.catalogue_item import CatalogueItemWorkflow
from workflows.registry import WORKFLOWS as DEFINED
from workflows.request_allowance.workflow import AllowanceWorkflow
from workflows.sims.claim_workflow import SimClaimWorkflow
from workflows.support.messages import CHILD_UPDATED_SIGNAL
from workflows.usage.events_workflow import UsageEventsWorkflow

INTERNAL = (
    EventDeliveryWorkflow,
    CatalogueItemWorkflow,
    SimClaimWorkflow,
    PortabilityWorkflow,
    AllowanceWorkflow,
    UsageEventsWorkflow,
)
OF_OTHERS = [kind for kind in DEFINED if kind not in INTERNAL]
BETWEEN_OURS = {CHILD_UPDATED_SIGNAL, BATCH_REPORT_SIGNAL, BATCH_COMMAND_SIGNAL}
FAMILY: dict[str, Any] = json.loads((ROOT / "examples" / "family.json").read_text("utf-8"))
WRONG: tuple[JsonValue, ...] = (None, "remove", True, 5, -1, "", "x" * 999, [], {}, {"kind": "new"})


def test_committed_schemas_are_up_to_date() -> None:
    committed = {path.name: path.read_text("utf-8") for path in CURRENT.iterdir()}
    assert committed == render_documents(), "bring them up to date with: make schemas"


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_valid_and_have_unique_ids(name: str) -> None:
    schema = SCHEMAS[name].schema
    assert isinstance(schema, dict)
    Draft202012Validator.check_schema(schema)
    title = name.removesuffix(".json")
    assert schema["$id"] == f"urn:telegent-orchestrator:1:{title}"
    assert schema["title"] == title
    assert all(part["description"] for part in (schema, *schema.get("$defs", {}).values()))


@pytest.mark.parametrize("kind", OF_OTHERS, ids=lambda kind: kind.__name__)
def test_contract_matches_the_workflow_definitions(kind: type) -> None:
    # The SDK has no public way to ask a workflow for its messages.
    defined = workflow._Definition.must_from_class(kind)
    contract = WORKFLOWS[defined.name or ""]

    assert contract.start in (None, *(defined.arg_types or ()))
    assert contract.result is defined.ret_type
    assert {name: query.ret_type for name, query in defined.queries.items()} == contract.queries
    assert {name: update.ret_type or type(None) for name, update in defined.updates.items()} == {
        name: update.response or type(None) for name, update in contract.updates.items()
    }
    for name, promised in contract.updates.items():
        assert promised.argument.__name__ in (defined.updates[name].fn.__doc__ or "")
    assert defined.signals.keys() - BETWEEN_OURS == contract.signals.keys()


class ReadAsError(Exception):
    """Stops a handler where it reads what was sent; `kind`: the model that it reads it as."""

    def __init__(self, kind: type) -> None:
        super().__init__(kind)
        self.kind = kind


@pytest.mark.parametrize("kind", OF_OTHERS, ids=lambda kind: kind.__name__)
def test_handlers_accept_the_models_of_the_contract(
    kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Handlers take whatever was sent, and read it themselves: only so it shows what as.
    readers = [module for module in list(sys.modules.values()) if hasattr(module, "parse_message")]
    for module in readers:
        monkeypatch.setattr(module, "parse_message", raises)
    defined = workflow._Definition.must_from_class(kind)
    contract = WORKFLOWS[defined.name or ""]
    for name, promised in contract.updates.items():
        update = defined.updates[name]
        assert update.validator, name
        assert read_as(update.validator) is promised.argument
        assert read_as(update.fn) is promised.argument
    for name, argument in contract.signals.items():
        assert argument is None or read_as(defined.signals[name].fn) is argument


def raises(kind: type, *_: object) -> None:
    """In place of `parse_message`."""
    raise ReadAsError(kind)


def read_as(handler: Callable[..., object]) -> type:
    """The model that a handler reads a message as."""
    # A port-in parses its signals in one place, where it also rejects them.
    anything = Mock(_accept_signal=raises)
    with pytest.raises(ReadAsError) as raised:
        run(handler(anything, {}))
    return raised.value.kind


def run(response: object) -> None:
    """Lets an asynchronous handler begin."""
    if inspect.iscoroutine(response):
        response.send(None)


def test_contract_matches_the_nexus_service() -> None:
    operations = {
        operation.name: (operation.input_type, operation.output_type)
        for operation in vars(TelegentOrchestrator).values()
        if isinstance(operation, nexusrpc.Operation)
    }
    assert operations == {
        name: (operation.argument, operation.response)
        for name, operation in NEXUS_OPERATIONS.items()
    }


@pytest.mark.parametrize(
    ("schema", "file"),
    [("OnboardingRequest.json", "family.json"), ("PortInCorrection.json", "correction.json")],
)
def test_examples_are_valid_for_their_schemas(schema: str, file: str) -> None:
    SCHEMAS[schema].validate(json.loads((ROOT / "examples" / file).read_text("utf-8")))


def test_json_in_documents_is_valid_for_its_schema() -> None:
    shown = [
        (f"{kind}.json", json.loads(block))
        for path in DOCUMENTS
        for kind, block in json_blocks(path)
    ]
    whole = [(name, block) for name, block in shown if name in SCHEMAS]
    assert len(whole) >= 2
    for name, block in whole:
        SCHEMAS[name].validate(block)


def places(value: JsonValue, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The way to every value inside this one."""
    inner: list[tuple[str | int, JsonValue]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


def test_values_accepted_by_a_schema_pass_the_model() -> None:
    accepts = SCHEMAS["OnboardingRequest.json"].is_valid
    for place, value in product(places(FAMILY)[1:], WRONG):
        request = deepcopy(FAMILY)
        holder: Any = request
        for key in place[:-1]:
            holder = holder[key]
        if value == "remove":
            del holder[place[-1]]
        else:
            holder[place[-1]] = value
        assert not accepts(request) or shape_faults(request) == [], (place, value)


def shape_faults(request: dict[str, Any]) -> list[str]:
    """What is wrong with a request that a JSON Schema can say."""
    try:
        OnboardingRequest.model_validate(request)
    except ValidationError as error:
        # Errors between fields, errors of our validators, and formats: validators take `format` for
        # a comment, unless they are told otherwise.
        unsaid = ("reference", "value_error", "date", "timezone")
        return [found["type"] for found in error.errors() if not found["type"].startswith(unsaid)]
    return []


def test_misspelt_field_is_invalid() -> None:
    assert WORKFLOWS["PortInWorkflow"].signals[CORRECT_MESSAGE]
    correction = {"by": "support desk", "acount_number": "100200301"}
    assert not SCHEMAS["PortInCorrection.json"].is_valid(correction)
