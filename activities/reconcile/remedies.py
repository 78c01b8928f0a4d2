"""What resolves a finding: commands to copy, with what Telegent has sent quoted for the shell."""

import shlex
from collections.abc import Mapping

import telegent
from activities.known.lines import KnownLine, KnownPortIn
from telegent_orchestrator._models import PLACEHOLDER
from telegent_orchestrator.port_in import PortState

MAX_OPTIONS = 40
"""Words of one command: a filter may have hundreds of entries."""
REASON = ("--reason", "found by tgo reconcile")


def in_portal(what: str) -> str:
    """The remedy if no command does it."""
    return f"in Telegent's portal: {what}"


def adopt(phone_number: str) -> str:
    """Let the onboarding that a number belongs to find it."""
    start = _tgo("start", PLACEHOLDER)
    return f"{start} (its onboarding adopts the number), or {end(phone_number)}"


def end(phone_number: str) -> str:
    """End a line."""
    return _tgo("line", "end", phone_number, *REASON)


def subscribe(phone_number: str, package_id: str | None) -> str:
    """Start a subscription of a number in service."""
    package = package_id or PLACEHOLDER
    return _tgo("line", "win-back", phone_number, "--package", package, *REASON)


def return_or_close(line: KnownLine, subscription_ids: list[str]) -> str:
    """Bring back a line whose number is not in service any more, or end its charges."""
    back = f"{subscribe(line.phone_number, line.package_id)} (if it was cancelled)"
    if not subscription_ids:
        return back
    return f"{back}, or {close(line.phone_number, subscription_ids)}"


def close(phone_number: str, subscription_ids: list[str]) -> str:
    """Close subscriptions of a number; the next one when the change before it has ended."""
    commands = [
        _tgo("line", "close-subscription", phone_number, "--subscription", each, *REASON)
        for each in subscription_ids or [PLACEHOLDER]
    ]
    return "; ".join(commands)


def see_port_in(row: telegent.Number, port_in: KnownPortIn) -> str:
    """Let a port-in know that its number has arrived."""
    if not port_in.open:
        return f"{_tgo('port-in', 'start', PLACEHOLDER)} (it finds the number, and binds it)"
    action = ["mark_done"]
    if port_in.state == PortState.INFO_REQUIRED:
        # It has no order yet.
        action = ["attach_order", "--order", row.order_id or PLACEHOLDER]
    return _tgo("port-in", "decide", row.number, *action, *REASON)


def set_plan(line: KnownLine) -> str:
    """Set package, product type and routes of a line."""
    options = {
        "--package": line.package_id or PLACEHOLDER,
        "--product-type": line.product_type,
        "--message-route": line.message_route_id,
        "--voice-route": line.voice_route_id,
    }
    return _tgo("line", "plan", line.phone_number, *_given(options), *REASON)


def set_limits(line: KnownLine) -> str:
    """Set the data limits of a line."""
    wanted = line.data_limits
    assert wanted is not None, "others are not compared"
    options = {
        "--limit-mb": wanted.limit_mb,
        "--notify-mb": wanted.notify_mb,
        "--throttle-mb": wanted.throttle_mb,
        "--throttle-speed": wanted.throttle_speed,
    }
    return _tgo("line", "limits", line.phone_number, *_given(options), *REASON)


def swap_sim(line: KnownLine) -> str:
    """Put a line on its SIM."""
    options = {"--iccid": line.iccid, "--authentication": PLACEHOLDER}
    return _tgo("line", "swap-sim", line.phone_number, *_given(options), *REASON)


def turn_guardian_on(line: KnownLine, features: list[str]) -> str:
    """Turn features of AI Guardian on for the subscriber of a line."""
    return _tgo("line", "guardian", line.phone_number, *features, *REASON)


def edit_filters(line: KnownLine, options: list[str]) -> str:
    """Edit or create the filters of a line."""
    if len(options) > MAX_OPTIONS:
        options = [*options[:MAX_OPTIONS], PLACEHOLDER]
    return _tgo("line", "filters", line.phone_number, *options, *REASON)


def _given(options: Mapping[str, str | int | None]) -> list[str]:
    given = [(option, str(value)) for option, value in options.items() if value is not None]
    return [part for pair in given for part in pair]


def _tgo(*arguments: str) -> str:
    # Without quotes, a placeholder is easier to see.
    return f"tgo {shlex.join(arguments)}".replace(shlex.quote(PLACEHOLDER), PLACEHOLDER)
