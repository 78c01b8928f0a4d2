"""The oracle: compares what an onboarding reports with what happened at the vendor."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from resilience.oracle.checks import LedgerChecker, StepRef
from resilience.oracle.ledger import LedgerReader
from resilience.oracle.lines import LineOwner, check_line
from resilience.oracle.reported_state import ReportedState
from simulator import LedgerRow
from telegent_orchestrator.client import OnboardingProgress
from telegent_orchestrator.onboarding import (
    ExistingAccount,
    ExistingPackage,
    ExistingProduct,
    ExistingSubscriber,
    NewMessageRoute,
    NewVoiceRoute,
    OnboardingRequest,
)
from workflows.onboarding.resources import (
    GUARDIAN_STEP,
    MESSAGE_ROUTE_STEP,
    PACKAGES_STEP,
    PRODUCTS_STEP,
    VOICE_ROUTE_STEP,
    subscriber_step,
)
from workflows.onboarding.workflow import ACCOUNT_STEP

STUCK = "neither complete nor failed, and without an escalation: stuck or silent"

Ids = dict[str, str | None]
"""Ids in the ledger by the request's keys; None if the resource does not exist."""


@dataclass(frozen=True)
class InvariantReport:
    """The findings about one onboarding.

    Attributes:
        violations: What is duplicated, lost or wrong.
        escalations: What waits for an operator.
    """

    violations: Sequence[str]
    escalations: Sequence[str]

    @property
    def state(self) -> Literal["ok", "escalated", "violation"]:
        """`ok`: every resource exists exactly once and is reported. `escalated`: what is missing
        waits for an operator, with evidence. `violation`: something is wrong."""
        return "violation" if self.violations else "escalated" if self.escalations else "ok"

    @property
    def stuck(self) -> bool:
        """Whether it has neither ended nor shows that it needs attention."""
        return STUCK in self.violations


def check_invariants(
    request: OnboardingRequest,
    rows: Iterable[LedgerRow],
    progress: OnboardingProgress,
    rejections: Mapping[str, Sequence[str]] | None = None,
) -> InvariantReport:
    """Check an onboarding that was the only one of its simulator.

    Args:
        request: What was requested.
        rows: The ledger, read after `progress`, so that it holds whatever is reported.
        progress: What the onboarding reports.
        rejections: The carrier's expected rejections by ported number, each with one correction.
    """
    ledger = LedgerReader(rows)
    report = check_shared_ledger(request, ledger, progress, rejections)
    return InvariantReport([*report.violations, *ledger.unclaimed], report.escalations)


def check_shared_ledger(
    request: OnboardingRequest,
    ledger: LedgerReader,
    progress: OnboardingProgress,
    rejections: Mapping[str, Sequence[str]] | None = None,
) -> InvariantReport:
    """As `check_invariants`, for a ledger that several onboardings share.

    Claims this onboarding's rows. When all onboardings are checked, `ledger.unclaimed` has the
    effects that no request asked for.
    """
    reported = ReportedState(progress)
    checker = LedgerChecker(
        ledger, reported, [*reported.failures, *reported.unjustified_escalations]
    )
    if not (reported.complete or reported.open_escalations or reported.failures):
        checker.violations.append(STUCK)
    account_id = _check_account(checker, request)
    subscribers = _check_subscribers(checker, request, account_id)
    message_route_id, voice_route_id = _check_routes(checker, request, account_id)
    packages = _check_packages(checker, request, _check_products(checker, request))
    # Lines that name their number or SIM go first; the others take what remains.
    for line in sorted(request.lines, key=lambda line: not reported.line(line.key).phone_number):
        owner = LineOwner(
            account_id,
            subscribers[line.subscriber],
            packages[line.package],
            message_route_id,
            voice_route_id,
        )
        check_line(checker, line, owner, rejections or {})
    for subscriber in request.subscribers:
        if isinstance(subscriber, ExistingSubscriber):
            continue  # It may have the numbers of others.
        key = subscriber.key
        for row in ledger.claim("number.provisioned", {"subscriber_id": subscribers[key]}):
            if row.data["number"] not in reported.evidence:
                checker.violations.append(
                    f"duplicate: {key} has {row.data['number']}, which belongs to no line"
                )
    return InvariantReport(checker.violations, reported.open_escalations)


