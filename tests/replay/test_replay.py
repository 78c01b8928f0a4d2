"""Today's code lives through every history as the code did that recorded it."""

import re
from pathlib import Path

import pytest

import workflows
from tests.replay.commands import read_commands, replay_history, without_comments
from tests.replay.folders import history_sets, label, recorded
from workflows.registry import WORKFLOWS

PATCHED = re.compile(r"""\b(?:patched|deprecate_patch)\(\s*(?:["']([^"']+))?""")
ADVICE = (
    "a change of a workflow's commands needs workflow.patched: "
    "see docs/how-to/changing-workflows.md"
)


@pytest.mark.parametrize("history", recorded(), ids=label)
async def test_replay_issues_the_recorded_commands(history: Path) -> None:
    expected = read_commands(history.parent)[history.stem]
    now = await replay_history(history)

    assert without_comments(now.commands) == without_comments(expected), ADVICE
    assert now.failure is None, ADVICE


@pytest.mark.parametrize("folder", history_sets(), ids=lambda path: path.name)
def test_command_lists_match_the_histories(folder: Path) -> None:
    assert sorted(read_commands(folder)) == [path.stem for path in sorted(folder.glob("*.json"))]


def test_workflows_and_patches_all_have_a_history() -> None:
    commands = {
        line
        for folder in history_sets()
        for each in read_commands(folder).values()
        for line in each
    }
    sources = list(Path(workflows.__file__).parent.rglob("*.py"))
    assert len(sources) > len(WORKFLOWS), "the search for patches does not find the workflows"
    patches = {patch for path in sources for patch in PATCHED.findall(path.read_text("utf-8"))}
    names = " ".join(path.stem for path in recorded())

    assert all(workflow.__name__ in names for workflow in WORKFLOWS)
    assert "" not in patches, "write the id of a patch where it is used, so that it is found"
    assert {f"patched {patch}" for patch in patches} <= commands, (
        "no history goes the new way: record one with `make histories`"
    )
