"""Line changes, port-ins and port-outs of one number exclude each other."""

from activities.number_use import NumberUseActivities
from workflows.support.activity_calls import execute_internal


async def open_workflows_of_number(phone_number: str) -> str:
    """Returns what else is open for a number, in a sentence for each; empty if nothing is."""
    others = await execute_internal(
        NumberUseActivities.find_open_workflows_of_number,
        "Check that nothing else is open for the number",
        phone_number,
    )
    return "; ".join(others)
