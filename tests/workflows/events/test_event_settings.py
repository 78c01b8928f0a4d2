"""Settings of events."""

import pytest

from activities.events import EventSettings
from tests.harness.event_receiver import SECRET
from worker.settings import SettingsError, WorkerSettings, load_settings


class TestSettings:
    @pytest.fixture(autouse=True)
    def account(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TELEGENT_ACCOUNT_KEY", "key")
        monkeypatch.setenv("TELEGENT_ACCOUNT_SECRET", "secret")

    def test_receiver_variables_reach_the_event_settings(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert load_settings(WorkerSettings).event_settings() == EventSettings()
        monkeypatch.setenv("TELEGENT_EVENT_URLS", "https://a.example/in, http://b:8080")
        monkeypatch.setenv("TELEGENT_EVENT_SECRET", SECRET)
        monkeypatch.setenv("TELEGENT_EVENT_PERSONAL_DATA", "true")

        there = load_settings(WorkerSettings)

        urls = ("https://a.example/in", "http://b:8080")
        assert there.event_settings() == EventSettings(urls, SECRET, personal_data=True)
        assert SECRET in there.secrets()
        assert SECRET not in repr(there) + repr(there.event_settings())

    @pytest.mark.parametrize(
        ("secret", "fault"),
        [("", "EVENT_URLS: needs"), ("hunter2", "EVENT_SECRET: must be 24 to")],
    )
    def test_receivers_without_a_secret_are_rejected(
        self, monkeypatch: pytest.MonkeyPatch, secret: str, fault: str
    ) -> None:
        monkeypatch.setenv("TELEGENT_EVENT_URLS", "https://a.example/")
        monkeypatch.setenv("TELEGENT_EVENT_SECRET", secret)
        with pytest.raises(SettingsError) as refused:
            load_settings(WorkerSettings)
        (line,) = refused.value.messages
        assert line.startswith(f"TELEGENT_{fault}")
        assert "hunter2" not in line
