"""Starts and finds onboardings and port-ins."""

import asyncio
from types import TracebackType
from typing import Self

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy

from telegent_orchestrator import names
from telegent_orchestrator.client._calls import (
    RequestConflictError,
    check_same_request,
    start_again_or_join,
    start_or_join,
)
from telegent_orchestrator.client._startable import ONBOARDING, PLAN, PORT_IN
from telegent_orchestrator.client.onboarding import OnboardingHandle
from telegent_orchestrator.client.plan import PlanHandle
from telegent_orchestrator.client.port_in import PortInHandle
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.plan import OnboardingPlan
from telegent_orchestrator.port_in import PortInRequest

SHUTDOWN_DELAY = 0.1
"""Seconds that the threads of the Temporal SDK take to finish their last call."""


class Orchestrator:
    """Starts and finds onboardings and port-ins over a Temporal client.

    Use it as an async context manager, or call `aclose` before the program ends:

        async with Orchestrator(temporal, id_key=id_key) as orchestrator:
            handle = await orchestrator.start_onboarding(request)
    """

    def __init__(self, temporal: Client, *, id_key: str = "") -> None:
        """Use a Temporal client that is connected.

        Args:
            temporal: It needs the data converter
                `temporalio.contrib.pydantic.pydantic_data_converter`, or
                `telegent_orchestrator.encryption.data_converter(keys)` if the worker has payload
                keys.
            id_key: The worker's `TELEGENT_ID_KEY`; both compute the workflow ids of port-ins
                with it.
        """
        self._temporal = temporal
        self._id_key = id_key

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Wait until the Temporal SDK is idle, so that the interpreter can exit.

        The SDK (1.35) has no close: a native thread that finishes a call while the interpreter
        shuts down aborts the process with status 134 after its work is done.
        """
        await asyncio.sleep(SHUTDOWN_DELAY)

    async def start_onboarding(self, request: OnboardingRequest) -> OnboardingHandle:
        """Start an onboarding, or join the one with the same reference and the same request.

        After an onboarding that failed or was cancelled this starts a new run, which looks
        up the resources of previous runs before it creates any.

        Args:
            request: The wanted end state.

        Returns:
            A handle whose `joined` is True if the onboarding is open or has completed.

        Raises:
            RequestConflictError: The onboarding with this reference has another request.
        """
        joined = await start_or_join(self._temporal, ONBOARDING, request, self._id_key)
        if joined:
            workflow_id = names.onboarding_id(request.reference)
            await check_same_request(self._temporal, workflow_id, request, self._id_key)
        return OnboardingHandle(
            self._temporal, request.reference, joined=joined, id_key=self._id_key
        )

    async def plan(self, request: OnboardingRequest) -> OnboardingPlan:
        """Say what `start_onboarding` would do with a request. Sends only reads to Telegent.

        Args:
            request: The wanted end state.

        Returns:
            What would be created, used, changed and refused.
        """
        return await (await self.start_plan(request)).result()

    async def start_plan(self, request: OnboardingRequest) -> PlanHandle:
        """Start to make a plan, in place of one of another request with the same reference.

        Args:
            request: The wanted end state.

        Returns:
            A handle; the plan is its result.

        Raises:
            RequestConflictError: Another caller starts plans with this reference at the same time.
        """
        handle = PlanHandle(self._temporal, request.reference)
        try:
            await start_again_or_join(self._temporal, PLAN, request, self._id_key)
        except RequestConflictError:
            await handle.abandon()
            await start_again_or_join(self._temporal, PLAN, request, self._id_key)
        return handle

    async def start_port_in(self, request: PortInRequest) -> PortInHandle:
        """Start a port-in, or join the one of this number that is open or has completed.

        After a port-in that ended without the number, such as a cancelled one, this starts a new
        one. It joins without comparing the requests if another workflow started the port-in.

        Args:
            request: The number and the losing carrier's records.

        Returns:
            A handle whose `joined` is True if the port-in existed.

        Raises:
            RequestConflictError: The port-in of this number has another request.
        """
        handle = self.port_in(request.details.phone_number)
        handle.joined = await start_or_join(self._temporal, PORT_IN, request, self._id_key)
        if handle.joined and await handle.ended_without_number():
            handle.joined = await start_or_join(
                self._temporal,
                PORT_IN,
                # Its order may have completed at the vendor since, and nothing polled it.
                request.model_copy(update={"check_existing": True}),
                self._id_key,
                reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            )
        if handle.joined:
            await check_same_request(self._temporal, handle.id, request, self._id_key)
        return handle

    def onboarding(self, reference: str) -> OnboardingHandle:
        """The onboarding with this reference."""
        return OnboardingHandle(self._temporal, reference, id_key=self._id_key)

    def port_in(self, phone_number: str) -> PortInHandle:
        """The port-in of this number (E.164)."""
        return self.port_in_by_id(names.port_in_id(phone_number, self._id_key))

    def port_in_by_id(self, workflow_id: str) -> PortInHandle:
        """The port-in with this workflow id, for callers that do not know its number."""
        return PortInHandle(self._temporal, workflow_id)
