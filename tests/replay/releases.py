"""The releases: which commit each one is, and its source."""

import io
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).parent / "releases.txt"


@dataclass(frozen=True)
class Release:
    """A version, and the commit that it was built from."""

    version: str
    commit: str


def releases() -> list[Release]:
    """All releases, the newest last."""
    lines = FILE.read_text("utf-8").splitlines()
    return [Release(*line.split()) for line in lines if line and not line.startswith("#")]


def release_parameters(chosen: list[Release]) -> list[ParameterSet]:
    """The releases as parameters of a test, or one that skips it while nothing is released."""
    if not chosen:
        nothing = pytest.mark.skip(reason="nothing is released yet: releases.txt is empty")
        return [pytest.param(None, id="none", marks=nothing)]
    return [pytest.param(release, id=release.version) for release in chosen]


def git(*arguments: str) -> bytes:
    """What git prints about this clone. Raises CalledProcessError."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True)
    return done.stdout


def skip_without(release: Release) -> None:
    """Skips the test, with the reason, in a clone that does not go back to the release."""
    try:
        git("cat-file", "-e", f"{release.commit}^{{commit}}")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(
            f"NOT TESTED: this clone lacks release {release.version}; "
            f"bring it with: git fetch --depth 1 origin {release.commit}"
        )


def unpack(release: Release, folder: Path) -> None:
    """Puts the release's source into a folder."""
    with tarfile.open(fileobj=io.BytesIO(git("archive", release.commit))) as archive:
        archive.extractall(folder, filter="data")
