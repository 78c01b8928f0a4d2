"""The control API under /_sim/: inspect the simulator and control its behaviour."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
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


class UseData(BaseModel):
    """POST data-usage."""

    model_config = ConfigDict(extra="forbid")

    number: str
    megabytes: float = Field(ge=0, allow_inf_nan=False)


class ControlApi:
    """The control API of one simulator."""

    def __init__(self, sim: "Simulator") -> None:
        self._sim = sim

    def routes(self) -> list[Route]:
        """Return its routes. Invalid bodies are rejected with 400."""
        return [
            _route("GET", "/_sim/health", lambda _: {"status": "ok"}),
            _route("GET", "/_sim/ledger", self._ledger),
            _route("GET", "/_sim/requests", self._requests),
            _route("GET", "/_sim/requests/summary", lambda _: summary(self._sim.requests)),
            _route("GET", "/_sim/state", self._state),
            _route("POST", "/_sim/faults", self._add_fault),
            _route("DELETE", "/_sim/faults", self._clear_faults),
            _route("POST", "/_sim/carrier", self._update_carrier),
            _route("POST", "/_sim/purchases", self._script_purchases),
            _route("POST", "/_sim/port-out", self._complete_port_out),
            _route("POST", "/_sim/data-usage", self._use_data),
            _route("POST", "/_sim/clock/advance", self._advance),
            _route("POST", "/_sim/reset", self._reset),
        ]

    def _ledger(self, _: Any) -> Any:
        return [row.as_json() for row in self._sim.ledger.rows]

    def _requests(self, _: Any) -> Any:
        return [entry.as_json() for entry in self._sim.requests]

    def _state(self, _: Any) -> Any:
        self._sim.state.process_due_events()
        state = self._sim.state
        return {
            "now": self._sim.clock.now().isoformat(),
            **{name: len(getattr(state, name)) for name in _COUNTED},
            "ledger_rows": len(state.ledger.rows),
            "port_ins": [
                {"order_id": o.id, "number": o.number, "phase": o.phase, "message": o.message}
                for o in state.orders.values()
                if o.phase
            ],
        }

    def _add_fault(self, body: Any) -> Any:
        self._sim.faults.add(Fault.model_validate(body))
        return {"status": "added"}

    def _clear_faults(self, _: Any) -> Any:
        self._sim.faults.clear()
        return {"status": "cleared"}

    def _update_carrier(self, body: Any) -> Any:
        number, changes = _carrier_change(body)
        self._sim.carrier.update_record(number, changes)
        known = self._sim.carrier.get_record(number)
        return {"number": number, "script": known.script, "locked": known.locked}

    def _script_purchases(self, body: Any) -> Any:
        self._sim.state.purchase_outcomes = list(ScriptPurchases.model_validate(body).outcomes)
        return {"status": "scripted"}

    def _complete_port_out(self, body: Any) -> Any:
        request = CompletePortOut.model_validate(body)
        self._sim.complete_port_out(request.number, request.pin)
        return {"status": "ported_out"}

    def _use_data(self, body: Any) -> Any:
        request = UseData.model_validate(body)
        self._sim.use_data(request.number, request.megabytes)
        return {"status": "used"}

    def _advance(self, body: Any) -> Any:
        clock = self._sim.clock
        if not isinstance(clock, ManualClock):
            raise ValueError("the clock is not manual; start the simulator with --manual-clock")
        clock.advance(AdvanceClock.model_validate(body).seconds)
        self._sim.state.process_due_events()
        return {"now": clock.now().isoformat()}

    def _reset(self, _: Any) -> Any:
        self._sim.reset()
        return {"status": "reset"}


_COUNTED = (
    "accounts",
    "subscribers",
    "message_routes",
    "voice_routes",
    "products",
    "packages",
    "subscriptions",
    "numbers",
    "filters",
    "webhooks",
)


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
