"""Compares a request with what exists, and says what a start would do. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from activities.plan import KnownOnboarding
from activities.support.write_spec import WriteKind
from telegent_orchestrator.lines import LineRequest, LineResult, NewNumber
from telegent_orchestrator.onboarding import (
    ExistingSubscriber,
    NewPackage,
    OnboardingRequest,
    OnboardingResult,
    request_warnings,
)
from telegent_orchestrator.plan import (
    LineChangeOffer,
    OnboardingPlan,
    PlanAction,
    PlannedResource,
    PlanOutcome,
    RequestCapacity,
    ResourceKind,
)
from telegent_orchestrator.progress import StepState
from workflows.onboarding.plan_changes import (
    KIND_OF_FIELD,
    line_change_offers,
    line_differences,
)
from workflows.onboarding.plan_reads import Findings, Found
from workflows.onboarding.plan_resources import Resource, resources_of

Kind = ResourceKind
ARRIVED_REQUESTS = 3
"""A number that arrived in an earlier run is bound, and read before and after."""
DIFFERS = "differs from the existing onboarding"
SHARED = (Kind.DATA_LIMITS, Kind.RENEWAL)
"""Lines with the same values share one request."""


@dataclass(frozen=True)
class Knowledge:
    """What a plan is made of.

    Attributes:
        request: The request.
        known: The onboarding with its reference.
        rejections: Why a worker rejects the request.
        order_webhook: The worker registers its webhook for order updates.
        findings: What Telegent shows.
        capacity: How soon requests can be sent.
        now: The time.
    """

    request: OnboardingRequest
    now: datetime
    known: KnownOnboarding | None = None
    rejections: list[str] = field(default_factory=list)
    order_webhook: bool = False
    findings: Findings = field(default_factory=Findings)
    capacity: RequestCapacity | None = None


def make_plan(knowledge: Knowledge) -> OnboardingPlan:
    """What a start of the request would do."""
    request, known = knowledge.request, knowledge.known
    described = resources_of(request, order_webhook=knowledge.order_webhook)
    offers = list(line_change_offers(request, known)) if known and known.joined else []
    if known and known.joined:
        resources = [_existing(each, knowledge, known, offers) for each in described]
    else:
        resources = list(_to_create(described, knowledge))
    for each in resources:
        if each.kind is Kind.SUBSCRIPTION:
            each.monthly_price = _monthly_price(each.line, knowledge)
    errors = list(knowledge.rejections)
    if known and known.joined and known.differences:
        errors.append(
            f"the onboarding {request.reference} exists and was started with another request; the "
            f"requests differ in: {', '.join(known.differences)}"
        )
    requests = sum(each.requests for each in resources)
    prices = [each.monthly_price for each in resources if each.monthly_price is not None]
    return OnboardingPlan(
        reference=request.reference,
        outcome=_outcome(knowledge, errors),
        resources=resources,
        errors=errors,
        warnings=[*request_warnings(request), *_warnings(described, knowledge)],
        differences=known.differences if known and known.joined else [],
        line_changes=offers,
        requests=requests,
        monthly_price=sum(prices, Decimal(0)) if prices else None,
        capacity=knowledge.capacity,
        earliest_at=_earliest(knowledge.capacity, requests, knowledge.now),
    )


def _outcome(knowledge: Knowledge, errors: list[str]) -> PlanOutcome:
    if errors:
        return PlanOutcome.REFUSE
    if knowledge.known is None:
        return PlanOutcome.START
    return PlanOutcome.JOIN if knowledge.known.joined else PlanOutcome.START_AGAIN


def _earliest(capacity: RequestCapacity | None, requests: int, now: datetime) -> datetime | None:
    """When the last of the requests can be sent, if each call that waits is one request."""
    if capacity is None:
        return None
    waits = max(0, capacity.waiting + requests - capacity.available)
    minutes = waits / capacity.requests_per_minute
    paused = capacity.paused_seconds if requests else 0
    return now + timedelta(minutes=minutes if requests else 0, seconds=paused)


def _to_create(described: Iterable[Resource], knowledge: Knowledge) -> Iterator[PlannedResource]:
    """What a run would do: the first one, or one after a run that did not complete."""
    listed, shared = set[ResourceKind](), dict[tuple[ResourceKind, str], str]()
    for each in described:
        found = knowledge.findings.found.get((each.kind, each.key), Found())
        planned = _planned(each, found, knowledge)
        if each.write.lookup_first and each.given_id is None and each.kind not in listed:
            # One request lists all products, or all packages.
            listed.add(each.kind)
            planned.requests += 1
        if each.kind in SHARED:
            values = (each.kind, _shared_values(each, knowledge.request))
            if first := shared.get(values):
                planned.requests, planned.detail = 0, f"in the request of line {first}"
            shared.setdefault(values, each.line)
        yield planned


def _planned(each: Resource, found: Found, knowledge: Knowledge) -> PlannedResource:
    again = knowledge.known is not None
    planned = PlannedResource(
        kind=each.kind, name=each.name, line=each.line, action=PlanAction.CREATE
    )
    lookups = _lookups(each, knowledge)
    if found.trouble:
        planned.action, planned.detail = found.trouble, found.detail
        planned.requests = lookups
    elif each.given_id:
        planned.action, planned.id = PlanAction.USE, each.given_id
    elif found.id and _would_be_used(each, again=again):
        planned.action, planned.id = PlanAction.USE, found.id
        planned.requests = lookups + (ARRIVED_REQUESTS if each.kind is Kind.PORT_IN else 0)
        if each.write.unique and not again:
            # It is created, which is rejected, and only then looked up.
            planned.requests += 1
    else:
        planned.requests = each.requests + lookups
        if found.id:
            planned.detail = f"{found.id} has this name already"
        elif again and each.write.kind is WriteKind.IDEMPOTENT:
            planned.action, planned.detail = PlanAction.CHANGE, "set again"
    return planned


def _would_be_used(each: Resource, *, again: bool) -> bool:
    """Whether a run would find what exists, rather than create it once more."""
    return again or each.write.lookup_first or each.write.unique


def _lookups(each: Resource, knowledge: Knowledge) -> int:
    """Reads before a create, without the list that several share."""
    request, known = knowledge.request, knowledge.known
    if each.given_id or each.write.lookup_first or each.write.kind is WriteKind.IDEMPOTENT:
        return 0
    exists = knowledge.findings.id_of(each.kind, each.key) is not None
    match each.kind:
        case Kind.NUMBER:
            return _lookups_of_number(each, knowledge)
        case Kind.SUBSCRIBER:
            # The list, and the subscriber.
            return 2 if exists else int(known is not None)
        case Kind.RELATION:
            keys = each.key.split(":")
            both = all(
                isinstance(subscriber, ExistingSubscriber)
                or knowledge.findings.id_of(Kind.SUBSCRIBER, subscriber.key)
                for subscriber in request.subscribers
                if subscriber.key in keys
            )
            return int(both or known is not None)
    return int(known is not None)


def _lookups_of_number(each: Resource, knowledge: Knowledge) -> int:
    """The SIM is read first, and the inventory if the subscriber may have other numbers."""
    request = knowledge.request
    line = next(line for line in request.lines if line.key == each.line)
    assert isinstance(line.number, NewNumber)
    subscriber = next(one for one in request.subscribers if one.key == line.subscriber)
    others = [
        other
        for other in request.lines
        if other.subscriber == line.subscriber and isinstance(other.number, NewNumber)
    ]
    is_first = isinstance(subscriber, ExistingSubscriber) or len(others) > 1
    has_id = knowledge.findings.id_of(Kind.SUBSCRIBER, line.subscriber) is not None
    on_sim = line.number.iccid is not None
    if knowledge.known:
        return 1
    return int(on_sim) + int(is_first or has_id)


def _shared_values(each: Resource, request: OnboardingRequest) -> str:
    line = next(line for line in request.lines if line.key == each.line)
    setting = line.data_limits if each.kind is Kind.DATA_LIMITS else line.renewal
    assert setting is not None
    return setting.model_dump_json()


def _monthly_price(line_key: str, knowledge: Knowledge) -> Decimal | None:
    """The price of the line's package, if it is known and monthly."""
    line = next(line for line in knowledge.request.lines if line.key == line_key)
    package = next(each for each in knowledge.request.packages if each.key == line.package)
    if isinstance(package, NewPackage):
        return package.price if package.monthly else None
    price = knowledge.findings.prices.get(package.key)
    return price.price if price and price.monthly else None


