"""The connection to Temporal, configured by the variables that every Temporal tool reads."""

import os
from collections.abc import Sequence

from temporalio.client import Client, Interceptor
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import RPCError

from telegent_orchestrator._connection_errors import explain_config_error, explain_connection_error
from telegent_orchestrator.encryption import PayloadKey, data_converter
from worker.errors import WorkerError
from worker.telemetry.metrics import create_runtime

DEFAULT_ADDRESS = "localhost:7233"


def describe_connection(client: Client) -> dict[str, object]:
    """Where a client is connected, as fields of a log line."""
    config = client.service_client.config
    return {
        "address": config.target_host,
        "namespace": client.namespace,
        "tls": bool(config.tls),
    }


async def connect(
    payload_keys: Sequence[PayloadKey],
    runtime: Runtime | None = None,
    interceptors: Sequence[Interceptor] = (),
) -> Client:
    """Connect to Temporal.

    Args:
        payload_keys: Keys that encrypt payloads; none for unencrypted payloads.
        runtime: The runtime whose metrics the client reports; a new one without metrics by default.
        interceptors: Interceptors of the client.

    Raises:
        WorkerError: The `TEMPORAL_*` variables are invalid, or Temporal cannot be reached.
    """
    try:
        config = ClientConfig.load_client_connect_config()
    except (RuntimeError, OSError, ValueError) as error:
        raise WorkerError(explain_config_error(error, os.environ)) from error
    address = config.setdefault("target_host", DEFAULT_ADDRESS)
    try:
        return await Client.connect(
            **config,
            data_converter=data_converter(payload_keys),
            interceptors=interceptors,
            runtime=runtime or create_runtime(None),
        )
    except (RuntimeError, RPCError, ValueError) as error:
        reason = explain_connection_error(error, config, os.environ)
        raise WorkerError(f"cannot reach Temporal at {address}: {reason}") from error
