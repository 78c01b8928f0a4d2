"""Find documents, and read or replace the text between two markers in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def between_markers(path: Path, name: str) -> str:
    """The text between the comments `<!-- name:begin … -->` and `<!-- name:end -->`."""
    text = path.read_text(encoding="utf-8")
    _, _, after = text.partition(f"<!-- {name}:begin")
    inside, end, _ = after.partition(f"<!-- {name}:end -->")
    assert end, f"{path.name} lacks the markers {name}:begin and {name}:end"
    return inside.partition("-->")[2].strip()


def replace_between_markers(path: Path, name: str, text: str) -> None:
    """Replace the text between the two comments."""
    old = path.read_text(encoding="utf-8")
    begin = old.index("-->", old.index(f"<!-- {name}:begin")) + len("-->")
    end = old.index(f"<!-- {name}:end -->")
    path.write_text(f"{old[:begin]}\n{text}\n{old[end:]}", encoding="utf-8")


def table_rows(table: str) -> list[list[str]]:
    """The cells of a Markdown table, without its header."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [re.split(r"\s*(?<!\\)\|\s*", line)[1:-1] for line in lines[2:]]
