"""Performs tasks with activities, and converts their results and failures to facts."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.internal_activities import InternalActivities, PortInValidation
from activities.onboarding.numbers import NumberActivities
from activities.port_in.orders import PortInActivities
from activities.support.outcomes import (
    NOT_EXECUTED,
    Outcome,
    classify_failure,
    failure_message,
    reported_wait,
)
from telegent_orchestrator.port_in import Classification, NumberBinding
from workflows.port_in import effects, facts
from workflows.sims.claim_workflow import claim_sim
from workflows.support.activity_calls import (
    POLL_OPTIONS,
    PORT_SUBMIT_OPTIONS,
    execute_idempotent_write,
    execute_internal,
    execute_read,
    prepare_call,
    prepare_write,
)


async def perform(task: effects.Task) -> facts.TaskEnded:
    """Perform a task.

    Returns:
        The fact with which it ended.

    Raises:
        CancelledError: The task was cancelled.
    """
    try:
        return await _PERFORM[type(task)](task)
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise asyncio.CancelledError from error
        return to_fact(task, error)


def to_fact(task: effects.Task, error: ActivityError) -> facts.TaskEnded:
    """Convert the failure of a task's activity to a fact."""
    message = failure_message(error)
    match task:
        case effects.SubmitOrder() | effects.SendCorrection() | effects.SendCancel():
            return _to_request_fact(error)
        case effects.PollOrder():
            return facts.OrderNotReadable(message)
        case effects.Prepare():
            return facts.StartRefused(message)
        case effects.ClaimSim():
            return facts.SimClaimEnded(f"iccid: {message}")
        case effects.VerifyOrder():
            return facts.OrderRejected(message)
        case effects.BindNumber():
            return facts.BindingFailed(message)
    return facts.ReadRejected(message)


def _to_request_fact(error: ActivityError) -> facts.TaskEnded:
    outcome, message = classify_failure(error), failure_message(error)
    if reason := NOT_EXECUTED.get(outcome):
        return facts.RequestNotSent(reason, reported_wait(error))
    if outcome is Outcome.UNKNOWN:
        return facts.RequestLost(message)
    return facts.RequestRejected(
        message, stale=outcome is Outcome.STALE, unknown_id=outcome is Outcome.NOT_FOUND
    )


async def _prepare(task: effects.Prepare) -> facts.TaskEnded:
    found = await execute_internal(
        InternalActivities.prepare_port_in,
        "Load the policy for port-ins, find an earlier run, check the data",
        task.details,
    )
    receivers = tuple(found.event_receivers)
    return facts.Prepared(found.policy, found.earlier, _to_validated(found.validation), receivers)


async def _find_number(task: effects.FindNumber) -> facts.TaskEnded:
    number = await execute_read(
        NumberActivities.read_number,
        "Check whether the number has already arrived",
        task.phone_number,
    )
    return facts.NumberLookedUp(number is not None and number.may_belong_to(task.subscriber_id))


async def _validate(task: effects.ValidateDetails) -> facts.TaskEnded:
    found = await execute_internal(
        InternalActivities.validate_port_in_details, "Check the data", task.details
    )
    return _to_validated(found)


def _to_validated(found: PortInValidation) -> facts.DetailsValidated:
    return facts.DetailsValidated(
        errors=tuple(found.errors),
        invalid_fields=tuple(found.invalid_fields),
        warnings=tuple(found.warnings),
        pin_expires_at=found.pin_expires_at,
    )


async def _claim_sim(task: effects.ClaimSim) -> facts.TaskEnded:
    claim = await claim_sim(task.iccid)
    if claim.holder:
        return facts.SimClaimEnded(
            f"iccid: workflow {claim.holder} is open and uses this SIM for another number"
        )
    carried = await execute_read(
        NumberActivities.read_number_on_sim, "Check what the SIM carries", task.iccid
    )
    if carried in (None, task.phone_number):
        return facts.SimClaimEnded()
    return facts.SimClaimEnded(f"iccid: this SIM already carries {carried}")


