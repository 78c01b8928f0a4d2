"""Asks Telegent whether the numbers of a file can be ported in, before a bulk starts."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, TimeoutError as ActivityTimeoutError

from activities.port_in.orders import PortInActivities
from activities.support.outcomes import failure_message
from telegent_orchestrator.names import STATUS_QUERY
from telegent_orchestrator.portability import (
    PORTABILITY_WORKFLOW,
    NumberToCheck,
    Portability,
    PortabilityRequest,
    PortabilityResult,
)
from workflows.support.activity_calls import BULK_PRIORITY, READ_OPTIONS, prepare_call
from workflows.support.cancellation import run_all

MAX_CONCURRENT_CHECKS = 5
"""How many requests of one check may be queued at once."""
CHECK_TIMEOUT = timedelta(hours=1)
"""How long a check may take. Numbers without a response by then are reported as unknown."""
NO_RESPONSE = "no response from Telegent within an hour"


@workflow.defn(name=PORTABILITY_WORKFLOW)
class PortabilityWorkflow:
    """Reads the eligibility of each number, with the priority of a bulk."""

    @workflow.init
    def __init__(self, request: PortabilityRequest) -> None:
        self._numbers = request.numbers
        self._found: dict[int, Portability] = {}
        self._ends_at = workflow.now() + CHECK_TIMEOUT

    @workflow.run
    async def run(self, request: PortabilityRequest) -> PortabilityResult:
        """Checks every number, a few at a time."""
        slots = asyncio.Semaphore(MAX_CONCURRENT_CHECKS)

        async def check(position: int, number: NumberToCheck) -> None:
            async with slots:
                self._found[position] = await self._check(number)

        checks: list[Awaitable[None]] = [
            check(position, number) for position, number in enumerate(request.numbers)
        ]
        await run_all(*checks)
        return self.status()

    @workflow.query(name=STATUS_QUERY)
    def status(self) -> PortabilityResult:
        """Returns what is known so far."""
        return PortabilityResult(numbers=[self._found[at] for at in sorted(self._found)])

    async def _check(self, number: NumberToCheck) -> Portability:
        remaining = self._ends_at - workflow.now()
        unknown = Portability(phone_number=number.phone_number, portable=None, detail=NO_RESPONSE)
        if remaining <= timedelta(0):
            return unknown
        options = READ_OPTIONS.copy()
        options["priority"] = BULK_PRIORITY
        options["schedule_to_close_timeout"] = remaining
        read = prepare_call(
            options,
            PortInActivities.check_port_eligibility,
            "Check whether the number can be ported in",
            number.phone_number,
            number.classification,
            number.landline,
        )
        try:
            eligibility = await read()
        except ActivityError as error:
            if isinstance(error.cause, ActivityTimeoutError) and error.cause.cause is None:
                return unknown
            return Portability(
                phone_number=number.phone_number, portable=None, detail=failure_message(error)
            )
        return Portability(
            phone_number=number.phone_number,
            portable=eligibility.eligible,
            carrier=eligibility.carrier,
            detail=eligibility.vendor_message,
        )
