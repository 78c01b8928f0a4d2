"""Putting a ported number into service for its subscriber."""

from activities.onboarding.numbers import NumberActivities
from telegent_orchestrator.port_in import NumberBinding
from workflows.support.activity_calls import execute_idempotent_write, execute_read


async def bind_number(number: str, binding: NumberBinding, iccid: str | None) -> list[str]:
    """Binds a number, reads the binding back, and binds it once more if it differs.

    Returns:
        A sentence for each difference that remains.
    """
    differences: list[str] = []
    for _ in range(2):
        await execute_idempotent_write(
            NumberActivities.bind_number,
            "Bind the number to subscriber, routes and product type",
            number,
            binding,
            iccid,
        )
        differences = await execute_read(
            NumberActivities.read_binding_differences,
            "Read back what the number is bound to",
            number,
            binding,
            iccid,
        )
        if not differences:
            break
    return differences
