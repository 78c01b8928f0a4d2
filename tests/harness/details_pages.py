"""What people read about a workflow in the Temporal UI, and what they can copy from there."""

import asyncio
import json
import re
from typing import Any

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client

from tests.harness.waiting import TEST_TIMEOUT


async def read_details_page(client: Client, workflow_id: str) -> str:
    """A workflow's current details, in Markdown."""
    metadata: WorkflowMetadata = await client.get_workflow_handle(workflow_id).query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    return metadata.current_details


async def wait_for_details_page(client: Client, workflow_id: str, words: str) -> str:
    """The same, as soon as these words are there."""
    async with asyncio.timeout(TEST_TIMEOUT):
        while words not in (text := await read_details_page(client, workflow_id)):
            await asyncio.sleep(0.05)
    return text


def table_cells(text: str) -> dict[str, str]:
    """The first table of a page: its second column by its first."""
    rows = re.match(r"(\|.*\n)+", text)
    assert rows, text
    pairs = [line.strip("|").split("|", 1) for line in rows[0].splitlines()]
    return {_bare(name): _bare(value) for name, value in pairs}


def json_samples(text: str) -> list[dict[str, Any]]:
    """The JSON that a page shows to be copied."""
    blocks = re.findall(r"^```\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
    return [json.loads(line) for block in blocks for line in block.splitlines()]


def fill_in(sample: dict[str, Any], **values: object) -> dict[str, Any]:
    """A sample with values where it is open, and nothing else changed."""
    assert sample.keys() >= values.keys(), sample
    return {**sample, **values}


def _bare(cell: str) -> str:
    return cell.replace("\u2003", "").replace("\u00a0", " ").strip()