def _warnings(described: Iterable[Resource], knowledge: Knowledge) -> Iterator[str]:
    known, findings = knowledge.known, knowledge.findings
    if known is None:
        for each in described:
            found = findings.id_of(each.kind, each.key)
            if found and not _would_be_used(each, again=False):
                yield (
                    f"{each.kind} {found} has the name {each.name}, and Temporal knows no earlier "
                    "run: a start would create a second one"
                )
    elif known.joined and known.request is None:
        yield "the request of the existing onboarding cannot be read, so nothing was compared"


def _existing(
    each: Resource, knowledge: Knowledge, known: KnownOnboarding, offers: list[LineChangeOffer]
) -> PlannedResource:
    """A resource of an onboarding that is open or has completed."""
    result = known.lines.get(each.line) or LineResult(key=each.line, state=StepState.WAITING)
    planned = PlannedResource(
        kind=each.kind,
        name=each.name,
        line=each.line,
        action=PlanAction.USE,
        id=each.given_id or (_known_id(each, known.result, result) if known.result else None),
    )
    if each.kind in (Kind.NUMBER, Kind.PORT_IN) and (change := known.line_changes.get(each.line)):
        planned.detail = change
    if planned.id is None and not _is_done(each, known, result):
        planned.detail = "not done yet"
    if each.field in known.differences:
        _mark_difference(planned, each, knowledge.request, known, offers)
    return planned


