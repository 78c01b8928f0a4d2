"""The scenario of the screenshots, and what each screenshot shows."""

import asyncio
import contextlib
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError

from demo.screenshots.browser import WORK_DIRECTORY, Browser
from devstack.child_process import StackError
from devstack.supervised_stack import supervised_stack
from devstack.tcp_ports import TcpPorts
from telegent_orchestrator.client import OnboardingIncompleteError, Orchestrator, PortInHandle
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

NAMESPACE = "default"
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


@dataclass(frozen=True)
class Stage:
    """The stack in which the scenario is played.

    Attributes:
        browser: In which it is shown.
        pictures: Folder for the screenshots.
    """

    orchestrator: Orchestrator
    ui_url: str
    simulator_url: str
    browser: Browser
    pictures: Path

    def picture_path(self, name: str) -> str:
        """Where the screenshot of this name is written."""
        return str(self.pictures / f"ui-{name}.png")

    def workflow_url(self, workflow_id: str) -> str:
        """Address of a workflow in the Temporal UI."""
        return f"{self.ui_url}/namespaces/{NAMESPACE}/workflows/{workflow_id}"


async def take_screenshots(
    pictures: Path,
    request: OnboardingRequest,
    correction: PortInCorrection,
    notify: Callable[[str], object],
) -> None:
    """Onboard with a port-in that is rejected and corrected, and take screenshots meanwhile.

    Args:
        pictures: Folder for the screenshots.
        request: What is onboarded.
        correction: What the operator sends.
        notify: Gets a line for each screenshot.

    Raises:
        StackError: A process, the browser or the onboarding failed.
    """
    browser = Browser()
    notify(
        "Installing what drives the browser, starting Temporal, simulator, codec server, worker …"
    )
    await browser.set_up()
    # A new database each time, so that the same reference can be onboarded again.
    directory = WORK_DIRECTORY / "stack"
    shutil.rmtree(directory, ignore_errors=True)
    async with supervised_stack(directory, TcpPorts.allocate(), notify) as running:
        urls = (running.ui_url, running.simulator_url)
        stage = Stage(running.orchestrator, *urls, browser, pictures)
        await running.run(play(stage, request, correction, notify))


async def play(
    stage: Stage,
    request: OnboardingRequest,
    correction: PortInCorrection,
    notify: Callable[[str], object],
) -> None:
    """Onboard on this stage, and take all screenshots. Raises StackError."""

    async def take(*screenshots: Screenshot) -> None:
        for screenshot in screenshots:
            path = stage.picture_path(screenshot.name)
            await stage.browser.run("camera.mjs", **asdict(screenshot), path=path)
            notify(path)

    orchestrator = stage.orchestrator
    ported = next(line.number for line in request.lines if isinstance(line.number, PortInNumber))
    await _start_other_port_ins(stage, ported)
    onboarding = await orchestrator.start_onboarding(request)
    port_in = orchestrator.port_in(ported.phone_number)
    await _wait_for_state(port_in, PortState.ACTION_REQUIRED)
    for number, (_, state) in OTHER_PORT_INS.items():
        await _wait_for_state(orchestrator.port_in(number), state)
    await take(
        _list_screenshot(stage),
        Screenshot(
            "onboarding",
            stage.workflow_url(onboarding.id),
            height=1000,
            expected=PortState.ACTION_REQUIRED,
            in_details=True,
        ),
    )
    await _take_correction(stage, port_in.id, correction)
    notify("ui-needs-operator.png, ui-port-in.png, ui-signal.png")
    try:
        await onboarding.result()
    except (OnboardingIncompleteError, WorkflowFailureError) as error:
        raise StackError(f"the onboarding failed: {error}") from error
    await take(
        Screenshot(
            "timeline",
            stage.workflow_url(onboarding.id),
            height=760,
            # In order of time, without the signals with which lines update their onboarding.
            clicks=("Descending", "Filter", "Signal", "Filter"),
            expected=f"Line {request.lines[-1].key}",
            scroll_to="Timeline",
        ),
    )


async def _take_correction(stage: Stage, port_in_id: str, correction: PortInCorrection) -> None:
    await correct_in_the_ui(
        stage.browser,
        stage.ui_url,
        port_in_id,
        correction.model_dump(mode="json", exclude_none=True),
        local_storage=_columns(*WAITING_COLUMNS),
        pictures={
            "list": {"path": stage.picture_path("needs-operator"), "height": 520},
            "details": {"path": stage.picture_path("port-in"), "height": 1200},
            "dialog": {"path": stage.picture_path("signal"), "height": 760},
        },
    )


def _list_screenshot(stage: Stage) -> Screenshot:
    query = quote(f"{PORT_STATE_ATTRIBUTE} IS NOT NULL")
    return Screenshot(
        "list",
        f"{stage.ui_url}/namespaces/{NAMESPACE}/workflows?query={query}",
        height=640,
        expected=f"{len(OTHER_PORT_INS) + 1} Workflows",
        local_storage=_columns(*COLUMNS),
    )


def _columns(*labels: str) -> dict[str, Any]:
    """The columns of the list, in the UI's format."""
    columns = {NAMESPACE: [{"label": label} for label in labels]}
    return {"namespace-workflow-table-columns": columns}


async def correct_in_the_ui(
    browser: Browser, ui_url: str, port_in_id: str, values: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """Find a port-in that needs an operator in a saved view, read it, and send a correction.

    Args:
        browser: Runs `operator.mjs`.
        ui_url: Address of the Temporal UI.
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
        ui=ui_url,
        view=WAITING_VIEW,
        workflow_id=port_in_id,
        signal=CORRECT_MESSAGE,
        values=values,
        before=PortState.ACTION_REQUIRED,
        after=PortState.COMPLETED,
        **more,
    )
    return result


async def _start_other_port_ins(stage: Stage, pattern: PortInNumber) -> None:
    """Start port-ins like this one, of numbers with other records at the losing carrier.

    Raises:
        StackError: A port-in did not reach its state.
    """
    details = pattern.model_dump(exclude={"kind", "iccid"})
    async with httpx.AsyncClient(base_url=stage.simulator_url, trust_env=False) as simulator:
        for number, (record, _) in OTHER_PORT_INS.items():
            body = {"number": number, **record}
            response = await simulator.post("/_sim/carrier", json=body)
            if response.is_error:
                raise StackError(f"the simulator refused {body}: {response.text}")
            other = PortInDetails.model_validate({**details, "phone_number": number})
            await stage.orchestrator.start_port_in(PortInRequest(details=other))


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
