"""Write the settings into docs/reference/settings.md: `python -m tools.docs.settings_table`."""

from tools.docs.documents import ROOT, replace_between_markers
from worker.settings import markdown_table

if __name__ == "__main__":
    replace_between_markers(
        ROOT / "docs" / "reference" / "settings.md", "settings", markdown_table()
    )