def _mark_difference(
    planned: PlannedResource,
    each: Resource,
    request: OnboardingRequest,
    known: KnownOnboarding,
    offers: list[LineChangeOffer],
) -> None:
    """Shows what differs from the existing onboarding, and whether a line change would set it."""
    lines = {line.key: line for line in known.request.lines} if known.request else {}
    existing = lines.get(each.line)
    if existing is None:
        planned.action, planned.detail = PlanAction.REFUSE, DIFFERS
        return
    wanted = next(line for line in request.lines if line.key == each.line)
    own = {
        name
        for name in line_differences(existing, wanted)
        if KIND_OF_FIELD.get(name, _kind_of_number(wanted)) is each.kind
    }
    if not own:
        return
    offer = next((offer for offer in offers if offer.line == each.line), None)
    if offer and offer.change and own.isdisjoint(offer.not_covered):
        planned.action = PlanAction.CHANGE
        planned.detail = f"{DIFFERS}; a line change sets it"
    else:
        planned.action = PlanAction.REFUSE
        planned.detail = f"{DIFFERS}: {', '.join(sorted(own))}"


def _kind_of_number(line: LineRequest) -> ResourceKind:
    return Kind.NUMBER if isinstance(line.number, NewNumber) else Kind.PORT_IN


def _is_done(each: Resource, known: KnownOnboarding, line: LineResult) -> bool:
    return line.state is StepState.DONE or bool(known.result and known.result.complete)


def _known_id(each: Resource, result: OnboardingResult, line: LineResult) -> str | None:
    ids: dict[ResourceKind, str | None] = {
        Kind.ACCOUNT: result.account_id or None,
        Kind.SUBSCRIBER: result.subscriber_ids.get(each.key),
        Kind.MESSAGE_ROUTE: result.message_route_id,
        Kind.VOICE_ROUTE: result.voice_route_id,
        Kind.PRODUCT: result.product_ids.get(each.key),
        Kind.PACKAGE: result.package_ids.get(each.key),
        Kind.NUMBER: line.phone_number,
        Kind.PORT_IN: line.phone_number,
        Kind.SUBSCRIPTION: line.subscription_id,
        Kind.CALL_FILTER: line.call_filter_id,
        Kind.MESSAGE_FILTER: line.message_filter_id,
    }
    return ids.get(each.kind)
