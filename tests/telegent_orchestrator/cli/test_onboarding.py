"""`tgo start`, `status`, `resolve`, `cancel` against a real server, worker and simulator."""

import asyncio
import contextlib
import io
import json
import os
import pty
import re
from pathlib import Path

import pytest
from rich.console import Console
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, Interceptor, OutboundInterceptor, QueryWorkflowInput
from temporalio.service import RPCError, RPCStatusCode

from simulator import CarrierRecord, CarrierSetup, SimulatorOptions
from simulator.engine.faults import Fault
from telegent_orchestrator.cli.rendering import onboarding_panel
from telegent_orchestrator.cli.views import OnboardingView
from telegent_orchestrator.client import OnboardingProgress, Orchestrator
from telegent_orchestrator.progress import StepState
from tests.harness import FAST_TIMINGS, Harness
from tests.harness.command_line import (
    FAMILY,
    CommandLine,
    printed_command,
    start_process,
    wait_output,
)
from tests.harness.payloads import line, new_subscriber, port_in, single

REJECTING = CarrierSetup(
    records={"+18015550142": CarrierRecord(account_number="100200301", pin="482913", zip="84043")},
    timings=FAST_TIMINGS,
)


@pytest.fixture
def one(tmp_path: Path, harness: Harness) -> str:
    """A file with a small request, whose reference no other test has."""
    file = tmp_path / "one.json"
    file.write_text(single(f"{harness.settings.id_key}-one").model_dump_json(exclude_none=True))
    return str(file)


@pytest.fixture
def reference(harness: Harness) -> str:
    return f"{harness.settings.id_key}-one"


async def test_watch_follows_the_onboarding_to_its_end(
    cli: CommandLine, one: str, reference: str
) -> None:
    said = await cli.run("start", one, "--watch")
    assert said.status == 0
    assert "s  Account done" in said.out
    assert f"onboarding {reference}: done" in said.out
    assert "eSIM LPA:1$" in said.out

    after = await cli.run("status", reference, "--json")
    assert after.status == 0
    view = OnboardingView.model_validate(after.json)
    assert (view.state, view.in_progress, view.next) == ("done", False, [])


async def test_json_watch_prints_one_document_per_line(
    cli: CommandLine, one: str, reference: str
) -> None:
    said = await cli.run("start", one, "--watch", "--json")
    assert said.status == 0
    views = [OnboardingView.model_validate(line) for line in said.json_lines]
    assert [view.reference for view in views] == [reference] * len(views)
    assert [view.state for view in views[:-1]] == ["running"] * (len(views) - 1)
    assert views[-1].state == "done"


