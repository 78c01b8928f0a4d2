"""`tgo line limits`, `plan`, `swap-sim`, `change-number`: what a line has at Telegent."""

from typing import Annotated, Literal

import typer
from pydantic import JsonValue

from telegent_orchestrator.cli.commands.line import Line, change_line
from telegent_orchestrator.cli.input import By, Reason
from telegent_orchestrator.cli.output import AsJsonLines
from telegent_orchestrator.cli.watching import Watch
from telegent_orchestrator.lines import ProductType

MessageRoute = Annotated[
    str | None,
    typer.Option(
        "--message-route",
        help="Id of the route, if the new product type needs one and the number has none.",
    ),
]
VoiceRoute = Annotated[
    str | None,
    typer.Option(
        "--voice-route",
        help="Id of the route, if the new product type needs one and the number has none.",
    ),
]
LimitMb = Annotated[
    int | None,
    typer.Option("--limit-mb", help="Stop data after this many MB. Required with another limit."),
]
NotifyMb = Annotated[
    int | None,
    typer.Option(
        "--notify-mb", help="Notify after this many MB; less than --throttle-mb and --limit-mb."
    ),
]
ThrottleMb = Annotated[
    int | None,
    typer.Option("--throttle-mb", help="Throttle after this many MB; less than --limit-mb."),
]
ThrottleSpeed = Annotated[
    str | None,
    typer.Option("--throttle-speed", help="Speed after --throttle-mb, such as 128-kbps or 1-mbps."),
]
RenewEvery = Annotated[
    Literal["month", "week"] | None,
    typer.Option(
        "--renew-every",
        help="Period after which the used data is reset. Default, if --renew-day or --reset-now is "
        "given: month.",
    ),
]
RenewDay = Annotated[
    int | None,
    typer.Option(
        "--renew-day",
        help="Day of the month (1-31) or of the week (1-7; Telegent does not say which day is "
        "1). Default: 1.",
    ),
]
Authentication = Annotated[
    str,
    typer.Option(
        "--authentication",
        help="Id, in your records, of the proof that you authenticated the subscriber; no personal "
        "data.",
    ),
]
ResetNow = Annotated[
    bool,
    typer.Option(
        "--reset-now",
        help="Also reset the used data now. This sets the renewal, too: to every month on day 1, "
        "unless you give another.",
    ),
]
AtRenewal = Annotated[
    int | None,
    typer.Option(
        "--at-renewal",
        metavar="DAY",
        min=1,
        max=31,
        help="Wait for the next renewal of the line, on this day of the month: Telegent does not "
        "show it. Default: change the plan now.",
    ),
]


def limits(
    context: typer.Context,
    line: Line,
    reason: Reason,
    limit_mb: LimitMb = None,
    notify_mb: NotifyMb = None,
    throttle_mb: ThrottleMb = None,
    throttle_speed: ThrottleSpeed = None,
    renew_every: RenewEvery = None,
    renew_day: RenewDay = None,
    reset_now: ResetNow = False,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Replace the data limits of a line, its renewal (when its used data is reset), or both.

    --limit-mb replaces all data limits: those that you do not give are removed.
    """
    change: dict[str, JsonValue] = {
        "kind": "limits",
        "data_limits": _data_limits(limit_mb, notify_mb, throttle_mb, throttle_speed),
        "renewal": _renewal(renew_every, renew_day, reset_now),
    }
    change_line(context.obj, line, change, reason, by, watch, as_json)


def plan(
    context: typer.Context,
    line: Line,
    reason: Reason,
    package: Annotated[str, typer.Option("--package", help="Telegent's id of the new package.")],
    subscription: Annotated[
        str | None,
        typer.Option(
            "--subscription",
            help="Telegent's id of the subscription; needed only if the number has several.",
        ),
    ] = None,
    product_type: Annotated[
        ProductType | None,
        typer.Option("--product-type", help="What the number can do from now on."),
    ] = None,
    message_route: MessageRoute = None,
    voice_route: VoiceRoute = None,
    limit_mb: LimitMb = None,
    notify_mb: NotifyMb = None,
    throttle_mb: ThrottleMb = None,
    throttle_speed: ThrottleSpeed = None,
    renew_every: RenewEvery = None,
    renew_day: RenewDay = None,
    reset_now: ResetNow = False,
    at_renewal: AtRenewal = None,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Change the package of a line, and if given, product type, data limits and renewal.

    --limit-mb replaces all data limits: those that you do not give are removed.
    """
    change: dict[str, JsonValue] = {
        "kind": "plan",
        "package_id": package,
        "subscription_id": subscription,
        "product_type": product_type.value if product_type else None,
        "message_route_id": message_route,
        "voice_route_id": voice_route,
        "data_limits": _data_limits(limit_mb, notify_mb, throttle_mb, throttle_speed),
        "renewal": _renewal(renew_every, renew_day, reset_now),
    }
    change_line(context.obj, line, change, reason, by, watch, as_json, at_renewal)


def swap_sim(
    context: typer.Context,
    line: Line,
    reason: Reason,
    authentication: Authentication,
    iccid: Annotated[
        str | None,
        typer.Option("--iccid", help="ICCID of the new physical SIM. Default: a new eSIM."),
    ] = None,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Move a line to another SIM. The old SIM stops working immediately."""
    change: dict[str, JsonValue] = {
        "kind": "swap_sim",
        "iccid": iccid,
        "authentication_reference": authentication,
    }
    change_line(context.obj, line, change, reason, by, watch, as_json)


def change_number(
    context: typer.Context,
    line: Line,
    reason: Reason,
    authentication: Authentication,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Use Telegent's 'replace': a number of any area, or of --area-code. Default: its "
            "'swap', a number of the same area.",
        ),
    ] = False,
    area_code: Annotated[
        str | None, typer.Option("--area-code", help="Area to take it from; with --replace.")
    ] = None,
    zip_code: Annotated[
        str | None,
        typer.Option(
            "--zip-code",
            help="Where to take it from if --area-code has no number; with --replace.",
        ),
    ] = None,
    by: By = None,
    watch: Watch = False,
    as_json: AsJsonLines = False,
) -> None:
    """Give a line another number, which Telegent chooses; the line keeps its SIM."""
    change: dict[str, JsonValue] = {
        "kind": "number",
        "method": "replace" if replace else "swap",
        "area_code": area_code,
        "zip_code": zip_code,
        "authentication_reference": authentication,
    }
    change_line(context.obj, line, change, reason, by, watch, as_json)


def _data_limits(
    limit_mb: int | None, notify_mb: int | None, throttle_mb: int | None, speed: str | None
) -> JsonValue:
    return _given(
        limit_mb=limit_mb, notify_mb=notify_mb, throttle_mb=throttle_mb, throttle_speed=speed
    )


def _renewal(every: str | None, day: int | None, reset_now: bool) -> JsonValue:
    return _given(every=every, day=day, reset_now=reset_now or None)


def _given(**values: JsonValue) -> JsonValue:
    """The values that were given; None if none was."""
    return {name: value for name, value in values.items() if value is not None} or None
