"""The control API under /_sim/: inspect the simulator and control its behaviour."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.engine.carrier import CarrierRecord
from simulator.engine.clock import ManualClock
from simulator.engine.faults import Fault
from simulator.http.request_log import summary
from simulator.options import PurchaseOutcome

if TYPE_CHECKING:
    from simulator.simulator import Simulator


class AdvanceClock(BaseModel):
    """POST clock/advance."""

    model_config = ConfigDict(extra="forbid")

    seconds: float


class ScriptPurchases(BaseModel):
    """POST purchases."""

    model_config = ConfigDict(extra="forbid")

    outcomes: list[PurchaseOutcome]


class CompletePortOut(BaseModel):
    """POST port-out."""

    model_config = ConfigDict(extra="forbid")

    number: str
    pin: str


def control_routes(sim: "Simulator") -> list[Route]:
    """Return the routes of the control API of one simulator."""

    def ledger(_: Any) -> Any:
        return [row.as_json() for row in sim.ledger.rows]

    def requests(_: Any) -> Any:
        return [entry.as_json() for entry in sim.requests]

    def counts(_: Any) -> Any:
        return summary(sim.requests)

    def health(_: Any) -> Any:
        return {"status": "ok"}

    def state(_: Any) -> Any:
        sim.state.process_due_events()
        state = sim.state
        return {
            "now": sim.clock.now().isoformat(),
            "accounts": len(state.accounts),
            "subscribers": len(state.subscribers),
            "message_routes": len(state.message_routes),
            "voice_routes": len(state.voice_routes),
            "products": len(state.products),
            "packages": len(state.packages),
            "subscriptions": len(state.subscriptions),
            "numbers": len(state.numbers),
            "filters": len(state.filters),
            "webhooks": len(state.webhooks),
            "ledger_rows": len(state.ledger.rows),
            "port_ins": [
                {"order_id": o.id, "number": o.number, "phase": o.phase, "message": o.message}
                for o in state.orders.values()
                if o.phase
            ],
        }

    def add_fault(body: Any) -> Any:
        sim.faults.add(Fault.model_validate(body))
        return {"status": "added"}

    def clear_faults(_: Any) -> Any:
        sim.faults.clear()
        return {"status": "cleared"}

    def update_carrier(body: Any) -> Any:
        number, changes = _carrier_change(body)
        sim.carrier.update_record(number, changes)
        known = sim.carrier.get_record(number)
        return {"number": number, "script": known.script, "locked": known.locked}

    def script_purchases(body: Any) -> Any:
        sim.state.purchase_outcomes = list(ScriptPurchases.model_validate(body).outcomes)
        return {"status": "scripted"}

    def complete_port_out(body: Any) -> Any:
        request = CompletePortOut.model_validate(body)
        sim.complete_port_out(request.number, request.pin)
        return {"status": "ported_out"}

    def advance(body: Any) -> Any:
        if not isinstance(sim.clock, ManualClock):
            raise ValueError("the clock is not manual; start the simulator with --manual-clock")
        sim.clock.advance(AdvanceClock.model_validate(body).seconds)
        sim.state.process_due_events()
        return {"now": sim.clock.now().isoformat()}

    def reset(_: Any) -> Any:
        sim.reset()
        return {"status": "reset"}

    return [
        _route("GET", "/_sim/health", health),
        _route("GET", "/_sim/ledger", ledger),
        _route("GET", "/_sim/requests", requests),
        _route("GET", "/_sim/requests/summary", counts),
        _route("GET", "/_sim/state", state),
        _route("POST", "/_sim/faults", add_fault),
        _route("DELETE", "/_sim/faults", clear_faults),
        _route("POST", "/_sim/carrier", update_carrier),
        _route("POST", "/_sim/purchases", script_purchases),
        _route("POST", "/_sim/port-out", complete_port_out),
        _route("POST", "/_sim/clock/advance", advance),
        _route("POST", "/_sim/reset", reset),
    ]


def _carrier_change(body: Any) -> tuple[str, dict[str, Any]]:
    fields = ", ".join(CarrierRecord.model_fields)
    if not isinstance(body, dict) or not isinstance(body.get("number"), str):
        raise ValueError(f'send {{"number": "+1..."}} and any of: {fields}')
    return body["number"], {key: value for key, value in body.items() if key != "number"}


def _route(method: str, path: str, handler: Callable[[Any], Any]) -> Route:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        try:
            return JSONResponse(handler(json.loads(raw) if raw else None))
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            text = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults)
            return JSONResponse({"error": text}, status_code=400)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return Route(path, endpoint, methods=[method])
