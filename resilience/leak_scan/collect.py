"""Collect everything that the scan has left behind, by location."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import httpx
from temporalio.client import WorkflowExecution, WorkflowQueryFailedError

from devstack.child_process import python_command
from resilience.leak_scan import canaries, locations
from resilience.leak_scan.command_line import (
    READ_ONLY_COUNT,
    command_lines,
    run_command,
    run_commands,
)
from resilience.leak_scan.locations import Artifacts
from resilience.leak_scan.scan_stack import ScanStack

DETAILS_QUERY = "__temporal_workflow_metadata"
"""The query with which the UI reads a workflow's current details."""
_RING = f"canary {canaries.PAYLOAD_KEY.value}"
WRONG_SETTINGS: Sequence[tuple[dict[str, str], str]] = [
    (
        {
            "TELEGENT_BASE_URL": f"http://{canaries.ACCOUNT_SECRET.value}@api.telegent.com",
            "TELEGENT_EVENT_SECRET": canaries.EVENT_SECRET.value + "!",
            "TELEGENT_EVENT_URLS": f"ftp://receiver/?key={canaries.EVENT_URL.value}",
            "TELEGENT_PAYLOAD_KEYS": _RING,
            "TELEGENT_WEBHOOK_URL": f"http://mvno.example.com/?{canaries.WEBHOOK_TOKEN.value}",
        },
        "",
    ),
    ({"TELEGENT_PAYLOAD_KEYS": _RING}, "webhook"),
    (
        {
            "TELEGENT_CODEC_OPERATORS": canaries.OPERATOR_TOKEN.value,
            "TELEGENT_PAYLOAD_KEYS": _RING,
        },
        "codec-server",
    ),
    ({"TEMPORAL_ADDRESS": "127.0.0.1:1"}, ""),
    ({"TEMPORAL_ADDRESS": "127.0.0.1:1"}, "webhook"),
]
"""Settings with which a command of the worker cannot start, and that command."""


async def collect_stored(stack: ScanStack) -> Artifacts:
    """The locations that hold payloads, and the events."""
    runs = [found async for found in stack.raw_client.list_workflows()]
    return {
        locations.DATABASE: await asyncio.to_thread(_database, stack.directory),
        locations.HISTORIES: "\n".join([await _history(stack, found) for found in runs]).encode(),
        locations.UI: await _ui(stack, runs),
        locations.EVENTS: b"\n".join(stack.events.received),
    }


async def collect_all(stack: ScanStack, disclosed: Sequence[str]) -> Artifacts:
    """The contents of every location. `disclosed`: what readers with payload keys were shown."""
    keyless = stack.settings | {"TELEGENT_PAYLOAD_KEYS": ""}
    port_in = stack.orchestrator.port_in(canaries.PORTED_NUMBER.value).id
    lines = command_lines(stack.directory, port_in)
    printed = await run_commands(lines[:READ_ONLY_COUNT], stack.settings)
    without_keys = await run_commands(lines, keyless)
    details = [await _details(stack, found) async for found in stack.raw_client.list_workflows()]
    simulator = stack.simulator
    vendors = [row.as_json() for row in simulator.ledger.rows]
    vendors += [call.as_json() for call in simulator.requests]
    return {
        **await collect_stored(stack),
        locations.LOGS: _files(child.log for child in stack.children),
        locations.CRASHES: await _crash_output(stack),
        locations.METRICS: await _fetch(stack.process_urls),
        locations.TRACES: b"\n".join(stack.traces.received),
        locations.PROCESSES: _files(Path(f"/proc/{child.pid}/cmdline") for child in stack.children),
        locations.KEYLESS: without_keys,
        locations.LEDGER: json.dumps(vendors).encode(),
        locations.DECRYPTED: "\n".join([*disclosed, *details]).encode() + printed,
    }


def _files(paths: Iterable[Path]) -> bytes:
    return b"\n".join(path.read_bytes() for path in paths)


def _database(directory: Path) -> bytes:
    """The files, and every value in them: a long value is split over several places of a file."""
    copy = directory / "copy"
    copy.mkdir(exist_ok=True)
    for file in directory.glob("temporal.db*"):
        shutil.copy(file, copy)
    values = [_files(sorted(copy.iterdir()))]
    with closing(sqlite3.connect(copy / "temporal.db")) as database:
        database.text_factory = bytes
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            for row in database.execute(f'SELECT * FROM "{table.decode()}"'):  # noqa: S608 - ours
                values += [v if isinstance(v, bytes) else str(v).encode() for v in row]
    return b"\n".join(values)


async def _history(stack: ScanStack, run: WorkflowExecution) -> str:
    handle = stack.raw_client.get_workflow_handle(run.id, run_id=run.run_id)
    return (await handle.fetch_history()).to_json()


async def _details(stack: ScanStack, run: WorkflowExecution) -> str:
    """Summary and current details of a workflow, as the UI shows them with a codec server."""
    handle = stack.client.get_workflow_handle(run.id, run_id=run.run_id)
    described = await handle.describe()
    fixed = f"{await described.static_summary()}\n{await described.static_details()}"
    try:
        return f"{fixed}\n{await handle.query(DETAILS_QUERY)}"
    except WorkflowQueryFailedError as error:
        return f"{fixed}\n{error}"  # one that was refused at its start has no details


async def _ui(stack: ScanStack, runs: Iterable[WorkflowExecution]) -> bytes:
    api = f"{stack.ui_url}/api/v1/namespaces/default"
    pages = [stack.ui_url, f"{stack.ui_url}/api/v1/settings", f"{api}/workflows"]
    queries = []
    for run in runs:
        workflow, which = f"{api}/workflows/{run.id}", f"execution.runId={run.run_id}"
        page = f"{stack.ui_url}/namespaces/default/workflows/{run.id}/{run.run_id}/history"
        pages += [f"{workflow}?{which}", f"{workflow}/history?{which}", page]
        queries += [
            f"{workflow}/query/{name}" for name in (DETAILS_QUERY, "status", "__stack_trace")
        ]
    return await _fetch(pages, queries)


async def _fetch(addresses: Iterable[str], queries: Iterable[str] = ()) -> bytes:
    """The responses of these URLs; `queries` are sent as POST, with the UI's CSRF cookie."""
    found = []
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        requests = [("GET", address) for address in addresses]
        for method, address in [*requests, *(("POST", query) for query in queries)]:
            try:
                token = {"X-CSRF-Token": http.cookies.get("_csrf") or ""}
                body: dict[str, str] | None = {} if method == "POST" else None
                response = await http.request(method, address, json=body, headers=token)
            except httpx.ConnectError:
                continue  # there is no codec server without keys
            found.append(f"{method} {response.status_code} {response.headers}\n".encode())
            found.append(response.content)
    return b"\n".join(found)


async def _crash_output(stack: ScanStack) -> bytes:
    """What each process prints when its settings are wrong, each with a secret in it."""
    runs = [
        run_command(python_command("worker", *filter(None, [command])), stack.settings | wrong)
        for wrong, command in WRONG_SETTINGS
    ]
    return b"\n".join(await asyncio.gather(*runs))
