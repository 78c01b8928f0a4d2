"""A small HTTP service in front of the orchestrator: requests in, progress out.

    .venv/bin/uvicorn examples.service:app

It has no login: put your own before it. Port-ins are named by their workflow id, which is in the
progress, and not by the number, which would then stand in every access log.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Path as PathPart, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from temporalio.client import Client, WorkflowFailureError
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.client import (
    MessageRejectedError,
    OnboardingHandle,
    OnboardingIncompleteError,
    OnboardingProgress,
    Orchestrator,
    PortInHandle,
)
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCancel, PortInCorrection, PortInStatus, PortState


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[None]:
    """Reaches Temporal by its usual variables, with the worker's payload keys and id key."""
    keys = _secret("TELEGENT_PAYLOAD_KEYS_FILE")
    temporal = await Client.connect(
        **ClientConfig.load_client_connect_config(),
        data_converter=data_converter(parse_key_ring(keys) if keys else ()),
    )
    app.state.orchestrator = Orchestrator(temporal, id_key=_secret("TELEGENT_ID_KEY_FILE"))
    yield


def _secret(variable: str) -> str:
    file = os.environ.get(variable)
    return Path(file).read_text(encoding="utf-8").strip() if file else ""


app = FastAPI(title="Onboardings", lifespan=connected)


def orchestrator(request: Request) -> Orchestrator:
    """The typed client."""
    connected: Orchestrator = request.app.state.orchestrator
    return connected


async def known_onboarding(
    reference: str, orchestrator: Annotated[Orchestrator, Depends(orchestrator)]
) -> OnboardingHandle:
    """The onboarding with this reference; 404 when there is none."""
    onboarding = orchestrator.onboarding(reference)
    await onboarding.status()
    return onboarding


async def port_in_named(
    workflow_id: Annotated[str, PathPart(pattern=r"^port-in-[0-9a-f]{24}$")],
    orchestrator: Annotated[Orchestrator, Depends(orchestrator)],
) -> PortInHandle:
    """The port-in with this workflow id."""
    return orchestrator.port_in_by_id(workflow_id)


Known = Annotated[OnboardingHandle, Depends(known_onboarding)]
PortIn = Annotated[PortInHandle, Depends(port_in_named)]


async def known_port_in(port_in: PortIn) -> PortInHandle:
    """The same; 404 when there is none."""
    await port_in.status()
    return port_in


KnownPortIn = Annotated[PortInHandle, Depends(known_port_in)]


@app.post("/onboardings", status_code=202)
async def start(
    wanted: OnboardingRequest,
    response: Response,
    orchestrator: Annotated[Orchestrator, Depends(orchestrator)],
) -> dict[str, str | bool]:
    """Starts an onboarding, or joins the one with the same reference, as it was asked for then."""
    onboarding = await orchestrator.start_onboarding(wanted)
    response.headers["Location"] = f"/onboardings/{wanted.reference}"
    return {"workflow_id": onboarding.id, "joined": onboarding.joined}


@app.get("/onboardings/{reference}")
async def show(onboarding: Known) -> OnboardingProgress:
    """How far it is, with its lines and port-ins."""
    return await onboarding.progress()


@app.get("/onboardings/{reference}/events", response_class=EventSourceResponse)
async def follow(onboarding: Known) -> AsyncIterator[ServerSentEvent]:
    """Each change as it happens, as `progress`; at the end `complete`, `incomplete` or `failed`."""
    async for now in onboarding.watch():
        yield ServerSentEvent(event="progress", data=now)
    try:
        yield ServerSentEvent(event="complete", data=await onboarding.result())
    except OnboardingIncompleteError as error:
        yield ServerSentEvent(event="incomplete", data=error.result)
    except WorkflowFailureError as error:
        yield ServerSentEvent(event="failed", data={"detail": str(error.cause)})


@app.delete("/onboardings/{reference}", status_code=202)
async def cancel(onboarding: Known) -> None:
    """Cancels an onboarding; its port-ins go on, and are cancelled by themselves."""
    await onboarding.cancel()


@app.get("/port-ins/{workflow_id}")
async def show_port_in(port_in: PortIn) -> PortInStatus:
    """Where a port-in is, and what to correct."""
    return await port_in.status()


@app.get("/port-ins/{workflow_id}/events", response_class=EventSourceResponse)
async def follow_port_in(port_in: KnownPortIn) -> AsyncIterator[ServerSentEvent]:
    """Each change as it happens, as `status`, until the port-in has ended."""
    async for now in port_in.watch():
        yield ServerSentEvent(event="status", data=now)


@app.post("/port-ins/{workflow_id}/correction")
async def correct(port_in: PortIn, correction: PortInCorrection) -> dict[str, PortState]:
    """Sends new data to the losing carrier; 409 with the reason when they are of no use now."""
    return {"state": await port_in.correct(correction)}


@app.delete("/port-ins/{workflow_id}")
async def cancel_port_in(port_in: PortIn, by: str, reason: str) -> dict[str, PortState]:
    """Asks to cancel a port-in; 409 with the reason when it is too late."""
    return {"state": await port_in.cancel(PortInCancel(by=by, reason=reason))}


@app.exception_handler(RequestValidationError)
async def all_faults(_: Request, error: RequestValidationError) -> JSONResponse:
    """Everything that is wrong with a request, without the values: they may be secrets."""
    faults = [f"{'.'.join(map(str, found['loc'][1:]))}: {found['msg']}" for found in error.errors()]
    return JSONResponse({"errors": faults}, status_code=422)


@app.exception_handler(MessageRejectedError)
async def not_taken(_: Request, error: MessageRejectedError) -> JSONResponse:
    """The message does not fit the state."""
    return JSONResponse({"detail": str(error)}, status_code=409)


@app.exception_handler(RPCError)
async def temporal_says(_: Request, error: RPCError) -> JSONResponse:
    """There is no such workflow, or it has ended; else Temporal cannot be reached just now."""
    status = 404 if error.status is RPCStatusCode.NOT_FOUND else 503
    return JSONResponse({"detail": error.message}, status_code=status)
