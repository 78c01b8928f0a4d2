"""`tgo bulk status` and `--watch` while a row needs an operator."""

from collections.abc import AsyncIterator

import pytest_asyncio

from simulator import CarrierRecord
from telegent_orchestrator.bulk import BulkRow
from telegent_orchestrator.client.bulk import BulkClient
from telegent_orchestrator.lines import LineRequest, PortInNumber
from tests.harness import Harness
from tests.harness.bulk_customers import create_customers
from tests.harness.command_line import CommandLine
from tests.harness.payloads import port_in

NUMBER = "+18015550142"


@pytest_asyncio.fixture(loop_scope="session")
async def rows(harness: Harness) -> AsyncIterator[list[BulkRow]]:
    """Two rows, of which the carrier rejects the port-in of the second."""
    harness.telegent.carrier.set_record(NUMBER, CarrierRecord(pin="771204"))
    customers = await create_customers(harness)
    good, bad = customers.rows(3)[1:]
    number = PortInNumber.model_validate({"kind": "port_in", **port_in(NUMBER)})
    line = LineRequest(
        key="moved",
        subscriber=bad.onboarding.subscribers[0].key,
        package=bad.onboarding.packages[0].key,
        number=number,
    )
    onboarding = bad.onboarding.model_copy(update={"lines": [line]})
    yield [good, bad.model_copy(update={"onboarding": onboarding})]


async def test_watch_ends_when_only_rows_that_need_an_operator_are_left(
    cli: CommandLine, harness: Harness, rows: list[BulkRow]
) -> None:
    bulks = BulkClient(harness.temporal, id_key=harness.settings.id_key)
    handle = await bulks.start(f"waits-{rows[0].onboarding.reference}", rows, by="operator")
    said = await cli.run("bulk", "status", handle.reference, "--watch")
    assert said.status == 3
    reference = rows[1].onboarding.reference
    assert f"{reference} needs an operator: PIN_INVALID" in said.out
    assert f"tgo status {reference}" in said.out
    assert "remaining" not in said.out.splitlines()[-1]
    as_json = await cli.run("bulk", "status", handle.reference, "--json")
    assert as_json.status == 3
    assert as_json.json["state"] == "needs operator"
    assert as_json.json["waiting"][0]["reference"] == reference
