"""What an open port-in costs in days: `python -m bench.port_in_cost`.

Plays port-ins that take 5 and 30 days on a Temporal server that skips the waiting, with and
without hints, and prints a Markdown table of history events and vendor calls.
"""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

from activities import ActivitySettings
from activities.port_in.policy import PortRules
from simulator import CarrierSetup, CarrierTimings, ManualClock, Simulator, SimulatorOptions
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.port_in import PortInDetails, PortInRequest
from tests.harness import House
from tests.payloads import port_in
from tests.time_skipping import DAY, SKIP, InStep, skipping_server

NUMBER = "+18015550142"


async def live(days: int, hints: bool) -> tuple[int, int, int]:
    """Events in the history, looks at the order, and all vendor calls of one port-in."""
    step = InStep(ManualClock())
    timings = CarrierTimings(
        acknowledge_after=DAY, decide_after=(days - 1) * DAY, complete_after=days * DAY
    )
    options = SimulatorOptions(carrier=CarrierSetup(timings=timings), token_ttl=90 * DAY)
    simulator = Simulator(options, clock=step.clock)
    rules = PortRules(longest=timedelta(days=60))
    settings = replace(ActivitySettings(), port_rules=rules)
    async with skipping_server(step) as environment, simulator.serve() as url:
        orchestrator = Orchestrator(environment.client)
        house = House(environment.client, simulator, orchestrator, settings, url)
        handle = orchestrator.port_in(NUMBER)
        seen = 0

        async def hint() -> None:
            nonlocal seen
            known, seen = seen, len(simulator.ledger.rows)
            if known < seen:
                await handle.look_now()

        if hints:
            step.person = hint
        async with house.working():
            details = PortInDetails.model_validate(port_in(NUMBER))
            await orchestrator.start_port_in(PortInRequest(details=details))
            await handle.result()
            workflow = environment.client.get_workflow_handle(handle.id)
            history = await workflow.fetch_history()
    events = sum(event.event_type != SKIP for event in history.events)
    looks = sum(entry.path == "/v1.0/numbers/order" for entry in simulator.requests)
    return events, looks, simulator.api_calls


async def main() -> None:
    """Prints the table."""
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    print("| port-in | hints | history events | looks at the order | all calls, tokens apart |")
    print("|---|---|---|---|---|")
    for days in (5, 30):
        for hints in (False, True):
            events, looks, calls = await live(days, hints)
            print(
                f"| {days} days | {'yes' if hints else 'no'} | {events} | {looks} | {calls} |",
                flush=True,
            )
    # The SDK's threads may still hold the interpreter lock: leaving at once can abort (SDK #300).
    await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main())
