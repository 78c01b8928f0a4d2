"""The recorded histories of a release never change."""

from hashlib import sha256
from pathlib import Path

import pytest

from tests.replay.folders import FOLDER, SUMS, recorded, released
from tests.replay.releases import (
    ROOT,
    Release,
    git,
    release_parameters,
    releases,
    skip_without,
)

ADVICE = "a released history is never changed or removed: see docs/how-to/changing-workflows.md"


@pytest.mark.parametrize("folder", released(), ids=lambda path: path.name)
def test_released_histories_match_their_checksums(folder: Path) -> None:
    lines = (folder / SUMS).read_text("utf-8").splitlines()
    expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != SUMS}

    assert {name: sha256(file).hexdigest() for name, file in files.items()} == expected, ADVICE


@pytest.mark.parametrize("release", release_parameters(releases()))
def test_released_histories_are_all_kept(release: Release) -> None:
    """The release's commit shows it even if the checksums were changed as well."""
    skip_without(release)
    listed = git("ls-tree", "-r", release.commit, str(FOLDER.relative_to(ROOT))).decode()
    theirs = {
        blob: path
        for mode_type_blob, _, path in (line.partition("\t") for line in listed.splitlines())
        if path.endswith(".json") and (blob := mode_type_blob.split()[2])
    }
    ours = set(git("hash-object", "--", *map(str, recorded())).decode().split())

    assert theirs
    assert [path for blob, path in theirs.items() if blob not in ours] == [], ADVICE
