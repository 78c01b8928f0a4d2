"""What a changed request means for lines that exist: line changes, where there are any. Pure."""

from collections.abc import Iterator

from pydantic import JsonValue

from activities.plan import KnownOnboarding
from telegent_orchestrator.line_changes import (
    ChangeFilters,
    ChangeLimits,
    ChangePlan,
    End,
    LineChange,
)
from telegent_orchestrator.lines import CallFilter, LineRequest, MessageFilter
from telegent_orchestrator.onboarding import ExistingPackage, OnboardingRequest
from telegent_orchestrator.plan import LineChangeOffer, ResourceKind
from telegent_orchestrator.progress import StepState

Kind = ResourceKind
FILTERS = ("call_filter", "message_filter")
EDITS = {
    "mode": ("", ""),
    "allowed_numbers": ("allow", "disallow"),
    "blocked_numbers": ("block", "unblock"),
    "allowed_contacts": ("allow", "disallow"),
    "blocked_contacts": ("block", "unblock"),
}
"""The fields of a filter that a line change edits, and how it names additions and removals."""
MODES = ("WHITELIST", "BLACKLIST", "ACTIVE", "MONITOR_ONLY", "INACTIVE")
"""Those that a line change can set: age presets are only for new filters."""
KIND_OF_FIELD = {
    "package": Kind.SUBSCRIPTION,
    "e911_address": Kind.E911_ADDRESS,
    "data_limits": Kind.DATA_LIMITS,
    "renewal": Kind.RENEWAL,
    "call_filter": Kind.CALL_FILTER,
    "message_filter": Kind.MESSAGE_FILTER,
}
"""The resource that a field of a line describes; other fields describe its number."""


def line_differences(existing: LineRequest, wanted: LineRequest) -> list[str]:
    """The fields in which two requests of one line differ."""
    return [
        name
        for name in LineRequest.model_fields
        if getattr(existing, name) != getattr(wanted, name)
    ]


def line_change_offers(
    request: OnboardingRequest, known: KnownOnboarding
) -> Iterator[LineChangeOffer]:
    """The changes of lines in service that bring them to what the request describes."""
    if known.request is None:
        return
    wanted = {line.key: line for line in request.lines}
    for existing in known.request.lines:
        line = known.lines.get(existing.key)
        if line is None or line.state is not StepState.DONE or line.phone_number is None:
            continue
        new = wanted.get(existing.key)
        if new is None:
            yield LineChangeOffer(
                line=existing.key, phone_number=line.phone_number, change=End(kind="end")
            )
        elif differing := line_differences(existing, new):
            package_id = _package_id(new, request, known)
            possible = (_change(existing, new, package_id), _filters(existing, new))
            changes: list[LineChange | None] = [change for change in possible if change] or [None]
            covered = {name for change in possible if change for name in _covered(change)}
            for change in changes:
                yield LineChangeOffer(
                    line=existing.key,
                    phone_number=line.phone_number,
                    change=change,
                    not_covered=[name for name in differing if name not in covered],
                )


def _change(
    existing: LineRequest, wanted: LineRequest, package_id: str | None
) -> LineChange | None:
    """One change for package, product type, limits and renewal."""
    differing = line_differences(existing, wanted)
    limits = wanted.data_limits if "data_limits" in differing else None
    renewal = wanted.renewal if "renewal" in differing else None
    if package_id and not {"package", "product_type"}.isdisjoint(differing):
        return ChangePlan(
            kind="plan",
            package_id=package_id,
            product_type=wanted.product_type if "product_type" in differing else None,
            data_limits=limits,
            renewal=renewal,
        )
    if limits or renewal:
        return ChangeLimits(kind="limits", data_limits=limits, renewal=renewal)
    return None


def _filters(existing: LineRequest, wanted: LineRequest) -> LineChange | None:
    """The edits of both filters; None if there are none, or if they would not be enough."""
    edits = {
        name: edit
        for name in FILTERS
        if (edit := _filter_edit(getattr(existing, name), getattr(wanted, name)))
    }
    return ChangeFilters.model_validate({"kind": "filters", **edits}) if edits else None


def _filter_edit(
    existing: CallFilter | MessageFilter | None, wanted: CallFilter | MessageFilter | None
) -> dict[str, JsonValue] | None:
    """The edit that makes one filter the other: of its mode and lists, or off."""
    if existing is None or wanted is None:
        return {"off": True} if existing else None
    differing = {name for name, value in existing if value != getattr(wanted, name)}
    if not differing or differing - EDITS.keys() or wanted.mode not in MODES:
        return None
    edit: dict[str, JsonValue] = {"mode": wanted.mode} if "mode" in differing else {}
    for name, (added, removed) in EDITS.items():
        before, after = getattr(existing, name, []), getattr(wanted, name, [])
        if name != "mode" and before != after:
            edit[added] = [number for number in after if number not in before]
            edit[removed] = [number for number in before if number not in after]
    return edit


def _covered(change: LineChange) -> set[str]:
    """The fields of a line that a change sets."""
    covered = {
        name
        for name in ("data_limits", "renewal", "product_type", *FILTERS)
        if getattr(change, name, None) is not None
    }
    return covered | ({"package"} if isinstance(change, ChangePlan) else set())


def _package_id(
    line: LineRequest, request: OnboardingRequest, known: KnownOnboarding
) -> str | None:
    """The id of the line's package; None if it would have to be created."""
    package = next(each for each in request.packages if each.key == line.package)
    if isinstance(package, ExistingPackage):
        return package.package_id
    if known.result is None or f"packages.{package.key}" in known.differences:
        return None
    return known.result.package_ids.get(package.key)
