"""What is played for the pictures, and what each of them shows."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError

from demo.ports import Ports
from demo.processes import DemoError
from demo.stack import ROOT, RUNS, Stack, stack
from telegent_orchestrator.client import OnboardingIncompleteError, PortInHandle
from telegent_orchestrator.lines import PortInNumber
from telegent_orchestrator.names import ORDER_ATTRIBUTE, PORT_STATE_ATTRIBUTE, STEP_ATTRIBUTE
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import (
    PortInCorrection,
    PortInDetails,
    PortInRequest,
    PortState,
)

DOCS = ROOT / "docs"
BROWSER_SIDE = Path(__file__).parent / "browser"
WORK = RUNS / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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


@dataclass(frozen=True)
class Shot:
    """A picture of a page, taken as soon as `expected` can be read, `in_details` or beside them.

    `clicks`: texts to click on before. `top`: a text to scroll to. `remembered`: what the UI keeps
    of its user.
    """

    name: str
    url: str
    height: int
    expected: str
    in_details: bool = False
    clicks: tuple[str, ...] = ()
    top: str = ""
    remembered: dict[str, Any] = field(default_factory=lambda: {"navOpen": False})


class Camera:
    """Takes pictures with this machine's browser and Node.js. DemoError if one is missing."""

    def __init__(self) -> None:
        self._browser = _program(*BROWSERS, install="Chromium")
        self._node = _program("node", install="Node.js 20 or later")
        self._npm = _program("npm", install="npm, the package manager of Node.js")

    async def set_up(self) -> None:
        """Install what drives the browser. Raises DemoError."""
        shutil.copytree(BROWSER_SIDE, WORK, dirs_exist_ok=True)
        await _run(
            self._npm, "ci", "--engine-strict", "--prefer-offline", "--no-audit", "--no-fund"
        )

    async def take(self, shot: Shot) -> None:
        """Take a picture into docs/. Raises DemoError."""
        into = DOCS / f"ui-{shot.name}.png"
        job = {**asdict(shot), "browser": self._browser, "into": str(into)}
        await _run(self._node, "camera.mjs", json.dumps(job))


async def take_pictures(
    request: OnboardingRequest, correction: PortInCorrection, say: Callable[[str], object]
) -> None:
    """Onboard with a port-in that is rejected and corrected, and take pictures on the way.

    Raises DemoError.
    """
    camera = Camera()
    say("Installing what drives the browser, starting Temporal, simulator, codec server, worker …")
    await camera.set_up()
    DOCS.mkdir(exist_ok=True)
    # A new database each time: the same reference is to be onboarded anew.
    directory = WORK / "stack"
    shutil.rmtree(directory, ignore_errors=True)
    async with stack(directory, Ports.free(), say) as running:
        await running.run(_play(running, camera, request, correction, say))


async def _play(
    running: Stack,
    camera: Camera,
    request: OnboardingRequest,
    correction: PortInCorrection,
    say: Callable[[str], object],
) -> None:
    async def take(*shots: Shot) -> None:
        for shot in shots:
            await camera.take(shot)
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
        Shot(
            "port-in",
            running.page(port_in.id),
            height=760,
            clicks=("User Metadata",),
            expected=PortState.ACTION_REQUIRED,
            in_details=True,
        ),
        _list(running),
    )
    await port_in.signal_correction(correction)
    try:
        await onboarding.result()
    except (OnboardingIncompleteError, WorkflowFailureError) as error:
        raise DemoError(f"the onboarding failed: {error}") from error
    await take(
        Shot(
            "onboarding",
            running.page(onboarding.id),
            height=860,
            clicks=("User Metadata",),
            expected=ported.phone_number,
            in_details=True,
        ),
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
    namespace = running.client.namespace
    columns = {namespace: [{"label": label} for label in COLUMNS]}
    return Shot(
        "list",
        f"{running.ui_url}/namespaces/{namespace}/workflows?query={query}",
        height=640,
        expected=f"{len(OTHERS) + 1} Workflows",
        remembered={"navOpen": False, "namespace-workflow-table-columns": columns},
    )


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


def _program(*names: str, install: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    raise DemoError(f"{' or '.join(names)} is not on PATH: install {install}")


async def _run(*command: str) -> None:
    """Run a program in WORK. Raises DemoError with what it said when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=WORK,
        # Ctrl-C reaches the terminal's whole group, but the order of stopping is ours.
        process_group=0,
    )
    name = Path(command[1] if command[1].endswith(".mjs") else command[0]).name
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
    except TimeoutError:
        raise DemoError(f"{name} took more than {PATIENCE:.0f} s") from None
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if process.returncode:
        raise DemoError(f"{name} failed:\n{said.decode(errors='replace').strip()}")
