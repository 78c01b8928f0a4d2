"""Callers that were written for an earlier release of the same major version keep working."""

import re
from collections.abc import Iterator
from copy import deepcopy
from hashlib import sha256
from typing import Any

import pytest

from tests.harness.schemas import read
from tests.tools.schemas.changes import (
    Changes,
    breaking_changes,
    changed_documents,
    compatible_changes,
    replace_at,
)
from tools.schemas.__main__ import CURRENT, ROOT, current_version
from tools.schemas.comparison import Comparison
from tools.schemas.compatibility import files_received, files_sent, find_violations
from tools.schemas.documents import CONTRACT, Document

RELEASED = ROOT / "schemas" / "released"
SUMS = "SHA256SUMS"


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


VERSIONS = sorted((path.name for path in RELEASED.glob("*")), key=number)
LATEST = read(RELEASED / VERSIONS[-1] if VERSIONS else CURRENT)


def test_releases_all_have_schemas() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert set(re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)) == set(VERSIONS), (
        "freeze the schemas of a release with: cp -r schemas/json schemas/released/VERSION, and in "
        "that folder: sha256sum *.json > SHA256SUMS"
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_released_schemas_match_their_checksums(version: str) -> None:
    lines = (RELEASED / version / SUMS).read_text("utf-8").splitlines()
    expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    files = {path.name: path.read_bytes() for path in (RELEASED / version).glob("*.json")}

    assert {name: sha256(file).hexdigest() for name, file in files.items()} == expected, (
        "released schemas are never changed: what callers were written for is compared with them"
    )


def test_current_schemas_are_compatible_with_the_last_release() -> None:
    if VERSIONS and number(VERSIONS[-1])[0] == number(current_version())[0]:
        assert find_violations(LATEST, read(CURRENT)) == []


def test_breaking_changes_are_found() -> None:
    tried = dict(found_after(breaking_changes))
    assert len(tried) > 1000
    assert [change for change, found in tried.items() if not found] == []


def test_compatible_changes_are_accepted() -> None:
    tried = dict(found_after(compatible_changes))
    assert len(tried) > 500
    assert {change: found for change, found in tried.items() if found} == {}


def found_after(changes: Changes) -> Iterator[tuple[str, list[str]]]:
    """What is found after each change of each place of each released schema.

    A definition that several schemas share is changed in the first of them, and compared alone.
    """
    tried: dict[tuple[bool, str], list[Document]] = {}
    for sent, files in ((True, files_sent(LATEST)), (False, files_received(LATEST))):
        for file in sorted(files):
            old = LATEST[file]
            for change, new in changed_documents(old, changes, sent=sent):
                was, now = old, new
                if inside := re.match(r"\$defs\.([^.:]+)", change):
                    same = tried.setdefault((sent, change), [])
                    if old["$defs"][inside[1]] in same:
                        continue
                    same.append(old["$defs"][inside[1]])
                    reference = {"$ref": f"#/$defs/{inside[1]}"}
                    was, now = ({"$defs": each["$defs"]} | reference for each in (old, new))
                yield f"{file} {change}", Comparison(was, now, sent=sent).violations(file)


def test_removed_or_retyped_names_are_found() -> None:
    contract = LATEST[CONTRACT]
    names = list(paths(contract))
    assert len(names) > 80
    for path in names:
        # Without the files that it names, which are the same.
        assert find_violations(LATEST, {CONTRACT: replace_at(contract, path, "other")}), path


def paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield (*path, str(key))
        if isinstance(inner, dict | list):
            yield from paths(inner, (*path, str(key)))


def test_violation_names_place_and_change() -> None:
    new = deepcopy(LATEST)
    del new["PortInCorrection.json"]["properties"]["account_pin"]
    del new[CONTRACT]["workflows"]["PortInWorkflow"]["updates"]["add_note"]
    new["PortInStatus.json"]["$defs"]["PortState"]["enum"].remove("PORTED")

    assert find_violations(LATEST, new) == [
        "contract.json workflows PortInWorkflow updates: add_note is missing",
        "PortInCorrection.json: the field account_pin is missing",
        "PortInStatus.json state: the value 'PORTED' is missing",
        "PortInStatus.json timeline[] state: the value 'PORTED' is missing",
    ]
