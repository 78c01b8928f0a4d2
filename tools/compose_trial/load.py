"""A few minutes of port-ins, rejections and lost responses, which the dashboards can show."""

import asyncio

from telegent_orchestrator.client import ReconcileClient
from telegent_orchestrator.port_in import PortInRequest
from tools.compose_trial.family import OPEN_PORT_IN, Caller, effects, example, simulator
from tools.compose_trial.transcript import Transcript, expect

PORT_INS = 45
SECONDS_BETWEEN = 4.0
# Early enough that workers have counted the findings before the end.
RECONCILED_AT = PORT_INS // 3
WRONG_PIN = "739154"


async def apply_load(caller: Caller, transcript: Transcript) -> None:
    """Start port-ins: every third is rejected, every fifth loses a response. Reconcile once."""
    with transcript.step("port-ins for three minutes, some rejected, some with a lost response"):
        request = example("port-in.json", PortInRequest)
        before = effects()["portin.submitted"]
        for index in range(PORT_INS):
            number = f"{OPEN_PORT_IN[:-3]}{200 + index}"
            if index == RECONCILED_AT:
                await ReconcileClient(caller.temporal).start()
            if index % 3 == 0:
                simulator("POST", "carrier", {"number": number, "pin": WRONG_PIN})
            if index % 5 == 0:
                fault = {"match": "POST /v1.0/numbers/portin", "kind": "drop_response"}
                simulator("POST", "faults", fault)
            details = request.details.model_copy(update={"phone_number": number})
            await caller.orchestrator.start_port_in(request.model_copy(update={"details": details}))
            await asyncio.sleep(SECONDS_BETWEEN)
        submitted = effects()["portin.submitted"] - before
        expect(submitted == PORT_INS, f"{submitted} orders instead of {PORT_INS}")
        transcript.saw(f"{PORT_INS} port-ins, {submitted} orders")
