"""Prints what the contract covers: `python -m tools.vendor_contract`."""

from tools.vendor_contract import Contract, assumptions


def main() -> None:
    """Print the number of operations and fields, and all contradictions."""
    contract = Contract()
    requests = sum(len(operation.request) for operation in contract.operations.values())
    print(f"{len(contract.operations)} operations, {requests} request fields")
    print(f"{len(contract.fields()) - requests} fields of shapes")
    for row in assumptions():
        if len(row.says) > 1:
            print(f"\n{row.question}")
            for source, text in row.says.items():
                print(f"  {source}: {text}")
            options = [f"--{name.replace('_', '-')}" for name in row.simulator]
            print(f"  settings: {', '.join(row.settings) or 'none'}")
            print(f"  simulator: {', '.join(options) or 'none'}")


if __name__ == "__main__":
    main()
