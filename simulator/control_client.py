"""A client of the control API, for tests and for the commands of `python -m simulator`."""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any


class ControlError(Exception):
    """The simulator is unreachable, or it rejected a control request."""


class SimulatorControl:
    """Controls a simulator that runs, in this process or another.

    Args:
        url: Its base URL.
        timeout: Seconds to wait for a response.

    All methods raise `ControlError`.
    """

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout

    def reject(self, number: str, text: str) -> None:
        """Let the carrier reject the next request for a number with a code or text."""
        self.script_carrier(number, script=f"reject:{text}")

    def silence(self, number: str) -> None:
        """Let the carrier never respond to requests for a number."""
        self.script_carrier(number, script="silent")

    def delay(self, number: str, seconds: float) -> None:
        """Let the carrier respond to later requests for a number with a delay."""
        self.script_carrier(number, delay=seconds)

    def lock(self, number: str) -> None:
        """Lock a number at the losing carrier."""
        self.script_carrier(number, locked=True)

    def unlock(self, number: str) -> None:
        """Unlock a number at the losing carrier."""
        self.script_carrier(number, locked=False)

    def script_carrier(self, number: str, **changes: Any) -> None:
        """Change fields of the carrier's record of a number; see `CarrierRecord`."""
        self.request("POST", "carrier", {"number": number, **changes})

    def lose_response(self, match: str, times: int = 1) -> None:
        """Execute the next matching requests, and cut their connections without a response."""
        self.inject_fault(match, "drop_response", times=times)

    def inject_fault(self, match: str, kind: str, **options: Any) -> None:
        """Inject a fault into requests; see `Fault`."""
        self.request("POST", "faults", {"match": match, "kind": kind, **options})

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.request("DELETE", "faults")

    def script_purchases(self, outcomes: Sequence[str]) -> None:
        """Choose how the orders of the next purchases end; see `PurchaseOutcome`."""
        self.request("POST", "purchases", {"outcomes": list(outcomes)})

    def port_out(self, number: str, pin: str) -> None:
        """Port a number out to a carrier that quotes this port-out PIN."""
        self.request("POST", "port-out", {"number": number, "pin": pin})

    def use_data(self, number: str, megabytes: float) -> None:
        """Set how much data a number has used in its billing period; 0 begins a new one."""
        self.request("POST", "data-usage", {"number": number, "megabytes": megabytes})

    def advance(self, seconds: float) -> None:
        """Advance a manual clock."""
        self.request("POST", "clock/advance", {"seconds": seconds})

    def reset(self) -> None:
        """Discard everything and start as configured."""
        self.request("POST", "reset")

    def ledger(self) -> list[dict[str, Any]]:
        """Return all effects, oldest first."""
        rows: list[dict[str, Any]] = self.request("GET", "ledger")
        return rows

    def requests(self) -> list[dict[str, Any]]:
        """Return all requests received, oldest first."""
        entries: list[dict[str, Any]] = self.request("GET", "requests")
        return entries

    def state(self) -> dict[str, Any]:
        """Return the number of resources of each kind, and the port-in orders."""
        state: dict[str, Any] = self.request("GET", "state")
        return state

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Send a control request and return the JSON of its response."""
        request = urllib.request.Request(  # noqa: S310 - the caller's own simulator
            f"{self._url}/_sim/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise ControlError(_message(error)) from None
        except (OSError, ValueError) as error:
            raise ControlError(f"no simulator at {self._url}: {error}") from error


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"response status {error.code}"
