"""The Temporal server with its UI as one process: binary, command line and configuration."""

import re
import shutil
import subprocess
import sysconfig
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import Runtime
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from devstack.child_process import StackError, clean_environment
from telegent_orchestrator.names import SEARCH_ATTRIBUTES

MIN_SERVER_VERSION = (1, 29)
"""Older servers do not support priorities on a task queue."""

RETENTION = timedelta(days=30)
"""How long closed workflows are kept; the server's default is one day."""

# By default this server polls its queues at most 20 times a second and rounds timers up to whole
# seconds, which adds 50 ms and more to every step of a workflow. A workflow that ended a moment ago
# is deleted only once its queues have acknowledged its end, by default half a minute later. With
# one partition there is one order of priorities. Fairness is off by default.
DYNAMIC_CONFIG = {
    "history.transferProcessorMaxPollRPS": "1000",
    "history.timerProcessorMaxPollRPS": "1000",
    "history.visibilityProcessorMaxPollRPS": "1000",
    "history.timerProcessorMaxTimeShift": '"1ms"',
    "history.transferProcessorUpdateAckInterval": '"100ms"',
    "history.timerProcessorUpdateAckInterval": '"100ms"',
    "history.visibilityProcessorUpdateAckInterval": '"100ms"',
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    "matching.enableFairness": "true",
}
# Three times the throughput of the defaults, and still safe if the process crashes.
SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": "NORMAL"}


def find_binary() -> str:
    """`temporal` from PATH if its server is recent enough, otherwise that of this environment.

    Raises:
        StackError: There is neither.
    """
    installed = installed_binary()
    found = [path for path in (shutil.which("temporal"), installed) if path]
    for path in found:
        if (version := _server_version(path)) and version >= MIN_SERVER_VERSION:
            return path
    oldest = ".".join(map(str, MIN_SERVER_VERSION))
    raise StackError(
        f"no temporal binary with server {oldest} or later on PATH or at {installed}; "
        "set this project up again with: rm -rf .venv && make demo"
    )


def installed_binary() -> str:
    """Where setup installs `temporal`: next to this Python."""
    return str(Path(sysconfig.get_path("scripts")) / "temporal")


def _server_version(binary: str) -> tuple[int, int] | None:
    try:
        output = subprocess.run(  # noqa: S603 - the program is the user's own or this environment's
            [binary, "--version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env=clean_environment(),
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"Server (\d+)\.(\d+)", output)
    return (int(version[1]), int(version[2])) if version else None


def server_command(
    binary: str, *, port: int, database: Path, log_level: str = "error", options: Sequence[str] = ()
) -> list[str]:
    """The command that runs the server on the loopback address with a database file.

    Args:
        binary: From `find_binary`.
        port: Port of its gRPC API.
        database: SQLite file, created if missing.
        log_level: As the server names it.
        options: More options, such as those of `ui_options`, or `--headless` for no UI.
    """
    command = [binary, "server", "start-dev", "--ip", "127.0.0.1", "--log-level", log_level]
    command += ["--port", str(port), "--db-filename", str(database), *options]
    for name, value in SQLITE_PRAGMAS.items():
        command += ["--sqlite-pragma", f"{name}={value}"]
    command += dynamic_config_options()
    for key in SEARCH_ATTRIBUTES:
        command += ["--search-attribute", f"{key.name}={key.indexed_value_type.name.title()}"]
    return command


def dynamic_config_options(*more: str) -> list[str]:
    """Command-line options that set DYNAMIC_CONFIG and `more`, each as `key=value`."""
    values = [*(f"{key}={value}" for key, value in DYNAMIC_CONFIG.items()), *more]
    return [part for value in values for part in ("--dynamic-config-value", value)]


def ui_options(port: int, codec_url: str) -> list[str]:
    """Options for a UI on this port that decrypts payloads through this codec server."""
    return ["--ui-port", str(port), "--ui-codec-endpoint", codec_url, "--ui-disable-news-fetch"]


async def is_serving(address: str) -> bool:
    """Whether the server at this address serves its default namespace."""
    try:
        client = await Client.connect(address)
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace)
        )
    except (RuntimeError, RPCError):
        return False
    return True


async def extend_retention(client: Client) -> None:
    """Set the namespace's retention of closed workflows to RETENTION."""
    config = NamespaceConfig()
    config.workflow_execution_retention_ttl.FromTimedelta(RETENTION)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(namespace=client.namespace, config=config)
    )


@asynccontextmanager
async def dev_server(
    *dynamic_config: str,
    namespaces: Sequence[str] = (),
    search_attributes: Sequence[SearchAttributeKey[Any]] = SEARCH_ATTRIBUTES,
    runtime: Runtime | None = None,
) -> AsyncIterator[Client]:
    """Run a Temporal server in memory while the block runs.

    Args:
        dynamic_config: More dynamic configuration, each as `key=value`.
        namespaces: Namespaces to create in addition to `default`.
        search_attributes: Search attributes to register.
        runtime: Of the client that is returned.

    Yields:
        A client of the `default` namespace, without payload keys.
    """
    options = [part for name in namespaces for part in ("--namespace", name)]
    options += dynamic_config_options(*dynamic_config)
    async with await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=installed_binary(),
        dev_server_extra_args=options,
        search_attributes=search_attributes,
        dev_server_log_level="never",
        runtime=runtime,
    ) as environment:
        yield environment.client
