from pathlib import Path

import pytest

from tools.site_hooks import nest_lists, without_links_to_code


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("text\n- one\n- two\n\ntext", "text\n\n- one\n- two\n\ntext"),
        ("1. one\n   more\n2. two", "1. one\n    more\n2. two"),
        ("- one\n  - inner\n    text\n- two", "- one\n    - inner\n        text\n- two"),
        (
            "1. one:\n\n   ```\n   code\n     deeper\n   ```\n\n2. two\n\nend",
            "1. one:\n\n    ```\n    code\n      deeper\n    ```\n\n2. two\n\nend",
        ),
        ("1. a\n\n   b\n2. c", "1. a\n\n    b\n\n2. c"),
        ("10. ten\n\n    more\n\nend", "10. ten\n\n    more\n\nend"),
        ("- one\nlazy\n- two", "- one\n    lazy\n- two"),
        ("- one\n\n# Head\n- two", "- one\n\n# Head\n\n- two"),
    ],
)
def test_lists_are_indented_by_four_spaces_for_each_level(written: str, expected: str) -> None:
    assert nest_lists(written) == expected


@pytest.mark.parametrize(
    "text",
    [
        "```\n- code\n  - code\n```\ntext",
        "| a |\n|---|\n| - b |",
        "a paragraph\nwith -1 and 2.5",
        "---\n\n**bold** text",
    ],
)
def test_other_text_is_unchanged(text: str) -> None:
    assert nest_lists(text) == text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("see [the program](../../examples/service.py#L3).", "see the program."),
        ("[licence](../../LICENSE)", "licence"),
        ("[no such file](../../examples/missing.py)", "[no such file](../../examples/missing.py)"),
        ("[a page](../how-to/cli.md#exit-status)", "[a page](../how-to/cli.md#exit-status)"),
    ],
)
def test_links_to_existing_files_outside_the_site_become_text(
    tmp_path: Path, written: str, expected: str
) -> None:
    docs = tmp_path / "docs"
    for file in ("examples/service.py", "LICENSE", "docs/how-to/cli.md", "docs/tutorial/start.md"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    assert without_links_to_code(written, docs / "tutorial" / "start.md", docs) == expected