async def test_watch_in_a_terminal_redraws_a_progress_bar(
    cli: CommandLine, one: str, reference: str
) -> None:
    screen, terminal = pty.openpty()
    wide = {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    running = await start_process(
        "start", one, "--watch", env={**cli.variables, **wide}, stdout=terminal
    )
    os.close(terminal)
    shown = await asyncio.to_thread(everything_of, screen)
    assert (await wait_output(running)).status == 0
    assert "━━━" in shown
    assert re.search(r"\d+ of \d+ steps", shown)
    assert "\x1b[1A" in shown  # the cursor moves up, to draw over the previous output
    assert f"onboarding {reference}: done" in shown


def everything_of(screen: int) -> str:
    """All that is shown until the terminal is closed."""
    shown = b""
    with contextlib.suppress(OSError):
        while more := os.read(screen, 10_000):
            shown += more
    os.close(screen)
    return shown.decode()


async def test_start_with_another_request_names_the_difference(
    cli: CommandLine, one: str, reference: str
) -> None:
    first = await cli.run("start", one)
    assert first.status == 0
    other = await cli.run("start", one, "--set", "account.name=Another", "--json")
    assert other.status == 2
    assert other.json["error"] == (
        f"onboarding-{reference} exists and was started with another request; the requests differ "
        "in: account.name"
    )


async def test_start_reports_whether_it_joined(cli: CommandLine, one: str, reference: str) -> None:
    first = await cli.run("start", one, "--json")
    second = await cli.run("start", one, "--json")
    text = await cli.run("start", one)
    assert (first.status, second.status, text.status) == (0, 0, 0)
    assert first.json["workflow_id"] == second.json["workflow_id"] == f"onboarding-{reference}"
    assert (first.json["joined"], second.json["joined"]) == (False, True)
    assert "joined it" in text.err
    assert (await cli.run_line(printed_command(text, "--watch"))).status == 0


async def test_start_without_keys_warns_about_plain_payloads(cli: CommandLine, one: str) -> None:
    said = await cli.run("start", one)
    assert "stores what this command sends unencrypted" in said.err


@pytest.mark.parametrize("options", [SimulatorOptions(carrier=REJECTING)])
async def test_watch_of_a_rejected_port_in_ends_with_the_correct_command(
    cli: CommandLine, harness: Harness
) -> None:
    reference = f"{harness.settings.id_key}-family"
    # One line takes longer than the carrier takes to reject the other one's number.
    slow = Fault(match="POST /v1.0/subscriptions", kind="delay_effect", seconds=3)
    harness.telegent.faults.add(slow)
    said = await cli.run("start", FAMILY, "--set", f"reference={reference}", "--watch")
    assert said.status == 3
    assert f"onboarding {reference}: needs operator" in said.out
    assert "was rejected (ACCOUNT_NUMBER): The losing carrier does not know" in said.out
    # The lines that needed no operator continued, and the command waited for them.
    assert said.out.count("Subscription done") == 2
    assert (await cli.run("status", reference)).status == 3

    update = printed_command(said, "port-in", "correct")
    assert update == "tgo port-in correct +18015550142 --secret account_number"
    corrected = await cli.run_line(f"{update}=env:NUMBER", NUMBER="100200301")
    assert corrected.status == 0, corrected.err

    end = await cli.run("status", reference, "--watch")
    assert end.status == 0
    assert f"onboarding {reference}: done" in end.out
    assert "100200301" not in said.out + said.err + corrected.out + corrected.err + end.out


@pytest.mark.parametrize("options", [SimulatorOptions(carrier=REJECTING)])
async def test_watch_ends_if_shared_data_limits_wait_for_a_rejected_port_in(
    cli: CommandLine, harness: Harness, one: str, reference: str
) -> None:
    limited = {"data_limits": {"limit_mb": 1000}}
    ported = {"number": {"kind": "port_in", **port_in()}}
    lines = [line("new", "one", **limited), line("ported", "one", **limited, **ported)]
    request = single(reference, lines=lines)
    Path(one).write_text(request.model_dump_json(exclude_none=True))
    said = await cli.run("start", one, "--watch")
    assert said.status == 3
    assert f"onboarding {reference}: needs operator" in said.out
    assert "tgo port-in correct +18015550142" in said.out


async def test_printed_command_resolves_an_escalation(
    cli: CommandLine, harness: Harness, one: str, reference: str
) -> None:
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/voice/routes", kind="error_before", status=504, times=2)
    )
    said = await cli.run("start", one, "--watch")
    assert said.status == 3
    assert "Voice route needs an operator: " in said.out
    shown = printed_command(said, "resolve", "retry")
    open_still = await cli.run_line(shown)
    assert open_still.status == 2
    assert "reason: write a value in place of …" in open_still.err
    retry = shown.replace("…", "it is not in the portal")
    retried = await cli.run_line(retry)
    assert retried.status == 0, retried.err
    again = await cli.run_line(retry)
    assert (again.status, again.err) == (
        1,
        "rejected: step 'Voice route' needs no operator; steps that do: none\n",
    )
    assert (await cli.run("status", reference, "--watch")).status == 0


async def test_printed_command_resolves_an_escalation_of_a_line(
    cli: CommandLine, harness: Harness, one: str, reference: str
) -> None:
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/subscriptions", kind="error_before", status=504, times=2)
    )
    said = await cli.run("start", one, "--watch", "--json")
    assert said.status == 3
    (advice,) = said.json_lines[-1]["next"]
    (adopt,) = [command for command in advice["commands"] if " adopt " in command]
    assert " --line first " in adopt
    adopted = await cli.run_line(adopt.replace("…", "SUB-1"))
    assert adopted.status == 0, adopted.err
    end = await cli.run("status", reference, "--watch", "--json")
    assert end.status == 0
    assert (
        end.json_lines[-1]["progress"]["onboarding"]["result"]["lines"][0]["subscription_id"]
        == "SUB-1"
    )


async def test_incomplete_onboarding_is_reported_and_can_be_restarted(
    cli: CommandLine, harness: Harness, one: str, reference: str
) -> None:
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/provision", kind="error_before", status=400)
    )
    said = await cli.run("start", one, "--watch")
    assert said.status == 1
    assert f"onboarding {reference}: failed" in said.out
    assert "  line first: " in said.out
    again = printed_command(said, "start").replace("FILE", one)
    assert (await cli.run_line(again)).status == 0


