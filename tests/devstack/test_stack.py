"""Where runs keep their logs and databases."""

from pathlib import Path

import pytest

from devstack import stack


def test_old_run_directories_of_the_same_kind_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "RUNS_DIRECTORY", tmp_path)
    for at in range(6):
        (tmp_path / f"demo-20260101-00000{at}-1").mkdir()
    (tmp_path / "up").mkdir()
    (tmp_path / "soak-20250101-000000-1").mkdir()

    new = stack.new_run_directory("demo")

    kept = sorted(path.name for path in tmp_path.glob("demo-*"))
    assert kept == [f"demo-20260101-00000{at}-1" for at in range(3, 6)]
    assert new.parent == tmp_path
    assert (tmp_path / "up").exists()
    assert (tmp_path / "soak-20250101-000000-1").exists()
