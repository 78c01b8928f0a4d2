"""Writes the settings into docs/settings.md: `python -m tests.docs.settings_table`."""

from tests.docs import ROOT, replace_between_markers
from worker.settings import markdown_table

if __name__ == "__main__":
    replace_between_markers(ROOT / "docs" / "settings.md", "settings", markdown_table())
