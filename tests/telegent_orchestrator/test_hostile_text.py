"""Escape sequences, marks of direction and Markdown from outside, on every surface."""

import json
import re
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog
from temporalio.api.common.v1 import Payload

from simulator import CarrierRecord
from telegent_orchestrator._display import (
    escape_markdown,
    escape_unprintable,
    replace_unprintable,
)
from telegent_orchestrator.port_in import PortInDetails, PortInNote, PortInRequest, PortState
from tests.harness import Harness
from tests.harness.command_line import CommandLine, command_line
from tests.harness.details_pages import read_details_page
from tests.harness.payloads import new_subscriber, port_in, single
from tests.harness.port_ins import until
from worker.telemetry.logging import escape_control_characters

NUMBER = "+18015550142"
CONTROL = (
    "\x1b[31mred\x1b[0m",  # colour
    "\x1b]8;;https://evil.example\x07here\x1b]8;;\x07",  # link of a terminal
    "\x9b2J",  # erases the screen, in one byte
    "\rforged",
    "a\u202egnp.exe",  # shown as aexe.png
    "\u2066isolate",
    "\u200ehidden\ufeff",
    "\U000e0041tag",
)
MARKUP = (
    "[click](https://evil.example/a)",
    "![seen](https://evil.example/b.png)",
    "<img src=x>",
    "https://evil.example/c",
    "www.evil.example",
    "**bold** `code` _under_",
    "a | cell",
    "[red]markup of the terminal[/red]",
)
DANGEROUS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u202a-\u202e\u2066-\u2069\ufeff\U000e0041]"
)
ACTIVE = re.compile(
    r"(?<!\\)\]\((?!namespaces/)|(?<!\\)!\[|(?<!\\)<\w|(?<!\\)://|(?<=www)(?<!\\)\.evil|(?<!\\)`code"
)
"""Markdown that a renderer would follow, draw or format. Links to our own pages stay."""


@pytest.fixture
def cli(harness: Harness) -> CommandLine:
    return command_line(harness)


@pytest.mark.parametrize("text", [*CONTROL, *MARKUP])
def test_text_is_harmless_in_terminals_json_and_pages(text: str) -> None:
    assert not DANGEROUS.search(replace_unprintable(text))
    assert not DANGEROUS.search(escape_unprintable(text))
    document = json.dumps({"text": text}, ensure_ascii=False)
    assert json.loads(escape_unprintable(document)) == {"text": text}
    page = escape_markdown(f"before {text} after")
    assert not DANGEROUS.search(page)
    assert not ACTIVE.search(page)


@pytest.mark.parametrize(
    "text", ["José Ñandú", "a\u00a0b", "東京", "snake_case-name", "AT&T 10:30"]
)
def test_ordinary_text_does_not_change(text: str) -> None:
    assert replace_unprintable(text) == text
    assert escape_unprintable(text) == text
    assert escape_markdown(text) == text


async def test_carrier_and_messages_of_a_port_in_are_harmless_everywhere(
    cli: CommandLine, harness: Harness
) -> None:
    words = " ".join([*CONTROL, *MARKUP])
    harness.telegent.carrier.set_record(
        NUMBER, CarrierRecord(script=f"reject:8A-ACCOUNT_NUM_REQ_OR_INCORRECT {words}")
    )
    details = port_in(NUMBER) | {"losing_carrier": " ".join(MARKUP)[:150]}
    request = PortInRequest(details=PortInDetails.model_validate(details))
    handle = await harness.orchestrator.start_port_in(request)
    await until(handle, PortState.ACTION_REQUIRED)
    await handle.add_note(PortInNote(note=" ".join(MARKUP)[:190], by=MARKUP[0]))

    status = await handle.status()
    assert "evil.example" in status.vendor_message
    assert not DANGEROUS.search(status.model_dump_json().encode().decode("unicode_escape"))
    page = await read_details_page(harness.temporal, handle.id)
    assert "evil" in page
    assert_harmless_page(page)
    for summary in await summaries(harness, handle.id):
        assert_harmless_page(summary)
    for command in (
        ("port-in", "status", NUMBER),
        ("port-in", "status", NUMBER, "--watch"),
        ("list",),
        ("list", "--needs-operator"),
    ):
        for options in ((), ("--json",)):
            said = await cli.run(*command, *options)
            assert not DANGEROUS.search(said.out + said.err), command
    shown = await cli.run("port-in", "status", NUMBER)
    assert "[red]markup of the terminal[/red]" in shown.out


async def test_names_of_an_onboarding_are_harmless_everywhere(
    cli: CommandLine, harness: Harness
) -> None:
    names = " ".join(MARKUP)[:150]
    subscriber = new_subscriber("one") | {"name": names}
    request = single(subscribers=[subscriber])
    [package, *_] = request.packages
    renamed = package.model_copy(update={"name": names})
    account = request.account.model_copy(update={"name": names})
    handle = await harness.onboard(
        request.model_copy(update={"packages": [renamed], "account": account})
    )
    await handle.result()
    async for workflow in harness.temporal.list_workflows(f"RootWorkflowId = '{handle.id}'"):
        assert_harmless_page(await read_details_page(harness.temporal, workflow.id))
        for summary in await summaries(harness, workflow.id):
            assert_harmless_page(summary)
    reference = handle.id.removeprefix("onboarding-")
    for options in ((), ("--json",), ("--watch",)):
        said = await cli.run("status", reference, *options)
        assert said.status == 0
        assert not DANGEROUS.search(said.out + said.err)


@pytest.mark.parametrize("output", [(), ("--json",)], ids=["text", "JSON"])
async def test_errors_of_commands_are_harmless(cli: CommandLine, output: tuple[str, ...]) -> None:
    for text in CONTROL:
        said = await cli.run("list", "--state", text, *output)
        assert said.status == 2
        assert not DANGEROUS.search(said.out + said.err)


@pytest.mark.parametrize("text", CONTROL)
def test_log_lines_are_harmless(text: str) -> None:
    out = StringIO()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(out),
        processors=[escape_control_characters, structlog.dev.ConsoleRenderer(colors=False)],
    )
    logger.info("said", words=text, nested={"list": [text]})
    assert not DANGEROUS.search(out.getvalue())


def assert_harmless_page(text: str) -> None:
    assert not DANGEROUS.search(text), text
    assert not ACTIVE.search(text), ACTIVE.findall(text)


async def summaries(harness: Harness, workflow_id: str) -> list[str]:
    """Titles and summaries of a workflow, its activities, timers and children."""
    handle = harness.temporal.get_workflow_handle(workflow_id)
    description = await handle.describe()
    history = await handle.fetch_history()
    payloads = [event.user_metadata.summary for event in history.events]
    return [await description.static_summary() or "", *texts(payloads)]


def texts(payloads: list[Payload]) -> Iterator[str]:
    for payload in payloads:
        if payload.data:
            yield json.loads(payload.data)
