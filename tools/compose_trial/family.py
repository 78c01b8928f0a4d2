"""What another service and the simulated carrier do: onboard, reject, correct."""

import json
import sys
import urllib.request
from collections import Counter
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter
from temporalio.client import Client
from temporalio.service import RPCError

from telegent_orchestrator.client import OnboardingHandle, Orchestrator
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.lines import PortInNumber
from telegent_orchestrator.names import onboarding_id
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCorrection, PortInRequest, PortState
from tools.compose_trial.images import ROOT
from tools.compose_trial.machine import CACHE, run
from tools.compose_trial.stack import Stack
from tools.compose_trial.transcript import Transcript, expect
from tools.compose_trial.waiting import wait_for

EXAMPLES = ROOT / "examples"
SIMULATOR = "http://127.0.0.1:8099"
PICTURES = CACHE / "pictures"
TEMPORAL = "127.0.0.1:7233"
OPEN_PORT_IN = "+18015550188"
M = TypeVar("M", bound=BaseModel)
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def example(name: str, kind: type[M]) -> M:
    """One of the files in examples/."""
    return kind.model_validate_json((EXAMPLES / name).read_text("utf-8"))


FAMILY = example("family.json", OnboardingRequest)
CORRECTION = example("correction.json", PortInCorrection)


class _Effect(BaseModel):
    kind: str
    data: dict[str, object]


class Caller:
    """A service that onboards, with the keys that deploy/make-secrets.sh wrote.

    Attributes:
        temporal: The client of the published port.
        orchestrator: The typed client.
    """

    def __init__(self, temporal: Client, id_key: str) -> None:
        self.temporal = temporal
        self.orchestrator = Orchestrator(temporal, id_key=id_key)

    @classmethod
    async def connect(cls, stack: Stack) -> "Caller":
        """Connect to the Temporal server of the stack."""
        keys = parse_key_ring(stack.secret("payload_keys"))
        client = await Client.connect(TEMPORAL, data_converter=data_converter(keys), lazy=True)
        return cls(client, stack.secret("id_key"))

    async def port_state(self, number: str) -> PortState | None:
        """The state of a port-in; None while it does not respond."""
        try:
            return (await self.orchestrator.port_in(number).status()).state
        except RPCError:
            return None

    async def wait_for_state(self, number: str, *states: PortState) -> None:
        """Wait until a port-in is in one of these states. Raises Differs."""

        async def reached() -> bool:
            return await self.port_state(number) in states

        await wait_for(f"{number} in {', '.join(states)}", reached)

    async def wait_for_family(self) -> None:
        """Wait until the result of the closed onboarding can be read. Raises Differs."""

        async def readable() -> bool:
            try:
                return (await self.orchestrator.onboarding(FAMILY.reference).result()).complete
            except RPCError:
                return False

        await wait_for("the result of the family", readable)

    async def onboard_empty(self, reference: str) -> OnboardingHandle:
        """Start an onboarding with one subscriber and without lines."""
        account = FAMILY.account.model_copy(update={"name": f"Example {reference}"})
        address = {"email": f"{reference}@example.com"}
        changes: dict[str, object] = {
            "reference": reference,
            "account": account,
            "subscribers": [FAMILY.subscribers[0].model_copy(update=address)],
            "lines": [],
            "relations": [],
        }
        request = FAMILY.model_copy(update=changes)
        return await self.orchestrator.start_onboarding(request)

    async def events(self, workflow_id: str) -> int:
        """Length of a history."""
        described = await self.temporal.get_workflow_handle(workflow_id).describe()
        return described.history_length


def simulator(method: str, path: str, body: object = None) -> object:
    """Call the control API of the simulator."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(  # noqa: S310  the address is a constant
        f"{SIMULATOR}/_sim/{path}", data, headers, method=method
    )
    with _opener.open(request, timeout=30) as response:
        answer: object = json.loads(response.read())
    return answer


def effects(number: str | None = None) -> Counter[str]:
    """How often the simulator has done what, by kind; only with this number if it is given."""
    rows = TypeAdapter(list[_Effect]).validate_python(simulator("GET", "ledger"))
    return Counter(row.kind for row in rows if number in (None, row.data.get("number")))


async def onboard_family(stack: Stack, caller: Caller, transcript: Transcript) -> None:
    """Onboard the example family, with an operator at a browser, and compare it with the ledger."""
    (ported,) = (line.number for line in FAMILY.lines if isinstance(line.number, PortInNumber))
    with transcript.step(
        "a rejected port-in is corrected from the Temporal UI in Chromium: the family is complete",
        required=True,
    ):
        PICTURES.mkdir(exist_ok=True)
        secrets = str(stack.directory / "deploy/secrets")
        folders = ["--secrets", secrets, "--pictures", str(PICTURES)]
        run([sys.executable, "-m", "demo", "screenshots", *folders], directory=ROOT)
        result = await caller.orchestrator.onboarding(FAMILY.reference).result()
        expect(result.complete, f"errors: {result.errors}")
        transcript.saw(", ".join(f"{line.key}: {line.state}" for line in result.lines))
        timeline = (await caller.orchestrator.port_in(ported.phone_number).status()).timeline
        typed = [entry.event for entry in timeline if entry.by == CORRECTION.by]
        expect(bool(typed), f"the timeline names no {CORRECTION.by}")
        transcript.saw(f"timeline: {', '.join(typed)} by {CORRECTION.by}")
    with transcript.step("every number, order and subscription of it exists once"):
        for kind, number, count in (
            ("number.provisioned", None, len(FAMILY.lines) - 1),
            ("portin.submitted", ported.phone_number, 1),
            ("subscription.created", None, len(FAMILY.lines)),
        ):
            done = effects(number)[kind]
            expect(done == count, f"{kind}: {done} instead of {count}")
            transcript.saw(f"{kind}: {count}")


async def open_port_in(caller: Caller, transcript: Transcript) -> None:
    """Start another port-in, which is rejected and stays open."""
    with transcript.step("another port-in is rejected, and stays open", required=True):
        request = example("port-in.json", PortInRequest)
        details = request.details.model_copy(update={"phone_number": OPEN_PORT_IN})
        await caller.orchestrator.start_port_in(request.model_copy(update={"details": details}))
        await caller.wait_for_state(OPEN_PORT_IN, PortState.ACTION_REQUIRED)


async def check_family_readable(caller: Caller, transcript: Transcript) -> None:
    """The closed onboarding and the open port-in are as before."""
    with transcript.step("the closed family can be read, and the open port-in answers"):
        await caller.wait_for_family()
        await caller.wait_for_state(OPEN_PORT_IN, PortState.ACTION_REQUIRED)
        length = await caller.events(onboarding_id(FAMILY.reference))
        transcript.saw(f"{onboarding_id(FAMILY.reference)}: {length} events")
