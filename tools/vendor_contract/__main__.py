"""Prints what the contract covers, as Markdown: `python -m tools.vendor_contract`."""

from tools.vendor_contract import Contract, assumptions, coverage


def main() -> None:
    """Print all operations with the number of fields that tests cover, then the contradictions."""
    contract, missing = Contract(), coverage()
    rows, requests, responses = [], set[str](), set[str]()
    for key, operation in contract.operations.items():
        sent, shown = contract.request_fields(key), contract.response_fields(key)
        if key in missing.not_offered:
            sent = set()
        requests |= sent
        responses |= shown
        cells = (
            f"`{key}`",
            operation.source,
            _covered(sent, missing.unsent),
            _covered(shown, missing.unshown),
        )
        rows.append(f"| {' | '.join(cells)} |")
    print(f"# Vendor contract\n\n{len(rows)} operations; covered by tests: request fields")
    print(f"{_covered(requests, missing.unsent)}, response fields", end=" ")
    print(f"{_covered(responses, missing.unshown)}.\n")
    print("| Operation | Sources | Request fields sent | Response fields shown |")
    print("|---|---|---|---|", *rows, sep="\n")
    print("\n## Not covered\n")
    for named in (missing.not_offered, missing.unsent, missing.unshown):
        print(*(f"- `{name}`: {reason}" for name, reason in named.items()), sep="\n")
    print("\n## Contradictions\n")
    _print_contradictions()


def _covered(fields: set[str], uncovered: dict[str, str]) -> str:
    return f"{len(fields - set(uncovered))} of {len(fields)}"


def _print_contradictions() -> None:
    print("| Question | Sources say | Setting | Simulator |\n|---|---|---|---|")
    for row in assumptions():
        if len(row.says) > 1:
            says = "; ".join(f"{source}: {text}" for source, text in row.says.items())
            settings = ", ".join(f"`{name}`" for name in row.settings)
            options = ", ".join(f"`--{name.replace('_', '-')}`" for name in row.simulator)
            print(f"| {row.question} | {says} | {settings or row.answer} | {options} |")


if __name__ == "__main__":
    main()
