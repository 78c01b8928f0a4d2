"""The scenarios of the leak scan: everything that can succeed and fail."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence

import httpx
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.service import RPCError

from devstack.child_process import StackError
from resilience.leak_scan import canaries
from resilience.leak_scan.canaries import REASON
from resilience.leak_scan.scan_stack import ScanStack
from simulator import Fault
from telegent_orchestrator import names
from telegent_orchestrator.client import (
    LineChangeClient,
    LineChangeFailedError,
    OnboardingHandle,
    OnboardingIncompleteError,
    PortInHandle,
)
from telegent_orchestrator.client.port_out import PortOutClient
from telegent_orchestrator.line_changes import LINE_CHANGE_WORKFLOW, LineChangeRequest
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCancel, PortInDetails, PortInRequest, PortState
from telegent_orchestrator.port_out import (
    PORT_OUT_WORKFLOW,
    PortOutRequest,
    PortOutState,
    RevealPin,
)

OPERATOR_NAME = canaries.NAME.value
FAULTS = [
    Fault(match="POST /v1.0/account/create", kind="drop_response"),
    Fault(match="POST /v1.0/subscribers/create", kind="error_after"),
    Fault(match="POST /v1.0/message/routes", kind="broken_json"),
    Fault(match="POST /v1.0/voice/routes", kind="html"),
    Fault(match="POST /v1.0/webhook/create", kind="empty"),
    Fault(match="POST /v1.0/products", kind="429", retry_after=1),
    Fault(match="POST /v1.0/packages", kind="401", times=2),
    Fault(match="POST /v1.0/OAuth2/tokens", kind="refuse_connection", nth=3),
    Fault(match="POST /v1.0/OAuth2/tokens", kind="error_before", nth=6, status=403),
    Fault(match="POST /v1.0/numbers/portin/update", kind="drop_response"),
    Fault(match="GET /v1.0/numbers/order", kind="error_before", nth=3, status=503),
]
"""One fault of each kind, on the calls of an onboarding."""

Disclosures = list[str]
"""What readers with payload keys are shown."""


async def invalid_starts(stack: ScanStack, disclosed: Disclosures) -> None:
    """Requests with mistakes, sent by a client that does not validate them."""
    kinds = (names.ONBOARDING_WORKFLOW, names.PORT_IN_WORKFLOW, PORT_OUT_WORKFLOW)
    sent = [(kind, what) for kind in kinds for what in canaries.malformed_payloads()]
    sent += [(LINE_CHANGE_WORKFLOW, what) for what in canaries.invalid_line_changes()]
    sent.append((names.ONBOARDING_WORKFLOW, canaries.invalid_onboarding("faulty-1")))
    for at, (kind, what) in enumerate(sent):
        handle = await stack.client.start_workflow(
            kind, what, id=f"malformed-{at}", task_queue=names.TASK_QUEUE
        )
        try:
            await handle.result()
        except WorkflowFailureError as error:
            disclosed.append(str(error.cause))
        else:
            raise StackError(f"{kind} accepted a malformed request")


async def onboarding(stack: ScanStack, disclosed: Disclosures) -> None:
    """Through one fault of each kind, a rejected port-in, malformed messages, and two crashes."""
    for fault in FAULTS:
        stack.simulator.faults.add(fault)
    customer = canaries.customer()
    handle = await stack.orchestrator.start_onboarding(customer.request)
    port = stack.orchestrator.port_in(customer.number)
    await _wait_for_state(port, PortState.ACTION_REQUIRED)
    await _send_malformed(stack, port, disclosed)
    await stack.crash_worker(signal.SIGABRT)
    await stack.crash_worker(signal.SIGKILL)
    await _retry(lambda: _record_progress(handle, disclosed))
    await _retry(lambda: port.signal_correction(customer.correction))
    disclosed.append((await handle.result()).model_dump_json())
    await _record_progress(handle, disclosed)
    stack.simulator.faults.clear()


async def _send_malformed(stack: ScanStack, port: PortInHandle, disclosed: Disclosures) -> None:
    """Malformed messages, by signal and by update."""
    handle = stack.client.get_workflow_handle(port.id)
    for sent in canaries.malformed_payloads():
        await handle.signal(names.CORRECT_MESSAGE, sent)
        try:
            await handle.execute_update(names.CORRECT_MESSAGE, sent)
        except WorkflowUpdateFailedError as error:
            disclosed.append(str(error.cause))


async def failed_onboarding(stack: ScanStack, disclosed: Disclosures) -> None:
    """An onboarding whose subscribers Telegent rejects."""
    refused = Fault(match="POST /v1.0/subscribers/create", kind="error_before", status=400, times=9)
    stack.simulator.faults.add(refused)
    request = canaries.onboarding("canary-2")
    request["lines"] = request["lines"][:1]
    handle = await stack.orchestrator.start_onboarding(OnboardingRequest.model_validate(request))
    try:
        await handle.result()
    except OnboardingIncompleteError as error:
        disclosed += [str(error), error.result.model_dump_json()]
    stack.simulator.faults.clear()


async def cancelled_port_in(stack: ScanStack, disclosed: Disclosures) -> None:
    """A port-in without an onboarding, cancelled for private reasons."""
    port = await _port_in(stack, canaries.SILENT_NUMBER.value)
    await _wait_for_state(port, PortState.SUBMITTED)
    await port.cancel(PortInCancel(by=OPERATOR_NAME, reason=REASON))
    disclosed.append((await port.result()).model_dump_json())


async def quoting_carrier(stack: ScanStack, disclosed: Disclosures) -> None:
    """A port-in whose carrier repeats in its rejection what it was sent."""
    port = await _port_in(stack, canaries.QUOTED_NUMBER.value)
    await _wait_for_state(port, PortState.ACTION_REQUIRED)
    await asyncio.sleep(1)  # for some polls without a change
    disclosed.append((await port.status()).model_dump_json())
    await port.correct(canaries.customer().correction)
    disclosed.append((await port.result()).model_dump_json())


async def line_changes(stack: ScanStack, disclosed: Disclosures) -> None:
    """A new password and another SIM for the ported line: rejected, and with a lost response."""
    number = canaries.PORTED_NUMBER.value
    for request, call in (
        (canaries.new_password(number), "POST /v1.0/subscribers/update"),
        (canaries.new_sim(number), "POST /v1.0/numbers/status"),
    ):
        for fault in (
            Fault(match=call, kind="error_before", status=400),
            Fault(match=call, kind="broken_json"),
        ):
            stack.simulator.faults.add(fault)
            await _change_line(stack, LineChangeRequest.model_validate(request), disclosed)
            stack.simulator.faults.clear()


async def _change_line(
    stack: ScanStack, request: LineChangeRequest, disclosed: Disclosures
) -> None:
    handle = await LineChangeClient(stack.client, id_key=canaries.ID_KEY.value).start(request)
    try:
        disclosed.append((await handle.result()).model_dump_json())
    except LineChangeFailedError as error:
        disclosed += [str(error), error.result.model_dump_json()]
    disclosed.append((await handle.status()).model_dump_json())


async def port_out(stack: ScanStack, disclosed: Disclosures) -> None:
    """The port-out of the new number."""
    (number,) = (stack.simulator.ledger.by_kind("number.provisioned")[0].data["number"],)
    pin = canaries.PORT_OUT_PIN.value
    handle = await PortOutClient(stack.client, id_key=canaries.ID_KEY.value).start(
        PortOutRequest(
            phone_number=number,
            authentication_reference=canaries.AUTHENTICATION.value,
            pin=pin,
            by=OPERATOR_NAME,
        )
    )
    while (await handle.status()).state is not PortOutState.PIN_ISSUED:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    # The PIN is shown to the operator who asks for it, and is therefore no general disclosure.
    if (await handle.reveal_pin(RevealPin(by=OPERATOR_NAME, reason=REASON))).pin != pin:
        raise StackError("reveal_pin returned another PIN")
    disclosed.append((await handle.status()).model_dump_json())
    stack.simulator.complete_port_out(number, pin)
    disclosed.append((await handle.result()).model_dump_json())


async def vendor_webhooks(stack: ScanStack, disclosed: Disclosures) -> None:
    """Order updates with right and wrong credentials, and malformed ones."""
    password, token = canaries.WEBHOOK_PASSWORD.value, canaries.WEBHOOK_TOKEN.value
    bodies = [b"{", REASON.encode(), f'{{"OrderId": "{canaries.PIN.value}"}}'.encode()]
    bearer = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        responses = await asyncio.gather(
            *(
                post
                for body in bodies
                for post in (
                    http.post(stack.webhook_url, content=body, auth=("telegent", password)),
                    http.post(stack.webhook_url, content=body, headers=bearer),
                    http.post(stack.webhook_url, content=body, auth=(token, password)),
                    http.post(f"{stack.webhook_url}?token={token}", content=body),
                )
            )
        )
    disclosed += [response.text for response in responses]
    await asyncio.sleep(1)  # until the last events and traces are out


SCENARIOS: Sequence[tuple[str, Callable[[ScanStack, Disclosures], Awaitable[None]]]] = (
    ("requests with mistakes", invalid_starts),
    (
        "an onboarding with faults, a rejected port-in, malformed messages and two crashes",
        onboarding,
    ),
    ("an onboarding that fails", failed_onboarding),
    ("a port-in that is cancelled", cancelled_port_in),
    ("a carrier that repeats secrets", quoting_carrier),
    ("line changes, rejected and done", line_changes),
    ("a port-out", port_out),
    ("order updates, genuine and forged", vendor_webhooks),
)


async def _port_in(stack: ScanStack, number: str) -> PortInHandle:
    details = PortInDetails.model_validate(canaries.port_in(number))
    return await stack.orchestrator.start_port_in(PortInRequest(details=details))


async def _wait_for_state(port: PortInHandle, state: PortState) -> None:
    seen = None
    for _ in range(600):
        with contextlib.suppress(RPCError):  # not started yet, or no worker answers
            seen = (await port.status()).state
        if seen is state:
            return
        await asyncio.sleep(0.1)
    raise StackError(f"a port-in did not reach {state}; it is in {seen}")


async def _retry(query: Callable[[], Awaitable[None]]) -> None:
    """Repeat until a worker answers, because none may be running right after a crash."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await query()
            except RPCError:
                await asyncio.sleep(0.2)


async def _record_progress(handle: OnboardingHandle, disclosed: Disclosures) -> None:
    disclosed.append((await handle.progress()).model_dump_json())
