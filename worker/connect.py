"""The connection to Temporal, by the variables that every Temporal tool reads."""

import logging
import os
from collections.abc import Sequence

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.service import RPCError

from telegent_orchestrator.encryption import PayloadKey, data_converter
from telegent_orchestrator.unreachable import unreachable, unusable
from worker.errors import WorkerError

DEFAULT_ADDRESS = "localhost:7233"


async def connect(keys: Sequence[PayloadKey]) -> Client:
    """A client whose payloads are encrypted with `keys`, or in the clear if there are none.

    Raises WorkerError if the `TEMPORAL_*` variables cannot be used or nothing answers.
    """
    try:
        config = ClientConfig.load_client_connect_config()
    except (RuntimeError, OSError, ValueError) as error:
        raise WorkerError(unusable(error, os.environ)) from error
    address = config.setdefault("target_host", DEFAULT_ADDRESS)
    try:
        return await Client.connect(
            **config, data_converter=data_converter(keys), runtime=_runtime()
        )
    except (RuntimeError, RPCError, ValueError) as error:
        raise WorkerError(
            f"cannot reach Temporal at {address}: {unreachable(error, config, os.environ)}"
        ) from error


def _runtime() -> Runtime:
    # The SDK's native part would print lines of its own format beside ours.
    logs = LoggingConfig(
        TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(
            logging.getLogger("temporalio.core"), append_target_to_name=False
        ),
    )
    return Runtime(telemetry=TelemetryConfig(logging=logs))
