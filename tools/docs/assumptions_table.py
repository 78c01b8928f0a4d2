"""`python -m tools.docs.assumptions_table`: write the tables of vendor-assumptions.md."""

from tools.docs.documents import ROOT, replace_between_markers
from tools.vendor_contract import assumptions, sources

PAGE = ROOT / "docs" / "reference" / "vendor-assumptions.md"


def table() -> str:
    """Return the Markdown table of all assumptions."""
    head = ("Question", "The documents say", "What the code does", "Settings", "Simulator")
    rows = [head, ("---",) * len(head)]
    for row in assumptions():
        says = "; ".join(f"{source}: {text}" for source, text in row.says.items())
        options = ", ".join(f"`--{name.replace('_', '-')}`" for name in row.simulator)
        settings = ", ".join(f"`{name}`" for name in row.settings)
        rows.append((row.question, says or "nothing", row.answer, settings, options))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def sources_table() -> str:
    """Return the Markdown table of the documents that the assumptions quote."""
    rows = [("Abbreviation", "Document", "Version"), ("---",) * 3]
    rows += [(name, row["title"], row["date"]) for name, row in sources().items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


if __name__ == "__main__":
    replace_between_markers(PAGE, "assumptions", table())
    replace_between_markers(PAGE, "sources", sources_table())
