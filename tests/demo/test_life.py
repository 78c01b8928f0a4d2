"""`python -m demo life`, whole, and what it says when something differs from the story."""

import asyncio
import re
import sys
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from urllib.error import HTTPError

import pytest

from demo.life.chapters import change_chapters
from demo.life.event_log import EventLog
from telegent_orchestrator.events import Event, EventData, EventType, sign_headers
from tests.demo.running import all_exited, children, started_demo
from tools.docs.documents import ROOT

QUICKSTART = ROOT / "docs" / "tutorial" / "quickstart.md"
SUSPENDED = EventType.LINE_CHANGE_COMPLETED.value
EVENT = Event(
    id="event-1",
    source="/telegent-orchestrator/default",
    type=SUSPENDED,
    subject="line-change-1",
    time=datetime.now(UTC),
    sequence="00000001",
    data=EventData(workflow_id="line-change-1", state="done"),
)


def told(lines: list[str]) -> list[str]:
    """The chapters without times and ids, sorted: some steps of an onboarding run in parallel."""
    text = "\n".join(lines)
    story = re.split("The demo stops|The life of", text[text.index("1. A line goes live") :])[0]
    story = re.sub(r"\d+\.\d s", "s", re.sub(r"PID-[0-9a-f…-]+", "PID", story))
    return sorted(" ".join(line.split()) for line in story.splitlines() if line.strip())


@pytest.mark.resilience
@pytest.mark.skipif(sys.platform != "linux", reason="reads processes in /proc")
def test_life_is_told_as_the_tutorial_has_it() -> None:
    with started_demo("life") as demo:
        demo.read_until("It is suspended")
        mine = children(demo.process.pid)
        assert demo.wait_ended() == 0, demo.lines
    assert all_exited(mine)

    assert demo.lines[-1].startswith("The life of +1")
    assert "23 effects at Telegent, each exactly once, and 10 events" in demo.lines[-1]
    [documented] = re.findall(r"```text\n(1\. A line.*?)```", QUICKSTART.read_text("utf-8"), re.S)
    assert told(documented.splitlines()) == told(demo.lines)


@pytest.mark.parametrize(
    ("effects", "events", "said"),
    [
        (["number.status_changed: park"], [SUSPENDED], []),
        ([], [SUSPENDED], ["number.status_changed: park: 0 times in the ledger, not 1"]),
        (
            ["number.status_changed: park"] * 2,
            [SUSPENDED],
            ["number.status_changed: park: 2 times in the ledger, not 1"],
        ),
        (
            ["number.status_changed: park", "number.provisioned"],
            [],
            [
                "number.provisioned: 1 times in the ledger, not 0",
                f"{SUSPENDED}: 0 times as event, not 1",
            ],
        ),
    ],
    ids=["as told", "missing", "twice", "unexpected, and no event"],
)
def test_deviation_from_the_story_is_named(
    effects: list[str], events: list[str], said: list[str]
) -> None:
    suspended = change_chapters("+18015550100", "PID-1", "PID-2")[0]
    assert suspended.deviations(Counter(effects), Counter(events)) == said


async def test_event_is_kept_once_and_only_with_a_valid_signature() -> None:
    log = EventLog()
    body = EVENT.model_dump_json().encode()
    headers = sign_headers(log.secret, EVENT.id, body, datetime.now(UTC))

    def post(url: str, signed: dict[str, str]) -> None:
        request = urllib.request.Request(url, body, signed)
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5)

    with log.listening() as url:
        for _ in range(2):
            await asyncio.to_thread(post, url, headers)
        with pytest.raises(HTTPError, match="401"):
            await asyncio.to_thread(post, url, headers | {"webhook-signature": "v1,other"})
        await log.wait_until(bool)

    assert log.events == [EVENT]
