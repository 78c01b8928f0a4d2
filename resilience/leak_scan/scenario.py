"""What happens to customers in this trial: everything that can go right, and wrong."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence

import httpx
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.service import RPCError

from localstack.processes import DemoError
from resilience.leak_scan import canaries
from resilience.leak_scan.canaries import REASON
from resilience.leak_scan.environment import Stage
from simulator import Fault
from telegent_orchestrator import names
from telegent_orchestrator.client import (
    OnboardingHandle,
    OnboardingIncompleteError,
    PortInHandle,
)
from telegent_orchestrator.client.port_out import PortOuts
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCancel, PortInDetails, PortInRequest, PortState
from telegent_orchestrator.port_out import (
    PORT_OUT_WORKFLOW,
    PortOutRequest,
    PortOutState,
    RevealPin,
)

BY = canaries.NAME.value
TROUBLE = [
    Fault(match="POST /v1.0/account/create", kind="lose"),
    Fault(match="POST /v1.0/subscribers/create", kind="error_after"),
    Fault(match="POST /v1.0/message/routes", kind="broken_json"),
    Fault(match="POST /v1.0/voice/routes", kind="html"),
    Fault(match="POST /v1.0/webhook/create", kind="empty"),
    Fault(match="POST /v1.0/products", kind="429", retry_after=1),
    Fault(match="POST /v1.0/packages", kind="401", times=2),
    Fault(match="POST /v1.0/OAuth2/tokens", kind="refuse", nth=3),
    Fault(match="POST /v1.0/OAuth2/tokens", kind="error_before", nth=6, status=403),
    Fault(match="POST /v1.0/numbers/portin/update", kind="lose"),
    Fault(match="GET /v1.0/numbers/order", kind="error_before", nth=3, status=503),
]
"""One of each kind of fault, on the calls of an onboarding."""

Said = list[str]
"""Whatever our services tell who may read everything."""


async def refused_starts(stage: Stage, said: Said) -> None:
    """Requests with mistakes, sent by a client that does not check them."""
    kinds = (names.ONBOARDING_WORKFLOW, names.PORT_IN_WORKFLOW, PORT_OUT_WORKFLOW)
    sent = [(kind, what) for kind in kinds for what in canaries.nonsense()]
    sent.append((names.ONBOARDING_WORKFLOW, canaries.faulty("faulty-1")))
    for at, (kind, what) in enumerate(sent):
        handle = await stage.client.start_workflow(
            kind, what, id=f"nonsense-{at}", task_queue=names.TASK_QUEUE
        )
        try:
            await handle.result()
        except WorkflowFailureError as error:
            said.append(str(error.cause))
        else:
            raise DemoError(f"{kind} took nonsense")


async def onboarding(stage: Stage, said: Said) -> None:
    """Through one of each fault, a rejected port-in, nonsense, and two crashes."""
    for fault in TROUBLE:
        stage.simulator.faults.add(fault)
    family = canaries.customer()
    handle = await stage.orchestrator.start_onboarding(family.request)
    port = stage.orchestrator.port_in(family.number)
    await _until(port, PortState.ACTION_REQUIRED)
    await _send_nonsense(stage, port, said)
    await stage.crash_worker(signal.SIGABRT)
    await stage.crash_worker(signal.SIGKILL)
    await _repeat(lambda: _note(handle, said))
    await _repeat(lambda: port.signal_correction(family.correction))
    said.append((await handle.result()).model_dump_json())
    await _note(handle, said)
    stage.simulator.faults.clear()


async def _send_nonsense(stage: Stage, port: PortInHandle, said: Said) -> None:
    """Messages with mistakes, by signal and by update."""
    handle = stage.client.get_workflow_handle(port.id)
    for sent in canaries.nonsense():
        await handle.signal(names.CORRECT_SIGNAL, sent)
        try:
            await handle.execute_update(names.CORRECT_UPDATE, sent)
        except WorkflowUpdateFailedError as error:
            said.append(str(error.cause))


async def failed_onboarding(stage: Stage, said: Said) -> None:
    """One whose people the vendor refuses."""
    refused = Fault(match="POST /v1.0/subscribers/create", kind="error_before", status=400, times=9)
    stage.simulator.faults.add(refused)
    request = canaries.onboarding("canary-2")
    request["lines"] = request["lines"][:1]
    handle = await stage.orchestrator.start_onboarding(OnboardingRequest.model_validate(request))
    try:
        await handle.result()
    except OnboardingIncompleteError as error:
        said += [str(error), error.result.model_dump_json()]
    stage.simulator.faults.clear()


async def cancelled_port_in(stage: Stage, said: Said) -> None:
    """A port-in by itself, which the subscriber thinks better of, for private reasons."""
    port = await _port_in(stage, canaries.SILENT.value)
    await _until(port, PortState.SUBMITTED)
    await port.cancel(PortInCancel(by=BY, reason=REASON))
    said.append((await port.result()).model_dump_json())


async def quoting_carrier(stage: Stage, said: Said) -> None:
    """A port-in whose carrier repeats in its rejection what it was sent."""
    port = await _port_in(stage, canaries.QUOTED.value)
    await _until(port, PortState.ACTION_REQUIRED)
    await asyncio.sleep(1)  # for some looks that find the same
    said.append((await port.status()).model_dump_json())
    await port.correct(canaries.customer().correction)
    said.append((await port.result()).model_dump_json())


async def port_out(stage: Stage, said: Said) -> None:
    """The number that was bought leaves."""
    (number,) = (stage.simulator.ledger.of("number.provisioned")[0].data["number"],)
    pin = canaries.PORT_OUT_PIN.value
    handle = await PortOuts(stage.client, id_key=canaries.ID_KEY.value).start(
        PortOutRequest(phone_number=number, authentication_reference="auth-1", pin=pin, by=BY)
    )
    while (await handle.status()).state is not PortOutState.PIN_ISSUED:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    # Told to who asks for it, and so not among what everybody may read.
    if (await handle.reveal_pin(RevealPin(by=BY, reason=REASON))).pin != pin:
        raise DemoError("another PIN was shown")
    said.append((await handle.status()).model_dump_json())
    stage.simulator.leave(number, pin)
    said.append((await handle.result()).model_dump_json())


async def vendors_events(stage: Stage, said: Said) -> None:
    """With right and wrong credentials, and with nonsense."""
    password, token = canaries.WEBHOOK_PASSWORD.value, canaries.WEBHOOK_TOKEN.value
    bodies = [b"{", REASON.encode(), f'{{"OrderId": "{canaries.PIN.value}"}}'.encode()]
    bearer = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        answers = await asyncio.gather(
            *(
                post
                for body in bodies
                for post in (
                    http.post(stage.hook_url, content=body, auth=("telegent", password)),
                    http.post(stage.hook_url, content=body, headers=bearer),
                    http.post(stage.hook_url, content=body, auth=(token, password)),
                    http.post(f"{stage.hook_url}?token={token}", content=body),
                )
            )
        )
    said += [answer.text for answer in answers]
    await asyncio.sleep(1)  # until the last events and traces are out


CHAPTERS: Sequence[tuple[str, Callable[[Stage, Said], Awaitable[None]]]] = (
    ("requests with mistakes", refused_starts),
    ("an onboarding with faults, a rejected port-in, nonsense, two crashes", onboarding),
    ("an onboarding that fails", failed_onboarding),
    ("a port-in that is cancelled", cancelled_port_in),
    ("a carrier that quotes secrets", quoting_carrier),
    ("a port-out", port_out),
    ("events of the vendor, right and forged", vendors_events),
)


async def _port_in(stage: Stage, number: str) -> PortInHandle:
    details = PortInDetails.model_validate(canaries.port_in(number))
    return await stage.orchestrator.start_port_in(PortInRequest(details=details))


async def _until(port: PortInHandle, state: PortState) -> None:
    seen = None
    for _ in range(600):
        with contextlib.suppress(RPCError):  # not started yet, or nobody is there to answer
            seen = (await port.status()).state
        if seen is state:
            return
        await asyncio.sleep(0.1)
    raise DemoError(f"a port-in did not come to {state}; it is in {seen}")


async def _repeat(ask: Callable[[], Awaitable[None]]) -> None:
    """Asks until somebody answers: after a crash the first question may meet nobody."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await ask()
            except RPCError:
                await asyncio.sleep(0.2)


async def _note(handle: OnboardingHandle, said: Said) -> None:
    said.append((await handle.progress()).model_dump_json())
