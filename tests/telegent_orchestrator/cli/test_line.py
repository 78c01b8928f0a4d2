"""`tgo line …` against a real server, worker and simulator."""

import pytest

from simulator import Fault
from telegent_orchestrator.cli.views import LineChangeView
from telegent_orchestrator.line_changes import LineState
from tests.harness import Harness
from tests.harness.command_line import CommandLine, printed_command
from tests.harness.line_changes import NUMBER, STATUS, line_changes, orders, put_in_service
from tests.harness.payloads import single
from tests.harness.waiting import wait_until

WHY = ("--reason", "the invoice is unpaid", "--by", "billing")


async def test_line_is_suspended_and_restored(cli: CommandLine, harness: Harness) -> None:
    put_in_service(harness)

    suspended = await cli.run("line", "suspend", NUMBER, *WHY, "--watch")
    shown = await cli.run("line", "status", NUMBER, "--json")
    restored = await cli.run("line", "restore", NUMBER, *WHY, "--watch")

    assert suspended.status == 0, suspended.err
    assert "suspended since" in suspended.out
    assert "by billing: the invoice is unpaid" in suspended.out
    view = LineChangeView.model_validate(shown.json)
    assert (view.state, view.status.line_state) == ("done", LineState.SUSPENDED)
    assert "active since" in restored.out


async def test_line_of_an_onboarding_is_named_by_its_key_and_shown_there(
    cli: CommandLine, harness: Harness
) -> None:
    onboarding = await harness.onboard(single())
    await onboarding.result()

    said = await cli.run("line", "suspend", f"{onboarding.reference}:first", *WHY, "--watch")
    shown = await cli.run("status", onboarding.reference)
    listed = await cli.run("list", "--type", "line-change", "--json")

    assert said.status == 0, said.err
    assert "first: suspended since" in shown.out
    assert [row["kind"] for row in listed.json["executions"]][:1] == ["line-change"]


async def test_started_change_names_the_command_that_watches_it(
    cli: CommandLine, harness: Harness
) -> None:
    put_in_service(harness)

    started = await cli.run("line", "suspend", NUMBER, *WHY)
    watched = await cli.run_line(printed_command(started, "--watch"))

    assert "suspend of +18015550142 started" in started.out
    assert watched.status == 0


async def test_escalation_names_the_commands_that_resolve_it(
    cli: CommandLine, harness: Harness
) -> None:
    number = put_in_service(harness)
    gate = harness.telegent.gates.close(STATUS, "after")
    await cli.run("line", "suspend", NUMBER, *WHY)
    await gate.reached()
    number.status = "Active"
    gate.release()

    waiting = await cli.run("line", "status", NUMBER, "--watch")
    listed = await cli.run("list", "--needs-operator")
    resolve = printed_command(waiting, "line", "resolve", "retry")
    resolved = await cli.run_line(resolve.replace("…", "seen in the portal"))
    done = await cli.run("line", "status", NUMBER, "--watch")

    assert waiting.status == 3
    assert "line status line-change-" in listed.out
    assert resolved.status == 0, resolved.err
    assert done.status == 0
    assert orders(harness, "park") == 2


async def test_rejected_change_fails_with_the_reason(cli: CommandLine, harness: Harness) -> None:
    put_in_service(harness)
    harness.telegent.faults.add(Fault(match=STATUS, kind="error_before", status=400))

    said = await cli.run("line", "suspend", NUMBER, *WHY, "--watch")

    assert said.status == 1
    assert "rejected (400)" in said.out


async def test_second_change_of_a_line_says_what_is_open(
    cli: CommandLine, harness: Harness
) -> None:
    put_in_service(harness)
    gate = harness.telegent.gates.close(STATUS, "before")
    await cli.run("line", "suspend", NUMBER, *WHY)
    await gate.reached()

    said = await cli.run("line", "restore", NUMBER, *WHY)
    gate.release()

    assert said.status == 2
    assert f"another change of {NUMBER} is open" in said.err
    await wait_until(lambda: orders(harness, "park"), bool)


async def test_plan_at_the_renewal_shows_when_it_is_due_and_is_cancelled(
    cli: CommandLine, harness: Harness
) -> None:
    onboarding = await (await harness.onboard(single())).result()
    number, [package] = onboarding.lines[0].phone_number or "", harness.telegent.state.packages
    plan = ("line", "plan", number, "--package", package, "--reason", "a bigger plan")

    started = await cli.run(*plan, "--at-renewal", "15")
    other = await cli.run(*plan, "--at-renewal", "16")
    waiting = line_changes(harness).get_at_renewal(number)
    due = await wait_until(
        waiting.status, lambda status: any("due" in step.detail for step in status.steps)
    )
    shown = await cli.run("line", "status", number, "--at-renewal")
    listed = await cli.run("list", "--type", "renewal-change", "--json")
    cancelled = await cli.run("line", "cancel", number, "--reason", "stays", "--by", "shop")
    ended = await cli.run_line(printed_command(cancelled, "--at-renewal"))
    again = await cli.run("line", "cancel", number)

    assert printed_command(started, "--watch").endswith(
        f"line status {number} --at-renewal --watch"
    )
    assert other.status == 2
    assert "renewal_day" in other.err
    assert due.due_at
    assert f"due {due.due_at:%Y-%m-%d %H:%M} UTC" in " ".join(shown.out.split())
    assert listed.json["executions"][0]["workflow_id"] == waiting.id
    assert ended.status == 1
    assert "cancelled: shop: stays" in ended.out
    assert "already ended" in again.err


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("8015550142", "neither a phone number"),
        ("no-such:line", "no onboarding no-such"),
        (NUMBER, "no line-change of +18015550142"),
    ],
)
async def test_unknown_line_is_named(cli: CommandLine, line: str, why: str) -> None:
    said = await cli.run("line", "status", line)

    assert said.status == 2
    assert why in said.err
