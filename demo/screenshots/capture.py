"""The scenario of the screenshots, and what each screenshot shows."""

import asyncio
import contextlib
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError

from demo.screenshots.browser import WORK_DIRECTORY, Browser
from devstack.child_process import ROOT, StackError
from devstack.supervised_stack import SupervisedStack, supervised_stack
from devstack.tcp_ports import TcpPorts
from telegent_orchestrator.client import OnboardingIncompleteError, PortInHandle
from telegent_orchestrator.lines import PortInNumber
from telegent_orchestrator.names import (
    CORRECT_MESSAGE,
    NEEDS_OPERATOR_ATTRIBUTE,
    ORDER_ATTRIBUTE,
    PORT_STATE_ATTRIBUTE,
    STEP_ATTRIBUTE,
)
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import (
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)

PICTURES = ROOT / "docs" / "img"
STATE_TIMEOUT = 90.0

# More port-ins for the list: what the losing carrier has on record about each number, and the state
# in which the port-in stays.
OTHER_PORT_INS: dict[str, tuple[dict[str, Any], PortState]] = {
    "+18015550143": ({"script": "silent"}, PortState.SUBMITTED),
    "+18015550144": ({"pin": "739154"}, PortState.ACTION_REQUIRED),
    "+18015550145": ({"script": "lock"}, PortState.ACTION_REQUIRED),
    "+18015550146": ({"eligible": False}, PortState.INELIGIBLE),
    "+18015550147": ({}, PortState.COMPLETED),
}
COLUMNS = ("Status", "Workflow ID", PORT_STATE_ATTRIBUTE, STEP_ATTRIBUTE, ORDER_ATTRIBUTE)
WAITING_COLUMNS = (*COLUMNS[:2], NEEDS_OPERATOR_ATTRIBUTE, *COLUMNS[2:4])
WAITING_VIEW = {
    "name": "Port-ins that need an operator",
    "query": f'{NEEDS_OPERATOR_ATTRIBUTE} IS NOT NULL AND ExecutionStatus = "Running"',
}
"""The first saved view of docs/how-to/operators.md."""


@dataclass(frozen=True)
class Screenshot:
    """A screenshot of a page, taken as soon as `expected` is visible.

    Attributes:
        in_details: Whether `expected` is in the current details.
        clicks: Texts to click on first.
        scroll_to: A text to scroll to.
        local_storage: Preferences of the UI in addition to a collapsed navigation.
    """

    name: str
    url: str
    height: int
    expected: str
    in_details: bool = False
    clicks: tuple[str, ...] = ()
    scroll_to: str = ""
    local_storage: dict[str, Any] = field(default_factory=dict)


async def take_screenshots(
    request: OnboardingRequest, correction: PortInCorrection, notify: Callable[[str], object]
) -> None:
    """Onboard with a port-in that is rejected and corrected, and take screenshots meanwhile.

    Raises:
        StackError: A process, the browser or the onboarding failed.
    """
    browser = Browser()
    notify(
        "Installing what drives the browser, starting Temporal, simulator, codec server, worker …"
    )
    await browser.set_up()
    PICTURES.mkdir(exist_ok=True)
    # A new database each time, so that the same reference can be onboarded again.
    directory = WORK_DIRECTORY / "stack"
    shutil.rmtree(directory, ignore_errors=True)
    async with supervised_stack(directory, TcpPorts.allocate(), notify) as running:
        await running.run(_take_all(running, browser, request, correction, notify))


async def _take_all(
    running: SupervisedStack,
    browser: Browser,
    request: OnboardingRequest,
    correction: PortInCorrection,
    notify: Callable[[str], object],
) -> None:
    async def take(*screenshots: Screenshot) -> None:
        for screenshot in screenshots:
            await browser.run(
                "camera.mjs", **asdict(screenshot), path=_picture_path(screenshot.name)
            )
            notify(f"docs/img/ui-{screenshot.name}.png")

    orchestrator = running.orchestrator
    ported = next(line.number for line in request.lines if isinstance(line.number, PortInNumber))
    await _start_other_port_ins(running, ported)
    onboarding = await orchestrator.start_onboarding(request)
    port_in = orchestrator.port_in(ported.phone_number)
    await _wait_for_state(port_in, PortState.ACTION_REQUIRED)
    for number, (_, state) in OTHER_PORT_INS.items():
        await _wait_for_state(orchestrator.port_in(number), state)
    await take(
        _list_screenshot(running),
        Screenshot(
            "onboarding",
            running.workflow_url(onboarding.id),
            height=1000,
            expected=PortState.ACTION_REQUIRED,
            in_details=True,
        ),
    )
    await _take_correction(running, browser, port_in.id, correction)
    notify("docs/img/ui-needs-operator.png, ui-port-in.png, ui-signal.png")
    try:
        await onboarding.result()
    except (OnboardingIncompleteError, WorkflowFailureError) as error:
        raise StackError(f"the onboarding failed: {error}") from error
    await take(
        Screenshot(
            "timeline",
            running.workflow_url(onboarding.id),
            height=760,
            # In order of time, without the signals with which lines update their onboarding.
            clicks=("Descending", "Filter", "Signal", "Filter"),
            expected=f"Line {request.lines[-1].key}",
            scroll_to="Timeline",
        ),
    )


