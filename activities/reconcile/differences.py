"""How the settings of a line at Telegent differ from those that were last requested."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import telegent
from activities.known.lines import KnownLine
from activities.reconcile import remedies
from telegent_orchestrator.lines import CallFilter, MessageFilter
from telegent_orchestrator.reconcile import Finding, FindingKind

GUARDIAN_IS_OFF = "AI Guardian is off for {} of the subscriber"


@dataclass(frozen=True)
class GuardianSettings:
    """AI Guardian of a line. What could not be read is None.

    Attributes:
        features: Those of its subscriber.
    """

    features: telegent.GuardianFeatureFlags | None
    call_filters: list[telegent.CallFilter] | None
    message_filters: list[telegent.MessageFilter] | None


def binding(
    line: KnownLine, row: telegent.Number, subscription: telegent.Subscription | None
) -> Iterator[Finding]:
    """What the number is bound to, and the package of its subscription."""
    product_type, voice = line.product_type, bool(line.product_type and line.product_type.voice)
    plan = [
        # Neither the vendor's sample of details nor every list shows it.
        *_unequal_word("product type", row.product_type and product_type, row.product_type),
        *_unequal_id("message route", line.message_route_id, row.message_route_id),
        *_unequal_id("voice route", line.voice_route_id if voice else None, row.voice_route_id),
    ]
    if subscription:
        plan += _unequal_id("package", line.package_id, subscription.package_id)
    owner = _unequal_id("subscriber", line.subscriber_id, row.assigned_subscriber_id)
    sim = []
    if line.iccid and not telegent.same_iccid(line.iccid, row.iccid):
        sim.append(f"SIM is {row.iccid or 'none'}, not {line.iccid}")
    resolutions = []
    if owner:
        resolutions.append(remedies.in_portal(f"assign the number to {line.subscriber_id}"))
    if sim:
        resolutions.append(remedies.swap_sim(line))
    if plan:
        resolutions.append(remedies.set_plan(line))
    if resolutions:
        yield _finding(
            FindingKind.BINDING_DIFFERS, line, owner + sim + plan, "; ".join(resolutions)
        )


def limits(line: KnownLine, shown: telegent.DataUsageNumber | None) -> Iterator[Finding]:
    """The data limits. The speed is not compared: it is shown in a spelling of the carrier."""
    wanted = line.data_limits
    if wanted is None or shown is None:
        return
    pairs = {
        "limit": (wanted.limit_mb, shown.limit_value),
        "notify": (wanted.notify_mb, shown.notify_value),
        "throttle": (wanted.throttle_mb, shown.throttle_value),
    }
    unit = shown.value_unit or "MB"
    differing = [
        f"{name} is {value if value is not None else 'not set'} {unit}, not {expected} MB"
        for name, (expected, value) in pairs.items()
        if expected is not None and (value != expected or unit.upper() != "MB")
    ]
    if differing:
        yield _finding(FindingKind.LIMITS_DIFFER, line, differing, remedies.set_limits(line))


def guardian(line: KnownLine, shown: GuardianSettings | None) -> Iterator[Finding]:
    """The filters of the number, and whether AI Guardian is on for its subscriber."""
    if shown is None:
        return
    differing: list[str] = []
    turn_on: list[str] = []
    edits: list[str] = []
    on = shown.features
    if calls := line.call_filter:
        if on and line.calls_on and on.enable_intelligent_guardian_calls is False:
            differing.append(GUARDIAN_IS_OFF.format("calls"))
            turn_on.append("--calls")
        if shown.call_filters is not None:
            found = _compared(calls, shown.call_filters)
            differing += found.differing("call")
            edits += found.options("call")
    if messages := line.message_filter:
        if on and line.messages_on and on.enable_intelligent_guardian_messages is False:
            differing.append(GUARDIAN_IS_OFF.format("messages"))
            turn_on.append("--messages")
        if shown.message_filters is not None:
            found = _compared(messages, shown.message_filters)
            differing += found.differing("message")
            edits += found.options("message")
    if differing:
        resolutions = []
        if turn_on:
            resolutions.append(remedies.turn_guardian_on(line, turn_on))
        if edits:
            resolutions.append(remedies.edit_filters(line, edits))
        yield _finding(FindingKind.GUARDIAN_DIFFERS, line, differing, "; ".join(resolutions))


@dataclass(frozen=True)
class _FilterDifference:
    """How a filter differs. What was not compared is empty.

    Attributes:
        mode: The mode as requested, if it differs.
        missing: Entries that the lists lack, by the option that adds them.
        extra: Entries that the lists have in addition, by the option that removes them.
    """

    exists: bool
    mode: str = ""
    shown_mode: str = ""
    missing: dict[str, list[str]] = field(default_factory=dict)
    extra: dict[str, list[str]] = field(default_factory=dict)

    def differing(self, kind: str) -> list[str]:
        """Sentences. Entries are only counted: they are the numbers of others."""
        if not self.exists:
            return [f"there is no {kind} filter"]
        found = []
        if self.mode:
            found.append(f"mode of the {kind} filter is {self.shown_mode}, not {self.mode}")
        lacks, more = (sum(map(len, part.values())) for part in (self.missing, self.extra))
        if lacks or more:
            found.append(f"lists of the {kind} filter: {lacks} are missing, {more} are too many")
        return found

    def options(self, kind: str) -> list[str]:
        """Those of `tgo line filters` that make it as requested."""
        edits = self.missing | self.extra
        return [
            *([f"--{kind}-mode", self.mode] if self.mode else ()),
            *(
                part
                for option, numbers in edits.items()
                for number in numbers
                for part in (f"--{kind}-{option}", number)
            ),
        ]


def _compared(
    wanted: CallFilter | MessageFilter,
    shown: list[telegent.CallFilter] | list[telegent.MessageFilter],
) -> _FilterDifference:
    allowed, blocked = _lists(wanted)
    if not shown:
        missing = {"allow": allowed, "block": blocked}
        return _FilterDifference(exists=False, mode=wanted.mode, missing=missing)
    found = shown[0]
    has_allowed, has_blocked = _lists(found)
    same = wanted.mode.casefold() == (found.filter_mode or "").casefold()
    return _FilterDifference(
        exists=True,
        mode="" if same else wanted.mode,
        shown_mode=found.filter_mode or "none",
        missing={"allow": _without(allowed, has_allowed), "block": _without(blocked, has_blocked)},
        extra={
            "disallow": _without(has_allowed, allowed),
            "unblock": _without(has_blocked, blocked),
        },
    )


def _lists(
    of: CallFilter | MessageFilter | telegent.CallFilter | telegent.MessageFilter,
) -> tuple[list[str], list[str]]:
    """The allowed and the blocked numbers of a filter."""
    if isinstance(of, CallFilter | telegent.CallFilter):
        return of.allowed_numbers or [], of.blocked_numbers or []
    return of.allowed_contacts or [], of.blocked_contacts or []


def _without(some: list[str], others: list[str]) -> list[str]:
    return sorted(set(some) - set(others))


def _unequal_id(name: str, expected: str | None, shown: str | None) -> list[str]:
    """A sentence, unless the ids are the same in any spelling of the vendor's."""
    if expected is None or telegent.same_id(expected, shown):
        return []
    return [f"{name} is {shown or 'none'}, not {expected}"]


def _unequal_word(name: str, expected: str | None, shown: str | None) -> list[str]:
    """A sentence, unless the words are the same: the vendor spells them in upper or lower case."""
    if expected is None or expected.casefold() == (shown or "").casefold():
        return []
    return [f"{name} is {shown or 'none'}, not {expected}"]


def _finding(kind: FindingKind, line: KnownLine, differing: list[str], remedy: str) -> Finding:
    return Finding(
        kind=kind,
        phone_number=line.phone_number,
        line=line.label,
        detail="; ".join(differing),
        remedy=remedy,
        workflow_id=line.workflow_id,
    )
