"""`tgo plan`: the commands of docs/how-to/plan.md print what the page shows."""

import re

from simulator import CarrierRecord
from telegent_orchestrator.cli.commands.plan import line_change_words
from telegent_orchestrator.line_changes import ChangeFilters
from tests.harness import Harness
from tests.harness.command_line import FAMILY, CommandLine, printed_command
from tests.harness.documents import documented_commands
from tests.harness.sent_requests import counted_requests
from tools.docs.documents import ROOT
from worker.shared_rate_limiter import SharedRateLimiter, lease_from

PAGE = ROOT / "docs" / "how-to" / "plan.md"  # "plan.md" "plan the family" "a changed request"
RECORD = CarrierRecord(account_number="100200300", pin="482913", zip="84043")
SECRETS = ("100200300", "482913", "change-me")
READS = ("GET", "POST /v1.0/numbers/portin/eligibility")
FAMILY_REQUESTS = 36
"""As docs/reference/api-budget.md counts them, without its correction."""


async def test_plan_of_the_family_before_and_after_it_exists(
    cli: CommandLine, harness: Harness
) -> None:
    harness.telegent.carrier.set_record("+18015550142", RECORD)
    limiter = SharedRateLimiter(lease_from(harness.temporal), 50)
    (await limiter.acquire()).settle()
    reference = f"{harness.settings.id_key}-family"
    mine = ("--set", f"reference={reference}")
    command = f"{documented_commands(PAGE, 'plan the family')} {' '.join(mine)}"

    before = await cli.run_line(command)
    assert before.status == 0, before.out + before.err
    planned = counted_requests(harness)
    assert all(call.startswith(READS) for call in planned)
    started = await cli.run("start", FAMILY, *mine, "--watch")
    assert started.status == 0, started.out + started.err
    after = await cli.run_line(command)
    assert after.status == 0, after.out + after.err
    # As many as planned, and none by the second plan.
    assert len(counted_requests(harness)) - len(planned) == FAMILY_REQUESTS
    shown = [normalized(text, reference) for text in (before.out, after.out)]
    assert [normalized(text, reference) for text in documented_outputs()[:2]] == shown

    as_json = await cli.run_line(f"{command} --json")
    assert as_json.status == 0
    assert (as_json.json["outcome"], as_json.json["requests"]) == ("join", 0)
    assert {each["action"] for each in as_json.json["resources"]} == {"use"}

    changed = f"{documented_commands(PAGE, 'a changed request')} {' '.join(mine)}"
    refused = await cli.run_line(changed)
    assert refused.status == 1
    assert shown_part(refused.out, reference) == normalized(documented_outputs()[2], reference)
    said = before.out + after.out + as_json.out + refused.out
    assert not [secret for secret in SECRETS if secret in said]
    printed = printed_command(refused, "line", "limits")
    done = await cli.run_line(f"{printed.replace('…', 'more')} --watch")
    assert done.status == 0, done.out + done.err


def shown_part(text: str, reference: str) -> list[str]:
    """The lines from the error on, without warnings."""
    lines = normalized(text, reference)
    (at,) = [at for at, line in enumerate(lines) if line.startswith("error:")]
    return [line for line in lines[at:] if not line.startswith("warning:")]


def documented_outputs() -> list[str]:
    return re.findall(r"^```text\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def normalized(text: str, reference: str) -> list[str]:
    """The words of each line, without ids, bought numbers, and how long calls wait."""
    text = text.replace(reference, "family-2041")
    text = re.sub(r"\b([A-Z]{3,5})-[0-9a-f][0-9a-f-]+", r"\1-…", text)
    text = re.sub(r"\+1(?!8015550142)\d{10}", "+1…", text)
    text = re.sub(r"earliest: in \S+, (.*) with \d+ calls", r"earliest: \1", text)
    return [" ".join(line.split()) for line in text.strip().splitlines()]


def test_offered_filters_are_printed_as_options() -> None:
    edits = {"mode": "WHITELIST", "allow": ["+18015550101"], "unblock": ["+18015550102"]}
    change = ChangeFilters.model_validate(
        {"kind": "filters", "call_filter": edits, "message_filter": {"off": True}}
    )
    calls = "--call-mode WHITELIST --call-allow +18015550101 --call-unblock +18015550102"
    assert set(line_change_words(change)) == {"filters", *calls.split(), "--message-off"}