async def _take_correction(
    running: SupervisedStack, browser: Browser, port_in_id: str, correction: PortInCorrection
) -> None:
    await correct_in_the_ui(
        browser,
        running,
        port_in_id,
        correction.model_dump(mode="json", exclude_none=True),
        local_storage=_columns(running, *WAITING_COLUMNS),
        pictures={
            "list": {"path": _picture_path("needs-operator"), "height": 520},
            "details": {"path": _picture_path("port-in"), "height": 1200},
            "dialog": {"path": _picture_path("signal"), "height": 760},
        },
    )


def _list_screenshot(running: SupervisedStack) -> Screenshot:
    query = quote(f"{PORT_STATE_ATTRIBUTE} IS NOT NULL")
    return Screenshot(
        "list",
        f"{running.ui_url}/namespaces/{running.client.namespace}/workflows?query={query}",
        height=640,
        expected=f"{len(OTHER_PORT_INS) + 1} Workflows",
        local_storage=_columns(running, *COLUMNS),
    )


def _columns(running: SupervisedStack, *labels: str) -> dict[str, Any]:
    """The columns of the list, in the UI's format."""
    columns = {running.client.namespace: [{"label": label} for label in labels]}
    return {"namespace-workflow-table-columns": columns}


def _picture_path(name: str) -> str:
    return str(PICTURES / f"ui-{name}.png")


async def correct_in_the_ui(
    browser: Browser, running: SupervisedStack, port_in_id: str, values: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """Find a port-in that needs an operator in a saved view, read it, and send a correction.

    Args:
        browser: Runs `operator.mjs`.
        running: The stack.
        port_in_id: Workflow id of the port-in.
        values: What to enter in the UI's dialog.
        more: Further parameters of `operator.mjs`.

    Returns:
        What the browser has read and sent, when the details show that the port-in is complete.

    Raises:
        StackError: The browser failed.
    """
    result: dict[str, Any] = await browser.run(
        "operator.mjs",
        ui=running.ui_url,
        view=WAITING_VIEW,
        workflow_id=port_in_id,
        signal=CORRECT_MESSAGE,
        values=values,
        before=PortState.ACTION_REQUIRED,
        after=PortState.COMPLETED,
        **more,
    )
    return result


async def _start_other_port_ins(running: SupervisedStack, pattern: PortInNumber) -> None:
    """Start port-ins like this one, of numbers with other records at the losing carrier.

    Raises:
        StackError: A port-in did not reach its state.
    """
    details = pattern.model_dump(exclude={"kind", "iccid"})
    async with httpx.AsyncClient(base_url=running.simulator_url, trust_env=False) as simulator:
        for number, (record, _) in OTHER_PORT_INS.items():
            body = {"number": number, **record}
            response = await simulator.post("/_sim/carrier", json=body)
            if response.is_error:
                raise StackError(f"the simulator refused {body}: {response.text}")
            other = PortInDetails.model_validate({**details, "phone_number": number})
            await running.orchestrator.start_port_in(PortInRequest(details=other))


async def _wait_for_state(port_in: PortInHandle, state: PortState) -> None:
    """Wait until the port-in is in this state. Raises StackError."""
    try:
        async with asyncio.timeout(STATE_TIMEOUT):
            while True:
                with contextlib.suppress(RPCError):  # not started yet
                    if (await port_in.status()).state is state:
                        return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise StackError(f"{port_in.id} was not {state} within {STATE_TIMEOUT:.0f} s") from None
