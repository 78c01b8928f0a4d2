"""The Temporal server with its UI, in one process: which binary, which flags."""

import re
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from localstack.processes import StackError, clean_environment
from telegent_orchestrator.names import SEARCH_ATTRIBUTES

MIN_SERVER_VERSION = (1, 29)
"""Older servers know no priorities on a task queue."""

RETENTION = timedelta(days=30)
"""How long closed workflows are kept; the server's own choice is one day."""

# By default this server looks for work at most 20 times a second and rounds timers up to whole
# seconds: 50 ms and more at every step of a workflow. With one partition the rate limit of the
# API queue is exact.
DYNAMIC_CONFIG = {
    "history.transferProcessorMaxPollRPS": "1000",
    "history.timerProcessorMaxPollRPS": "1000",
    "history.visibilityProcessorMaxPollRPS": "1000",
    "history.timerProcessorMaxTimeShift": '"1ms"',
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}
# Three times the throughput of the defaults, and still safe against a crash of the process.
SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": "NORMAL"}


def find_binary() -> str:
    """`temporal` from PATH if its server is recent enough, else this environment's own.

    Raises StackError if there is none.
    """
    installed = Path(sysconfig.get_path("scripts")) / "temporal"
    found = [path for path in (shutil.which("temporal"), str(installed)) if path]
    for path in found:
        if (version := _server_version(path)) and version >= MIN_SERVER_VERSION:
            return path
    oldest = ".".join(map(str, MIN_SERVER_VERSION))
    raise StackError(
        f"no temporal binary with server {oldest} or later on PATH or at {installed}; "
        "set this project up again with: rm -rf .venv && make demo"
    )


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


def server_command(binary: str, *, port: int, database: Path, ui: Sequence[str]) -> list[str]:
    """The command that runs the server on the loopback address with a database file.

    `ui`: options for its UI, from `ui_options`, or `--headless` for none.
    """
    command = [binary, "server", "start-dev", "--ip", "127.0.0.1", "--log-level", "error"]
    command += ["--port", str(port), "--db-filename", str(database), *ui]
    for name, value in SQLITE_PRAGMAS.items():
        command += ["--sqlite-pragma", f"{name}={value}"]
    for name, value in DYNAMIC_CONFIG.items():
        command += ["--dynamic-config-value", f"{name}={value}"]
    for key in SEARCH_ATTRIBUTES:
        command += ["--search-attribute", f"{key.name}={key.indexed_value_type.name.title()}"]
    return command


def ui_options(port: int, codec_url: str) -> list[str]:
    """A UI on this port that shows payloads in the clear through this codec server."""
    return ["--ui-port", str(port), "--ui-codec-endpoint", codec_url, "--ui-disable-news-fetch"]


async def is_serving(address: str) -> bool:
    """Whether the server at this address has its namespace ready."""
    try:
        client = await Client.connect(address)
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace)
        )
    except (RuntimeError, RPCError):
        return False
    return True


async def extend_retention(client: Client) -> None:
    """Let the namespace keep closed workflows for RETENTION."""
    config = NamespaceConfig()
    config.workflow_execution_retention_ttl.FromTimedelta(RETENTION)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(namespace=client.namespace, config=config)
    )