async def test_line_past_retention_is_still_done(harness: Harness) -> None:
    harness.telegent.carrier.set_record("+18015550142", CarrierRecord(script="silent"))
    ported = line("moved", "two", number={"kind": "port_in", **port_in("+18015550142")})
    text = [new_subscriber("one"), new_subscriber("two")]
    onboarding = await harness.onboard(
        single(subscribers=text, lines=[line("first", "one"), ported])
    )
    async for before in onboarding.watch():
        if before.ports and before.onboarding.lines[0].state is StepState.DONE:
            break
    forgetful = Forgetful(f"{onboarding.id}:line-first")
    client = Client(**{**harness.temporal.config(), "interceptors": [forgetful]})  # type: ignore[arg-type]
    reference = onboarding.id.removeprefix("onboarding-")
    after = await Orchestrator(client).onboarding(reference).progress()

    assert after.lines["first"].result == before.lines["first"].result
    assert after.lines["first"].steps == []
    assert after.ports.keys() == before.ports.keys()
    bar = re.compile(r"\d+ of \d+ steps")
    assert bar.findall(shown(after)) == bar.findall(shown(before))
    assert re.search(r"^first +done", shown(after), re.MULTILINE)


class Forgetful(Interceptor):
    """As Temporal is of a workflow whose retention is over."""

    def __init__(self, forgotten: str) -> None:
        self.forgotten = forgotten

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        outbound = OutboundInterceptor(next)
        original = outbound.query_workflow

        async def query_workflow(input: QueryWorkflowInput) -> object:
            if input.id == self.forgotten:
                raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")
            return await original(input)

        outbound.query_workflow = query_workflow  # type: ignore[method-assign]
        return outbound


def shown(progress: OnboardingProgress) -> str:
    console = Console(file=io.StringIO(), width=160)
    with console.capture() as said:
        console.print(onboarding_panel(progress, 1.0))
    return said.get()


async def test_cancelled_onboarding_exits_nonzero(
    cli: CommandLine, harness: Harness, one: str, reference: str
) -> None:
    harness.telegent.faults.add(
        Fault(match="POST /v1.0/numbers/provision", kind="error_before", status=504, times=2)
    )
    assert (await cli.run("start", one, "--watch")).status == 3
    why = ("--reason", "the subscriber stays", "--by", "operator")
    said = await cli.run("cancel", reference, *why, "--json")
    assert (said.status, said.json["workflow_id"]) == (0, f"onboarding-{reference}")
    end = await cli.run("status", reference, "--watch", "--json")
    assert end.status == 1
    assert end.json_lines[-1]["state"] == "cancelled"
    text = await cli.run("status", reference)
    assert re.search(r"^  rolled back: .*route", text.out, re.MULTILINE)
    history = await harness.temporal.get_workflow_handle(f"onboarding-{reference}").fetch_history()
    query_workflow = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED
    (event,) = [event for event in history.events if event.event_type == query_workflow]
    cause = event.workflow_execution_cancel_requested_event_attributes.cause
    assert cause == "operator: the subscriber stays"
    late = await cli.run("cancel", reference)
    assert (late.status, late.err) == (1, "rejected: it has already ended\n")


@pytest.mark.parametrize(
    "words",
    [
        ("status", "no-such-onboarding"),
        ("status", "no-such-onboarding", "--watch"),
        ("cancel", "no-such-onboarding"),
        ("resolve", "no-such-onboarding", "Account", "retry", "--reason", "because"),
    ],
)
async def test_unknown_reference_is_a_one_line_error(
    cli: CommandLine, words: tuple[str, ...]
) -> None:
    said = await cli.run(*words)
    assert said.status == 2
    assert said.err.startswith("there is no onboarding no-such-onboarding ")
    assert (await cli.run_line(printed_command(said, "list"))).status == 0
    as_json = await cli.run(*words, "--json")
    assert as_json.json["error"] in said.err
    assert json.loads(as_json.out).keys() == {"error", "errors", "next"}


async def test_incomplete_resolution_is_rejected_before_sending() -> None:
    said = await CommandLine({}).run("resolve", "any", "Account", "adopt", "--reason", "because")
    assert said.status == 2
    assert "adopt needs the id of the resource" in said.err
