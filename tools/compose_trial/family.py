"""What another service and the simulated carrier do: onboard, reject, correct."""

import json
import urllib.request
from collections import Counter
from typing import TypeVar

from pydantic import BaseModel
from temporalio.client import Client
from temporalio.service import RPCError

from telegent_orchestrator.client import OnboardingHandle, Orchestrator
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.lines import PortInNumber
from telegent_orchestrator.names import onboarding_id
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCorrection, PortInRequest, PortState
from tools.compose_trial.images import ROOT
from tools.compose_trial.stack import Stack
from tools.compose_trial.transcript import Transcript, expect
from tools.compose_trial.waiting import wait_for

EXAMPLES = ROOT / "examples"
SIMULATOR = "http://127.0.0.1:8099"
TEMPORAL = "127.0.0.1:7233"
OPEN_PORT_IN = "+18015550188"
M = TypeVar("M", bound=BaseModel)
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def example(name: str, kind: type[M]) -> M:
    """One of the files in examples/."""
    return kind.model_validate_json((EXAMPLES / name).read_text("utf-8"))


FAMILY = example("family.json", OnboardingRequest)
CORRECTION = example("correction.json", PortInCorrection)


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


def effects() -> Counter[str]:
    """How often the simulator has done what, by kind."""
    rows = simulator("GET", "ledger")
    return Counter(row["kind"] for row in rows) if isinstance(rows, list) else Counter()


def teach_carrier() -> None:
    """Give the simulated carrier the records of examples/carrier.json."""
    records = json.loads((EXAMPLES / "carrier.json").read_text("utf-8"))["records"]
    for number, record in records.items():
        simulator("POST", "carrier", {"number": number, **record})


def ported_number(request: OnboardingRequest) -> str:
    """The number that the example brings from another carrier."""
    (number,) = (line.number for line in request.lines if isinstance(line.number, PortInNumber))
    return number.phone_number


async def reject_family(caller: Caller, transcript: Transcript) -> None:
    """Start the example family and wait until its port-in is rejected."""
    teach_carrier()
    with transcript.step("the example family is started; its port-in is rejected", required=True):
        await caller.orchestrator.start_onboarding(FAMILY)
        await caller.wait_for_state(ported_number(FAMILY), PortState.ACTION_REQUIRED)
        status = await caller.orchestrator.port_in(ported_number(FAMILY)).status()
        transcript.saw(f"state {status.state}")


async def complete_family(caller: Caller, transcript: Transcript) -> None:
    """Correct the port-in by signal, and compare the family with the simulator's ledger."""
    with transcript.step("the port-in is corrected by signal; the family is complete"):
        port_in = caller.orchestrator.port_in(ported_number(FAMILY))
        await port_in.signal_correction(CORRECTION)
        result = await caller.orchestrator.onboarding(FAMILY.reference).result()
        expect(result.complete, f"errors: {result.errors}")
        transcript.saw(", ".join(f"{line.key}: {line.state}" for line in result.lines))
    with transcript.step("every number, order and subscription of it exists once"):
        new = sum(line.number.kind == "new" for line in FAMILY.lines)
        ported = len(FAMILY.lines) - new
        done = effects()
        for kind, count in (
            ("number.provisioned", new),
            ("portin.submitted", ported),
            ("subscription.created", len(FAMILY.lines)),
        ):
            expect(done[kind] == count, f"{kind}: {done[kind]} instead of {count}")
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
