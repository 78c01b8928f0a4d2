"""Summary of the demo: created resources, requests, and comparison with the ledger."""

import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import segno
from rich.console import Console
from rich.table import Table
from rich.text import Text

from devstack.child_process import http_get
from telegent_orchestrator.lines import LineResult
from telegent_orchestrator.onboarding import (
    NewAccount,
    NewMessageRoute,
    NewPackage,
    NewProduct,
    NewSubscriber,
    NewVoiceRoute,
    OnboardingRequest,
    OnboardingResult,
)
from telegent_orchestrator.progress import StepState

PURCHASES = ("number.provisioned", "portin.submitted", "guardian.related")
"""Kinds in the ledger that create a resource, in addition to those that end in `.created`."""
ORDER_POLL = "GET /v1.0/numbers/order"


@dataclass(frozen=True)
class VendorSummary:
    """The simulator's view: effects by kind, and the requests that it received."""

    ledger: Mapping[str, int]
    api_calls: int
    token_calls: int
    tokens_per_endpoint: Mapping[str, int]
    by_endpoint: Mapping[str, int]

    @property
    def polls(self) -> int:
        """Polls of an order's status."""
        return self.by_endpoint.get(ORDER_POLL, 0)

    def created(self) -> dict[str, int]:
        """How many resources of each kind were created or bought."""
        return {
            kind: count
            for kind, count in self.ledger.items()
            if kind.endswith(".created") or kind in PURCHASES
        }


async def fetch_vendor_summary(simulator_url: str) -> VendorSummary:
    """What the simulator has seen so far. Raises OSError."""
    rows = json.loads(await http_get(f"{simulator_url}/_sim/ledger"))
    requests = json.loads(await http_get(f"{simulator_url}/_sim/requests/summary"))
    return VendorSummary(ledger=Counter(row["kind"] for row in rows), **requests)


def expected_effects(request: OnboardingRequest) -> dict[str, int]:
    """How many resources of each kind the request creates; those given by id are left out."""
    lines = request.lines
    packages = [package for package in request.packages if isinstance(package, NewPackage)]
    ported = sum(line.number.kind == "port_in" for line in lines)
    counts = {
        "account.created": isinstance(request.account, NewAccount),
        "subscriber.created": sum(isinstance(s, NewSubscriber) for s in request.subscribers),
        "message_route.created": isinstance(request.routes.message, NewMessageRoute),
        "voice_route.created": isinstance(request.routes.voice, NewVoiceRoute),
        "product.created": sum(isinstance(p, NewProduct) for p in request.products),
        "package.created": len(packages),
        "package_item.created": sum(len(package.items) for package in packages),
        "guardian.related": len(request.relations),
        "number.provisioned": len(lines) - ported,
        "portin.submitted": ported,
        "subscription.created": len(lines),
        "call_filter.created": sum(line.call_filter is not None for line in lines),
        "message_filter.created": sum(line.message_filter is not None for line in lines),
    }
    return {kind: int(count) for kind, count in counts.items() if count}


def print_result(console: Console, result: OnboardingResult) -> None:
    """Print the ids, and for each line its number, SIM, subscription, filters and eSIM code."""
    table = Table("Created", "", "Id", box=None, padding=(0, 2), header_style="bold")
    table.add_row("account", "", result.account_id)
    for kind, ids in (
        ("subscriber", result.subscriber_ids),
        ("message route", {"": result.message_route_id}),
        ("voice route", {"": result.voice_route_id}),
        ("product", result.product_ids),
        ("package", result.package_ids),
    ):
        for key, thing_id in ids.items():
            if thing_id:
                table.add_row(kind, key, thing_id)
    console.print(table)
    for line in result.lines:
        _print_line(console, line)


def _print_line(console: Console, line: LineResult) -> None:
    console.print()
    facts = Table.grid(padding=(0, 2))
    facts.title = Text(f"Line {line.key}: {line.state.value}", style="bold")
    facts.title_justify = "left"
    for name, value in (
        ("", line.detail),
        ("number", line.phone_number),
        ("number id", line.number_id),
        ("order", line.order_id),
        ("ICCID", line.iccid),
        ("subscription", line.subscription_id),
        ("call filter", line.call_filter_id),
        ("message filter", line.message_filter_id),
        ("eSIM", line.activation_code),
    ):
        if value:
            facts.add_row(Text(name, style="dim"), Text(value))
    console.print(facts)
    if line.activation_code:
        _print_qr_code(console, line.activation_code)


def print_esim(console: Console, activation_code: str) -> None:
    """Print the activation code of an eSIM, in a terminal also as a QR code."""
    console.print(f"   eSIM  {activation_code}", markup=False, highlight=False)
    _print_qr_code(console, activation_code)


def _print_qr_code(console: Console, activation_code: str) -> None:
    if console.is_terminal:
        drawn = io.StringIO()
        segno.make(activation_code, micro=False).terminal(drawn, border=2, compact=True)
        console.print(Text(drawn.getvalue().rstrip()))


def print_vendor(console: Console, request: OnboardingRequest, vendor: VendorSummary) -> bool:
    """Print the requests, and compare the ledger with the onboarding request.

    Returns:
        Whether every resource exists exactly once.
    """
    console.print(
        f"\nRequests: {vendor.api_calls - vendor.polls} API calls, {vendor.polls} polls of order "
        f"statuses, {vendor.token_calls} token calls",
        highlight=False,
    )
    requested, created = expected_effects(request), vendor.created()
    table = Table("Simulator's ledger", "requested", "created", box=None, padding=(0, 2))
    for kind in requested | created:
        expected, actual = requested.get(kind, 0), created.get(kind, 0)
        style = "" if actual == expected else "bold red"
        table.add_row(kind, str(expected), str(actual), style=style)
    console.print(table)
    if requested != created:
        console.print("The ledger differs from the request: see the red rows.", style="bold red")
    return requested == created


def print_ending(
    console: Console, result: OnboardingResult, seconds: float, *, succeeded: bool
) -> None:
    """Print what to try next, and in the last line what was achieved.

    Args:
        console: Where to print.
        result: Of the onboarding.
        seconds: Wall time of the whole demo.
        succeeded: Whether every resource exists exactly once.
    """
    console.print(
        "\nThe demo stops its processes now, so its addresses no longer work. Next:\n"
        "  make up                       keeps the same stack running, for your own requests\n"
        "  docs/tutorial/quickstart.md   walks through it step by step\n",
        highlight=False,
    )
    active = sum(line.state is StepState.DONE for line in result.lines)
    if succeeded:
        console.print(
            f"Onboarded account {result.account_id}: {active} lines in service, every resource "
            f"created exactly once, in {seconds:.0f} s",
            style="bold green",
            highlight=False,
            soft_wrap=True,
        )
    else:
        console.print(
            f"NOT complete: {active} of {len(result.lines)} lines in service after "
            f"{seconds:.0f} s; see above",
            style="bold red",
            highlight=False,
            soft_wrap=True,
        )


def write_report(
    path: Path, result: OnboardingResult, vendor: VendorSummary, seconds: float, restarts: int
) -> None:
    """Write result, ledger and request counts as JSON. Raises OSError."""
    report = {
        "result": result.model_dump(mode="json"),
        "ledger": vendor.ledger,
        "requests": {
            "api_calls": vendor.api_calls,
            "polls": vendor.polls,
            "token_calls": vendor.token_calls,
            "tokens_per_endpoint": vendor.tokens_per_endpoint,
            "by_endpoint": vendor.by_endpoint,
        },
        "seconds": round(seconds, 1),
        "worker_restarts": restarts,
    }
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
