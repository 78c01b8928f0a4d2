import pytest

from telegent_orchestrator.cli import watching
from tests.harness import Harness
from tests.harness.command_line import CommandLine, command_line


@pytest.fixture
def cli(harness: Harness) -> CommandLine:
    return command_line(harness)


@pytest.fixture(autouse=True)
def fast_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL_INTERVAL", 0.2)
    # Nearly as long as in the command: on a busy machine an answer takes a while to show.
    monkeypatch.setattr(watching, "STABLE_POLLS", 10)
