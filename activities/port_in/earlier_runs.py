"""What an earlier run of a port-in has left open at Telegent."""

from datetime import timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError

from activities.support.other_runs import sent_by
from activities.support.outcomes import pending, require_own_id
from activities.support.runs import VISIBILITY_LAG
from activities.support.write_activity import elapsed
from activities.support.write_specs import SUBMIT_PORT
from telegent_orchestrator._models import WireModel
from telegent_orchestrator.names import ORDER_KEY, PORT_STATE_KEY, port_in_id
from telegent_orchestrator.port_in import FINAL_STATES, PortInDetails, PortState


class EarlierPortIn(WireModel):
    """The latest earlier run of a port-in, as far as Temporal shows it.

    Attributes:
        order_id: The order that it has followed last.
        ended: It ended by itself; otherwise its order may be open and not followed.
        submitting: It ended while it submitted, so there may be an order whose id is unknown.
    """

    order_id: str | None = None
    ended: bool = False
    submitting: bool = False


async def find_earlier_port_in(
    temporal: Client, phone_number: str, id_key: str
) -> EarlierPortIn | None:
    """Returns the latest run of a port-in before the current one; None when Temporal shows none.

    A run that was terminated, or reset, leaves its order open. A deleted one is not shown.

    Raises:
        ApplicationError: It is the first run, and its id is not that of the number's port-in.
    """
    workflow_id, run_id = activity.info().workflow_id, activity.info().workflow_run_id
    assert workflow_id, "a workflow has scheduled the activity"
    query = f"WorkflowId = '{workflow_id}'"
    try:
        runs = {run.run_id: run.start_time async for run in temporal.list_workflows(query)}
    except RPCError:
        if elapsed() < VISIBILITY_LAG:
            raise
        # A second submit would be rejected: Telegent allows one open order of a number.
        return None
    if run_id not in runs and elapsed() < VISIBILITY_LAG:
        raise pending(
            "Temporal's list of workflows does not show this run yet",
            timedelta(milliseconds=200),
        )
    earlier = sorted((start, run) for run, start in runs.items() if run != run_id)
    if not earlier:
        require_own_id(port_in_id(phone_number, id_key))
        return None
    # The list may lag behind what the run has set last.
    _, latest = earlier[-1]
    run = await temporal.get_workflow_handle(workflow_id, run_id=latest).describe()
    attributes = run.typed_search_attributes
    state, order_id = attributes.get(PORT_STATE_KEY), attributes.get(ORDER_KEY)
    return EarlierPortIn(
        order_id=order_id,
        ended=state in FINAL_STATES,
        submitting=order_id is None and await _may_have_submitted(temporal, run, state),
    )


async def _may_have_submitted(
    temporal: Client, run: WorkflowExecutionDescription, state: str | None
) -> bool:
    """Whether a run without an order may have created one.

    A run that submits does not always show that in its search attributes.

    Args:
        temporal: Has the history of the run.
        run: The run.
        state: What its search attributes show.
    """
    if state == PortState.SUBMIT_UNKNOWN:
        return True
    if state in (*FINAL_STATES, PortState.INFO_REQUIRED, PortState.ACTION_REQUIRED):
        return False
    return bool(await sent_by(temporal, run, SUBMIT_PORT.activity, PortInDetails))
