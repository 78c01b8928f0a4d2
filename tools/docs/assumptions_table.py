"""`python -m tools.docs.assumptions_table`: write the assumptions to documents."""

from textwrap import fill

from tools.docs.documents import ROOT, replace_between_markers
from tools.vendor_contract import assumptions, sources

PAGE = ROOT / "docs" / "reference" / "vendor-assumptions.md"
README = ROOT / "README.md"


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


def unknowns() -> str:
    """Return README's summary: how many questions are open, and the settings that choose."""
    rows = assumptions()
    chosen = [row for row in rows if row.settings]
    settings = dict.fromkeys(f"`{name}`" for row in chosen for name in row.settings)
    contradictions = sum(len(row.says) > 1 for row in rows)
    summary = (
        f"We had to make {len(rows)} assumptions about the API, because Telegent's documents are "
        f"incomplete and, on {contradictions} questions, contradict each other. All are in [Vendor "
        f"assumptions](docs/reference/vendor-assumptions.md). {len(chosen)} of them can be changed "
        f"with these {len(settings)} settings:"
    )
    return fill(f"{summary} {', '.join(settings)}.", 130, break_on_hyphens=False)


def sources_table() -> str:
    """Return the Markdown table of the documents that the assumptions quote."""
    rows = [("Abbreviation", "Document", "Version"), ("---",) * 3]
    rows += [(name, row["title"], row["date"]) for name, row in sources().items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


if __name__ == "__main__":
    replace_between_markers(PAGE, "assumptions", table())
    replace_between_markers(PAGE, "sources", sources_table())
    replace_between_markers(README, "unknowns", unknowns())
