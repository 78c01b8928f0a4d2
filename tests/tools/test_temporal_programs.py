"""Temporal's programs are built in the version of docker-compose.yml."""

from pathlib import Path

import pytest

from tools import temporal_programs
from tools.compose_trial.machine import GoProgram


def test_programs_have_their_own_names_and_the_version_of_the_compose_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def build(program: GoProgram) -> Path:
        built.append(program)
        path = tmp_path / f"{program.name}-{program.version}"
        path.touch()
        return path

    monkeypatch.setattr(temporal_programs, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(GoProgram, "build", build)

    folder = temporal_programs.link_programs()

    assert temporal_programs.link_programs() == folder
    assert {path.name for path in folder.iterdir()} == {"temporal-server", "temporal-sql-tool"}
    assert all(path.exists() for path in folder.iterdir())
    [version] = {program.version for program in built}
    compose = (temporal_programs.ROOT / "docker-compose.yml").read_text()
    assert f"image: temporalio/server:{version.removeprefix('v')}\n" in compose
