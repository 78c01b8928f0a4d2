"""The search attributes that workflows set: registration, and a check at start."""

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
    """Register missing search attributes.

    Returns:
        By name, whether the attribute was missing.

    Raises:
        WorkerError: An attribute exists with another type, or Temporal rejects the request.
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
            # Another process may have registered them since the check.
            if error.status != RPCStatusCode.ALREADY_EXISTS:
                raise WorkerError(
                    f"Temporal rejected the registration of search attributes: {error.message}"
                ) from error
    return {name: name in missing for name in ATTRIBUTE_TYPES}


async def require_search_attributes(client: Client) -> None:
    """Check that all search attributes are registered; without them workflow tasks fail forever.

    Raises:
        WorkerError: Some are missing.
    """
    try:
        missing = await _missing_attributes(client)
    except _ListingNotAllowedError as error:
        # Temporal Cloud does not list them for API keys without that permission; the worker can
        # still run.
        log.warning("search attributes could not be checked", reason=str(error))
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
                f"Temporal does not list the search attributes: {error.message}"
            ) from error
        raise WorkerError(
            f"cannot read the search attributes of namespace {client.namespace!r}: {error.message}"
        ) from error
    types = response.custom_attributes
    for name, expected in ATTRIBUTE_TYPES.items():
        if name in types and types[name] != expected:
            raise WorkerError(
                f"search attribute {name} of namespace {client.namespace!r} has the type "
                f"{IndexedValueType.Name(types[name])}, but must have "
                f"{IndexedValueType.Name(expected)}"
            )
    return [name for name in ATTRIBUTE_TYPES if name not in types]