def check_webhooks(ledger: LedgerReader) -> list[str]:
    """Claim all webhooks. Returns a sentence for each that an account has more than once."""
    rows = ledger.claim("webhook.created", {})
    counts = Counter((row.data["account_id"], row.data["url"]) for row in rows)
    return [
        f"duplicate: account {account} has {count} webhooks for {url}"
        for (account, url), count in counts.items()
        if count > 1
    ]


def _check_account(checker: LedgerChecker, request: OnboardingRequest) -> str | None:
    account = request.account
    if isinstance(account, ExistingAccount):
        return account.account_id
    name = {"name": f"{account.name} ({request.reference})"}
    step_ref, reported_id = StepRef(ACCOUNT_STEP), checker.reported.result.account_id or None
    return checker.expect_one("account", "account.created", step_ref, name, {}, reported_id)


def _check_subscribers(
    checker: LedgerChecker, request: OnboardingRequest, account_id: str | None
) -> Ids:
    subscribers: Ids = {}
    for subscriber in request.subscribers:
        if isinstance(subscriber, ExistingSubscriber):
            subscribers[subscriber.key] = subscriber.subscriber_id
        else:
            subscribers[subscriber.key] = checker.expect_one(
                f"subscriber {subscriber.key}",
                "subscriber.created",
                StepRef(subscriber_step(subscriber.key)),
                {"email": subscriber.email},
                {"account_id": account_id, "role": subscriber.role},
                checker.reported.result.subscriber_ids.get(subscriber.key),
            )
        if subscriber.guardian:
            checker.expect_last(
                f"AI Guardian of {subscriber.key}",
                "guardian.features_set",
                StepRef(GUARDIAN_STEP),
                {"subscriber_id": subscribers[subscriber.key]},
                {"calls": True, "messages": True},
            )
    for relation in request.relations:
        checker.expect_unreported(
            f"relation of {relation.parent} and {relation.child}",
            "guardian.related",
            StepRef(GUARDIAN_STEP),
            {
                "parent_id": subscribers[relation.parent],
                "child_id": subscribers[relation.child],
                "relation": relation.relation,
            },
            "child_id",
        )
    return subscribers


def _check_routes(
    checker: LedgerChecker, request: OnboardingRequest, account_id: str | None
) -> tuple[str | None, str | None]:
    message, voice, result = request.routes.message, request.routes.voice, checker.reported.result
    owner = {"account_id": account_id}
    if isinstance(message, NewMessageRoute):
        name = {"name": f"{message.name} ({request.reference})"}
        step_ref, reported_id = StepRef(MESSAGE_ROUTE_STEP), result.message_route_id
        message_id = checker.expect_one(
            "message route", "message_route.created", step_ref, name, owner, reported_id
        )
    else:
        message_id = message.message_route_id
    if isinstance(voice, NewVoiceRoute):
        name = {"name": f"{voice.name} ({request.reference})"}
        step_ref, reported_id = StepRef(VOICE_ROUTE_STEP), result.voice_route_id
        voice_id = checker.expect_one(
            "voice route", "voice_route.created", step_ref, name, owner, reported_id
        )
    else:
        voice_id = voice.voice_route_id if voice else None
    return message_id, voice_id


def _check_products(checker: LedgerChecker, request: OnboardingRequest) -> Ids:
    products: Ids = {}
    for product in request.products:
        if isinstance(product, ExistingProduct):
            products[product.key] = product.product_id
        else:
            products[product.key] = checker.expect_one(
                f"product {product.key}",
                "product.created",
                StepRef(PRODUCTS_STEP),
                {"sku": product.sku},
                {},
                checker.reported.result.product_ids.get(product.key),
            )
    return products


def _check_packages(checker: LedgerChecker, request: OnboardingRequest, products: Ids) -> Ids:
    packages: Ids = {}
    for package in request.packages:
        if isinstance(package, ExistingPackage):
            packages[package.key] = package.package_id
            continue
        items = [products[item.product] for item in package.items]
        packages[package.key] = checker.expect_one(
            f"package {package.key}",
            "package.created",
            StepRef(PACKAGES_STEP),
            {"name": package.name},
            {"price": float(package.price), "product_ids": items},
            checker.reported.result.package_ids.get(package.key),
        )
        for product_id in items:
            checker.expect_unreported(
                f"product in package {package.key}",
                "package_item.created",
                StepRef(PACKAGES_STEP),
                {"package_id": packages[package.key], "product_id": product_id},
                "package_item_id",
            )
    return packages
