"""Which Temporal binary the demo takes."""

import os
import sysconfig
from pathlib import Path

import pytest

from devstack.child_process import StackError
from devstack.temporal_server import find_binary

OWN = str(Path(sysconfig.get_path("scripts")) / "temporal")


@pytest.mark.parametrize(
    ("server", "occupied"), [("1.31.0", True), ("1.29.0", True), ("1.28.9", False), ("?", False)]
)
def test_recent_binary_on_path_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, occupied: bool
) -> None:
    theirs = tmp_path / "temporal"
    theirs.write_text(f"#!/bin/sh\necho 'temporal version 1.5.0 (Server {server}, UI 2.40.0)'\n")
    theirs.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert find_binary() == (str(theirs) if occupied else OWN)


def test_missing_binary_is_an_error_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: "/nowhere")
    with pytest.raises(StackError, match=r"server 1\.29 or later .* make demo"):
        find_binary()
