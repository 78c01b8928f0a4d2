"""A small HTTP service in front of the orchestrator.

    .venv/bin/uvicorn examples.service:app

It has no authentication: put your own in front of it. Port-ins are named by the workflow id in the
progress instead of the phone number, which would appear in access logs.
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
    RequestConflictError,
)
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCancel, PortInCorrection, PortInStatus, PortState


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[None]:
    """Connect to Temporal by its environment variables, with the worker's keys."""
    keys = _secret("TELEGENT_PAYLOAD_KEYS_FILE")
    temporal = await Client.connect(
        **ClientConfig.load_client_connect_config(),
        data_converter=data_converter(parse_key_ring(keys) if keys else ()),
    )
    id_key = _secret("TELEGENT_ID_KEY_FILE")
    async with Orchestrator(temporal, id_key=id_key) as app.state.orchestrator:
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
    """The onboarding with this reference; 404 if there is none."""
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
    """The port-in with this workflow id; 404 if there is none."""
    await port_in.status()
    return port_in


KnownPortIn = Annotated[PortInHandle, Depends(known_port_in)]


@app.post("/onboardings", status_code=202)
async def start(
    wanted: OnboardingRequest,
    response: Response,
    orchestrator: Annotated[Orchestrator, Depends(orchestrator)],
) -> dict[str, str | bool]:
    """Start an onboarding, or join the one with the same reference; 409 if its request differs."""
    onboarding = await orchestrator.start_onboarding(wanted)
    response.headers["Location"] = f"/onboardings/{wanted.reference}"
    return {"workflow_id": onboarding.id, "joined": onboarding.joined}


@app.get("/onboardings/{reference}")
async def show(onboarding: Known) -> OnboardingProgress:
    """The steps of the onboarding, its lines and port-ins."""
    return await onboarding.progress()


@app.get("/onboardings/{reference}/events", response_class=EventSourceResponse)
async def follow(onboarding: Known) -> AsyncIterator[ServerSentEvent]:
    """An event `progress` per change; at the end `complete`, `incomplete` or `failed`."""
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
    """Cancel an onboarding; its port-ins continue, and are cancelled separately."""
    await onboarding.cancel()


@app.get("/port-ins/{workflow_id}")
async def show_port_in(port_in: PortIn) -> PortInStatus:
    """The state of a port-in, and the fields to correct."""
    return await port_in.status()


@app.get("/port-ins/{workflow_id}/events", response_class=EventSourceResponse)
async def follow_port_in(port_in: KnownPortIn) -> AsyncIterator[ServerSentEvent]:
    """An event `status` per change, until the port-in has ended."""
    async for now in port_in.watch():
        yield ServerSentEvent(event="status", data=now)


@app.post("/port-ins/{workflow_id}/correction")
async def correct(port_in: PortIn, correction: PortInCorrection) -> dict[str, PortState]:
    """Send new data to the losing carrier; 409 with the reason if the state accepts none."""
    return {"state": await port_in.correct(correction)}


@app.delete("/port-ins/{workflow_id}")
async def cancel_port_in(port_in: PortIn, by: str, reason: str) -> dict[str, PortState]:
    """Request the cancel of a port-in; 409 with the reason if it is too late."""
    return {"state": await port_in.cancel(PortInCancel(by=by, reason=reason))}


@app.exception_handler(RequestValidationError)
async def invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
    """Every error in a request, without its values: they may be secrets."""
    errors = [f"{'.'.join(map(str, found['loc'][1:]))}: {found['msg']}" for found in error.errors()]
    return JSONResponse({"errors": errors}, status_code=422)


@app.exception_handler(MessageRejectedError)
@app.exception_handler(RequestConflictError)
async def conflict(_: Request, error: Exception) -> JSONResponse:
    """The state does not accept the message, or the onboarding exists with another request."""
    return JSONResponse({"detail": str(error)}, status_code=409)


@app.exception_handler(RPCError)
async def temporal_error(_: Request, error: RPCError) -> JSONResponse:
    """The workflow does not exist or has ended, or else Temporal is unreachable."""
    status = 404 if error.status is RPCStatusCode.NOT_FOUND else 503
    return JSONResponse({"detail": error.message}, status_code=status)
