"""An onboarding that is started again: what its earlier run left open, or had finished."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError

from activities import ActivitySettings
from simulator import Fault
from telegent_orchestrator.cli.results import ExitStatus
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.progress import StepState
from tests.harness import SETTINGS, Harness
from tests.harness.command_line import command_line, printed_command
from tests.harness.details_pages import read_details_page
from tests.harness.payloads import line, single
from tests.harness.resets import reset
from tests.harness.waiting import TEST_TIMEOUT, wait_until
from workflows.support import exactly_once

BUY = "POST /v1.0/numbers/provision"


@pytest.fixture(autouse=True)
def brief_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call of a terminated run counts as ended after a second."""
    monkeypatch.setattr(exactly_once, "VENDOR_CALL_TIMEOUT", timedelta(seconds=1))


async def test_restart_with_open_line_waits_for_it_and_duplicates_nothing(
    harness: Harness,
) -> None:
    purchase = harness.telegent.gates.close(BUY, "after")
    first = await harness.onboard(single())
    await purchase.reached()
    await harness.temporal.get_workflow_handle(first.id).terminate()

    again = await harness.onboard(single())

    progress: OnboardingProgress = await wait_until(
        again.progress, lambda now: "an earlier run of this line" in now.onboarding.lines[0].detail
    )
    assert set(progress.lines) == {"first"}, "an operator sees the line that is waited for"
    purchase.release()
    result = await again.result()
    assert result.complete
    ledger = harness.telegent.ledger
    assert ledger.count("number.provisioned") - ledger.count("number.status_changed") == 1


async def test_restart_needs_an_operator_while_an_open_line_of_the_earlier_run_does(
    harness: Harness,
) -> None:
    harness.telegent.faults.add(Fault(match=BUY, kind="error_before", times=2))
    handle = await harness.onboard(single())
    reference, cli = handle.reference, command_line(harness)
    await wait_until(handle.status, lambda now: now.lines[0].state is StepState.NEEDS_OPERATOR)
    await reset(harness, handle.id)

    execution = await wait_until(handle.execution, lambda now: now.needs_operator)
    assert execution.step == "Lines"
    assert execution.reason.startswith("Lines: line first: waiting for an earlier run of this line")
    assert f"`tgo status {reference}` shows why and what to do" in execution.reason
    waiting = (await handle.status()).lines[0]
    assert waiting.state is StepState.NEEDS_OPERATOR
    assert "has needed an operator since" in waiting.detail
    page = await read_details_page(harness.temporal, handle.id)
    assert "✋ **first** needs an operator: [open line first]" in page
    assert "has needed an operator since" in page
    listed = await cli.run("list", "--needs-operator", "--json")
    assert handle.id in [one["workflow_id"] for one in listed.json["executions"]]
    shown = await cli.run("status", reference)
    assert shown.status == ExitStatus.NEEDS_OPERATOR
    retry = printed_command(shown, "retry").replace("…", "seen")
    assert (await cli.run_line(retry)).status == 0

    result = await asyncio.wait_for(handle.result(), TEST_TIMEOUT)
    assert result.complete
    ended = await handle.execution()
    assert ended.needs_operator_since is None
    assert ended.reason == ""


class TestLongLag:
    @pytest.fixture
    def settings(self) -> ActivitySettings:
        return replace(SETTINGS, read_lag=timedelta(minutes=10))

    async def test_lookup_shows_why_it_waits_and_until_when(self, harness: Harness) -> None:
        creation = harness.telegent.gates.close("POST /v1.0/account/create", "after")
        first = await harness.onboard(single())
        await creation.reached()
        lookup = harness.telegent.gates.close("GET /v1.0/distributor/accounts", "before")
        await harness.temporal.get_workflow_handle(first.id).terminate()
        again = await harness.onboard(single())
        await lookup.reached()

        words = "it may exist already, and Telegent's lists may lag: searching until "
        (account,) = (step for step in (await again.status()).steps if step.name == "Account")
        assert account.detail.startswith(words)
        assert account.detail.endswith(" UTC at the latest")
        assert account.detail.removeprefix("it ") in await read_details_page(
            harness.temporal, again.id
        )
        execution = await wait_until(again.execution, lambda now: now.reason)
        assert execution.reason == f"Account: {account.detail}"
        assert not execution.needs_operator
        cli = command_line(harness)
        assert account.detail in " ".join((await cli.run("status", again.reference)).out.split())
        listed = await wait_until(
            lambda: cli.run("list", "--json"), lambda said: account.detail in said.out
        )
        assert listed.json["executions"][0]["reason"] == execution.reason

        lookup.release()
        creation.release()
        await wait_until(again.execution, lambda now: not now.reason.startswith("Account"))
        (account,) = (step for step in (await again.status()).steps if step.name == "Account")
        assert account.state is StepState.DONE
        assert account.detail == "already existed"


async def test_restart_after_cancel_uses_numbers_of_finished_lines(harness: Harness) -> None:
    """Two numbers of one subscriber cannot be told apart by a lookup."""
    request = single(lines=[line("one", "one"), line("two", "one")])
    first_purchase = harness.telegent.gates.close(BUY, "before")
    first = await harness.onboard(request)
    await first_purchase.reached()
    second_purchase = harness.telegent.gates.close(BUY, "before")
    first_purchase.release()
    await second_purchase.reached()
    number = (await first.progress()).lines["one"].result.phone_number
    await first.cancel()
    await harness.cancel_delivered(f"{first.id}:line-two")
    second_purchase.release()
    with pytest.raises(WorkflowFailureError):
        await first.result()

    again = await harness.onboard(request)
    result = await asyncio.wait_for(again.result(), TEST_TIMEOUT)

    assert result.complete
    assert {each.key: each.phone_number for each in result.lines}["one"] == number
