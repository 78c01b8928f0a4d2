"""The commands of docs/how-to/testing-your-integration.md and add-a-line.md, run on `make up`."""

import json
import re

from localstack.supervised_stack import SupervisedStack
from telegent_orchestrator.onboarding import OnboardingRequest
from tests.harness.documents import documented_commands, reset_stack, run_commands
from tools.docs.documents import ROOT

TESTING = ROOT / "docs" / "how-to" / "testing-your-integration.md"  # "testing-your-integration.md"
ADD_A_LINE = ROOT / "docs" / "how-to" / "add-a-line.md"


async def test_control_api_commands_script_carriers_and_inject_faults(
    running: SupervisedStack,
) -> None:
    await reset_stack(running)
    said = await run_commands(documented_commands(TESTING, "script a carrier"), running)
    assert said.count('"script":"reject:8A-ACCOUNT_NUM_REQ_OR_INCORRECT"') == 1
    assert said.count('"script":"silent"') == 1
    said = await run_commands(documented_commands(TESTING, "inject a fault"), running)
    assert '"added"' in said
    assert '"cleared"' in said
    assert "Counter()" in await run_commands(
        documented_commands(TESTING, "check the ledger"), running
    )


async def test_request_with_ids_of_an_existing_account_adds_one_line(
    running: SupervisedStack,
) -> None:
    await reset_stack(running)
    family = json.loads((ROOT / "examples" / "family.json").read_text())
    family["lines"] = family["lines"][:1]
    onboarding = await running.orchestrator.start_onboarding(
        OnboardingRequest.model_validate(family)
    )
    first = await onboarding.result()

    found = re.search(r"```json\n(.*?)```", ADD_A_LINE.read_text("utf-8"), re.DOTALL)
    assert found
    request = json.loads(found[1])
    request["account"]["account_id"] = first.account_id
    request["subscribers"][0]["subscriber_id"] = first.subscriber_ids["partner"]
    request["routes"]["message"]["message_route_id"] = first.message_route_id
    request["routes"]["voice"]["voice_route_id"] = first.voice_route_id
    request["packages"][0]["package_id"] = first.package_ids["family"]
    added = await running.orchestrator.start_onboarding(OnboardingRequest.model_validate(request))

    result = await added.result()
    assert result.complete
    assert result.account_id == first.account_id
    assert result.lines[0].phone_number != first.lines[0].phone_number
