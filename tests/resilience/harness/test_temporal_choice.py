"""The choice between the development server and PostgreSQL."""

import pytest

from resilience.crash.cases import all_crashes
from resilience.crash.injection import CrashKind
from resilience.harness.temporal_choice import VARIABLE, on_postgresql, repeat_command


def test_development_server_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    assert not on_postgresql()
    assert CrashKind.DATABASE_KILLED not in {crash.kind for crash in all_crashes()}


def test_database_is_killed_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql")

    assert on_postgresql()
    assert {crash.kind for crash in all_crashes()} == set(CrashKind)


def test_repeated_command_makes_the_same_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    default = repeat_command("resilience.soak")
    monkeypatch.setenv(VARIABLE, "postgresql")

    assert default == "python -m resilience.soak"
    assert repeat_command("resilience.soak") == f"RESILIENCE_DATABASE=postgresql {default}"


def test_unknown_choice_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "postgres")

    with pytest.raises(ValueError, match="RESILIENCE_DATABASE is 'postgres'"):
        on_postgresql()
