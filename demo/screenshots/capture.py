"""What is played for the pictures, and what each of them shows."""

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

from demo.screenshots.browser import WORK, Browser
from localstack.network_ports import Ports
from localstack.processes import DemoError
from localstack.stack import ROOT, Stack, stack
from telegent_orchestrator.client import OnboardingIncompleteError, PortInHandle
from telegent_orchestrator.lines import PortInNumber
from telegent_orchestrator.names import (
    CORRECT_SIGNAL,
    NEEDS_ACTION_ATTRIBUTE,
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

DOCS = ROOT / "docs"
PATIENCE = 90.0

# More port-ins, so that the list has something to tell apart: what the losing carrier has on
# record about each number, and the state in which the port-in stays.
OTHERS: dict[str, tuple[dict[str, Any], PortState]] = {
    "+18015550143": ({"script": "silent"}, PortState.SUBMITTED),
    "+18015550144": ({"pin": "739154"}, PortState.ACTION_REQUIRED),
    "+18015550145": ({"script": "lock"}, PortState.ACTION_REQUIRED),
    "+18015550146": ({"eligible": False}, PortState.INELIGIBLE),
    "+18015550147": ({}, PortState.COMPLETED),
}
COLUMNS = ("Status", "Workflow ID", PORT_STATE_ATTRIBUTE, STEP_ATTRIBUTE, ORDER_ATTRIBUTE)
WAITING_COLUMNS = (*COLUMNS[:2], NEEDS_ACTION_ATTRIBUTE, *COLUMNS[2:4])
NEEDS_ACTION = {
    "name": "Port-ins that need action",
    "query": f'{NEEDS_ACTION_ATTRIBUTE} IS NOT NULL AND ExecutionStatus = "Running"',
}
"""The first view of docs/how-to/operators.md."""


@dataclass(frozen=True)
class Shot:
    """A picture of a page, taken as soon as `expected` can be read, `in_details` or beside them.

    `clicks`: texts to click on before. `top`: a text to scroll to. `remembered`: what the UI keeps
    of its user besides that the navigation is folded.
    """

    name: str
    url: str
    height: int
    expected: str
    in_details: bool = False
    clicks: tuple[str, ...] = ()
    top: str = ""
    remembered: dict[str, Any] = field(default_factory=dict)


async def take_pictures(
    request: OnboardingRequest, correction: PortInCorrection, say: Callable[[str], object]
) -> None:
    """Onboard with a port-in that is rejected and corrected, and take pictures on the way.

    Raises DemoError.
    """
    browser = Browser()
    say("Installing what drives the browser, starting Temporal, simulator, codec server, worker …")
    await browser.set_up()
    DOCS.mkdir(exist_ok=True)
    # A new database each time: the same reference is to be onboarded anew.
    directory = WORK / "stack"
    shutil.rmtree(directory, ignore_errors=True)
    async with stack(directory, Ports.free(), say) as running:
        await running.run(_play(running, browser, request, correction, say))


async def _play(
    running: Stack,
    browser: Browser,
    request: OnboardingRequest,
    correction: PortInCorrection,
    say: Callable[[str], object],
) -> None:
    async def take(*shots: Shot) -> None:
        for shot in shots:
            await browser.run("camera.mjs", **asdict(shot), into=_picture(shot.name))
            say(f"docs/ui-{shot.name}.png")

    orchestrator = running.orchestrator
    ported = next(line.number for line in request.lines if isinstance(line.number, PortInNumber))
    await _start_others(running, ported)
    onboarding = await orchestrator.start_onboarding(request)
    port_in = orchestrator.port_in(ported.phone_number)
    await _reaches(port_in, PortState.ACTION_REQUIRED)
    for number, (_, state) in OTHERS.items():
        await _reaches(orchestrator.port_in(number), state)
    await take(
        _list(running),
        Shot(
            "onboarding",
            running.page(onboarding.id),
            height=1000,
            expected=PortState.ACTION_REQUIRED,
            in_details=True,
        ),
    )
    await correct_in_the_ui(
        browser,
        running,
        port_in.id,
        correction.model_dump(mode="json", exclude_none=True),
        remembered=_columns(running, *WAITING_COLUMNS),
        pictures={
            "list": {"into": _picture("needs-action"), "height": 520},
            "details": {"into": _picture("port-in"), "height": 1200},
            "dialog": {"into": _picture("signal"), "height": 760},
        },
    )
    say("docs/img/ui-needs-action.png, ui-port-in.png, ui-signal.png")
    try:
        await onboarding.result()
    except (OnboardingIncompleteError, WorkflowFailureError) as error:
        raise DemoError(f"the onboarding failed: {error}") from error
    await take(
        Shot(
            "timeline",
            running.page(onboarding.id),
            height=760,
            # In order of time, and without the signals with which lines tell of each step.
            clicks=("Descending", "Filter", "Signal", "Filter"),
            expected=f"Line {request.lines[-1].key}",
            top="Timeline",
        ),
    )


def _list(running: Stack) -> Shot:
    query = quote(f"{PORT_STATE_ATTRIBUTE} IS NOT NULL")
    return Shot(
        "list",
        f"{running.ui_url}/namespaces/{running.client.namespace}/workflows?query={query}",
        height=640,
        expected=f"{len(OTHERS) + 1} Workflows",
        remembered=_columns(running, *COLUMNS),
    )


def _columns(running: Stack, *labels: str) -> dict[str, Any]:
    """The columns of the list, as the UI keeps them."""
    columns = {running.client.namespace: [{"label": label} for label in labels]}
    return {"namespace-workflow-table-columns": columns}


def _picture(name: str) -> str:
    return str(DOCS / f"ui-{name}.png")


async def correct_in_the_ui(
    browser: Browser, running: Stack, port_in_id: str, values: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """Find a port-in that needs action by a saved view, read its page, and send these values from
    the UI's dialog; returns when the page says that it is complete, with what was read and sent.

    `more`: what `operator.mjs` takes besides. Raises DemoError.
    """
    done: dict[str, Any] = await browser.run(
        "operator.mjs",
        ui=running.ui_url,
        view=NEEDS_ACTION,
        workflow_id=port_in_id,
        signal=CORRECT_SIGNAL,
        values=values,
        waits=PortState.ACTION_REQUIRED,
        done=PortState.COMPLETED,
        **more,
    )
    return done


async def _start_others(running: Stack, pattern: PortInNumber) -> None:
    """Start port-ins like this one, of numbers about which the losing carrier knows other things.

    Raises DemoError.
    """
    details = pattern.model_dump(exclude={"kind", "iccid"})
    async with httpx.AsyncClient(base_url=running.simulator_url, trust_env=False) as simulator:
        for number, (record, _) in OTHERS.items():
            body = {"number": number, **record}
            answer = await simulator.post("/_sim/carrier", json=body)
            if answer.is_error:
                raise DemoError(f"the simulator refused {body}: {answer.text}")
            other = PortInDetails.model_validate({**details, "phone_number": number})
            await running.orchestrator.start_port_in(PortInRequest(details=other))


async def _reaches(port_in: PortInHandle, state: PortState) -> None:
    """Wait until the port-in is in this state. Raises DemoError."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(RPCError):  # not started yet
                    if (await port_in.status()).state is state:
                        return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise DemoError(f"{port_in.id} was not {state} within {PATIENCE:.0f} s") from None
