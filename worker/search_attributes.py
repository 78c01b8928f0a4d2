"""The search attributes that workflows set: registering them, and checking that they are there."""

import structlog
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.names import SEARCH_ATTRIBUTES
from worker.errors import WorkerError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ATTRIBUTE_TYPES = {
    key.name: IndexedValueType.ValueType(key.indexed_value_type.value) for key in SEARCH_ATTRIBUTES
}


async def register_search_attributes(client: Client) -> dict[str, bool]:
    """Register what is missing. By name: whether it was added now (False: it was there before).

    Raises WorkerError if an attribute exists with another type, or Temporal refuses.
    """
    missing = await _missing_attributes(client)
    if missing:
        request = AddSearchAttributesRequest(
            namespace=client.namespace,
            search_attributes={name: ATTRIBUTE_TYPES[name] for name in missing},
        )
        try:
            await client.operator_service.add_search_attributes(request)
        except RPCError as error:
            # Somebody else may have registered them between the look and this call.
            if error.status != RPCStatusCode.ALREADY_EXISTS:
                raise WorkerError(
                    f"Temporal refused to register search attributes: {error.message}"
                ) from error
    return {name: name in missing for name in ATTRIBUTE_TYPES}


async def require_search_attributes(client: Client) -> None:
    """Raise WorkerError if an attribute is missing: workflow tasks that set it retry for ever."""
    try:
        missing = await _missing_attributes(client)
    except _ListingNotAllowedError as error:
        # Temporal Cloud keeps this from API keys without the right; the worker can still run.
        log.warning("search attributes cannot be checked", reason=str(error))
        return
    if missing:
        raise WorkerError(
            f"namespace {client.namespace!r} lacks the search attributes {', '.join(missing)}; "
            "register them with: python -m worker search-attributes"
        )


class _ListingNotAllowedError(WorkerError):
    pass


async def _missing_attributes(client: Client) -> list[str]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        response = await client.operator_service.list_search_attributes(request)
    except RPCError as error:
        if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            raise _ListingNotAllowedError(
                f"Temporal does not list search attributes: {error.message}"
            ) from error
        raise WorkerError(
            f"cannot read the search attributes of namespace {client.namespace!r}: {error.message}"
        ) from error
    types = response.custom_attributes
    for name, expected in ATTRIBUTE_TYPES.items():
        if name in types and types[name] != expected:
            raise WorkerError(
                f"search attribute {name} of namespace {client.namespace!r} has the type "
                f"{IndexedValueType.Name(types[name])}, and must have "
                f"{IndexedValueType.Name(expected)}"
            )
    return [name for name in ATTRIBUTE_TYPES if name not in types]
