"""Whether this build can go on with what is open: replays it. Nothing is called or changed."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pydantic
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Replayer

from worker.errors import WorkerError
from worker.run import workflow_runner
from workflows.registry import WORKFLOWS

OPEN = "ExecutionStatus = 'Running' AND WorkflowType IN ({})"
_SENTENCE = re.compile(r"\[TMPRL\d+\] [^\"]+")


@dataclass(frozen=True)
class Replayed:
    """One open workflow; `fault` says why this build could not go on with it, if so."""

    workflow_id: str
    fault: str | None


async def replay_open(client: Client) -> AsyncIterator[Replayed]:
    """Replays every open workflow of ours. Raises WorkerError when Temporal cannot be asked."""
    replayer = Replayer(
        workflows=WORKFLOWS,
        namespace=client.namespace,
        data_converter=client.data_converter,
        workflow_runner=workflow_runner(),
        workflow_failure_exception_types=[pydantic.ValidationError],
        runtime=client.service_client.config.runtime,
    )
    types = ", ".join(f"'{workflow.__name__}'" for workflow in WORKFLOWS)
    found = client.list_workflows(OPEN.format(types))
    try:
        async with replayer.workflow_replay_iterator(found.map_histories()) as results:
            async for result in results:
                yield Replayed(result.history.workflow_id, _reason(result.replay_failure))
    except RPCError as error:
        raise WorkerError(f"cannot read the open workflows: {error.message}") from error


def _reason(failure: Exception | None) -> str | None:
    if failure is None:
        return None
    # The SDK wraps its sentence in a dump of its own structures.
    sentence = _SENTENCE.search(str(failure))
    return sentence[0] if sentence else f"{type(failure).__name__}: {str(failure)[:300]}"