async def _check_eligibility(task: effects.CheckEligibility) -> facts.TaskEnded:
    eligibility = await execute_read(
        PortInActivities.check_port_in,
        "Check whether the number can be ported in, and nothing else is open for it",
        task.phone_number,
        task.classification,
        task.wireline,
    )
    return facts.EligibilityRead(eligibility.eligible, eligibility.vendor_message)


async def _submit(task: effects.SubmitOrder) -> facts.TaskEnded:
    call = prepare_call(
        PORT_SUBMIT_OPTIONS, PortInActivities.submit_port, "Submit the port-in", task.details
    )
    submitted = await call()
    return facts.SubmitAccepted(submitted.order, submitted.response_deadline)


async def _verify_order(task: effects.VerifyOrder) -> facts.TaskEnded:
    found = await execute_read(
        PortInActivities.verify_order_number,
        "Check that the order belongs to the number",
        task.order_id,
        task.phone_number,
        task.wireless,
    )
    return facts.OrderVerified(found.order, found.response_deadline)


async def _poll(task: effects.PollOrder) -> facts.TaskEnded:
    call = prepare_call(
        POLL_OPTIONS,
        PortInActivities.await_port_change,
        "Wait for the losing carrier",
        task.request,
    )
    seen = await call()
    return facts.OrderSeen(seen.order, seen.response_deadline)


async def _send_correction(task: effects.SendCorrection) -> facts.TaskEnded:
    send = prepare_write(PortInActivities.update_port, "Send the correction", task.update)
    return facts.ChangeAccepted(await send())


async def _send_cancel(task: effects.SendCancel) -> facts.TaskEnded:
    await prepare_write(PortInActivities.cancel_port, "Ask Telegent to cancel", task.order_id)()
    return facts.ChangeAccepted()


async def _await_number(task: effects.AwaitNumber) -> facts.TaskEnded:
    number = await execute_read(
        NumberActivities.await_number, "Read the number's details", task.phone_number
    )
    return facts.NumberInInventory(number.number_id, number.iccid, number.activation_code)


async def _bind(task: effects.BindNumber) -> facts.TaskEnded:
    return facts.NumberBound(
        tuple(await bind_number(task.phone_number, task.binding, task.iccid, task.classification))
    )


async def bind_number(
    number: str, binding: NumberBinding, iccid: str | None, classification: Classification
) -> list[str]:
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
            classification,
        )
        differences = await execute_read(
            NumberActivities.read_binding_differences,
            "Read back what the number is bound to",
            number,
            binding,
            iccid,
            classification,
        )
        if not differences:
            break
    return differences


async def _pause(task: effects.Pause) -> facts.TaskEnded:
    pause = max(task.until - workflow.now(), timedelta())
    await workflow.sleep(pause, summary=task.reason)
    return facts.PauseOver()


async def _wait_for_operator(_: effects.WaitForOperator) -> facts.TaskEnded:
    await workflow.wait_condition(lambda: False)
    raise RuntimeError("this wait has no end")


_PERFORM: Mapping[type[effects.Task], Callable[[Any], Awaitable[facts.TaskEnded]]] = {
    effects.Prepare: _prepare,
    effects.FindNumber: _find_number,
    effects.ValidateDetails: _validate,
    effects.ClaimSim: _claim_sim,
    effects.CheckEligibility: _check_eligibility,
    effects.SubmitOrder: _submit,
    effects.VerifyOrder: _verify_order,
    effects.PollOrder: _poll,
    effects.SendCorrection: _send_correction,
    effects.SendCancel: _send_cancel,
    effects.AwaitNumber: _await_number,
    effects.BindNumber: _bind,
    effects.Pause: _pause,
    effects.WaitForOperator: _wait_for_operator,
}
