"""docs/reference/api-budget.md: its table adds up to what the demo spends."""

from telegent_orchestrator.lines import NewNumber, PortInNumber
from telegent_orchestrator.onboarding import (
    NewAccount,
    NewMessageRoute,
    NewPackage,
    NewProduct,
    NewSubscriber,
    NewVoiceRoute,
    OnboardingRequest,
)
from tools.docs.documents import ROOT, between_markers, table_rows

CORRECTIONS = 1  # examples/correction.json
PAGE = ROOT / "docs" / "reference" / "api-budget.md"


def counted(request: OnboardingRequest) -> dict[str, int]:
    """How often the request has each thing of the table's first column, on an empty vendor."""
    lines = request.lines
    products = sum(isinstance(product, NewProduct) for product in request.products)
    packages = sum(isinstance(package, NewPackage) for package in request.packages)
    ported = sum(isinstance(line.number, PortInNumber) for line in lines)
    return {
        "new account": int(isinstance(request.account, NewAccount)),
        "new subscriber": sum(isinstance(s, NewSubscriber) for s in request.subscribers),
        "new message route": int(isinstance(request.routes.message, NewMessageRoute)),
        "new voice route": int(isinstance(request.routes.voice, NewVoiceRoute)),
        "request with new products": int(products > 0),
        "missing product": products,
        "request with new packages": int(packages > 0),
        "missing package": packages,
        "guarded subscriber": sum(person.guardian for person in request.subscribers),
        "relation": len(request.relations),
        "new number": len(lines) - ported,
        "new number on a physical SIM": sum(
            isinstance(line.number, NewNumber) and line.number.iccid is not None for line in lines
        ),
        "port-in": ported,
        "correction": CORRECTIONS,
        "line": len(lines),
        "line with E911 address": sum(line.e911_address is not None for line in lines),
        "different data limits": len({str(line.data_limits) for line in lines if line.data_limits}),
        "different renewal": len({str(line.renewal) for line in lines if line.renewal}),
        "line with call filter": sum(line.call_filter is not None for line in lines),
        "line with message filter": sum(line.message_filter is not None for line in lines),
    }


def family() -> OnboardingRequest:
    text = (ROOT / "examples" / "family.json").read_text(encoding="utf-8")
    return OnboardingRequest.model_validate_json(text)


def test_request_table_adds_up_to_the_documented_total() -> None:
    *costs, total = table_rows(between_markers(PAGE, "costs"))
    counts = counted(family())
    assert {row[0] for row in costs} == set(counts)
    assert total[2] == "**37**"
    assert sum(counts[row[0]] * int(row[2]) for row in costs) == 37


def test_token_calls_are_one_per_endpoint_and_one_for_the_order() -> None:
    *costs, _ = table_rows(between_markers(PAGE, "costs"))
    endpoints = {row[1] for row in costs}
    assert len(endpoints) + 1 == 23
    assert f"{len(endpoints) + 1} token calls: {len(endpoints)} endpoints" in PAGE.read_text()
