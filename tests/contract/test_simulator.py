"""Every operation of the simulator, held against the vendor's documents, in each dialect."""

from typing import Any

import httpx
import pytest

from simulator import DIALECTS, Simulator, SimulatorOptions
from simulator.http.operations import OPERATIONS
from simulator.http.tokens import TokenRequest
from tests.contract.scenario import Json, Scenario
from tools.vendor_contract import Contract, coverage

SIMULATED = {
    f"{method} {path}": operation
    for path, methods in OPERATIONS.items()
    for method, operation in methods.items()
}
TOKEN_OPERATION = "POST /v1.0/OAuth2/tokens"


class Recorder:
    """Sends requests to a simulator, and checks requests and responses."""

    def __init__(self, sim: Simulator, url: str, http: httpx.AsyncClient) -> None:
        self._sim, self._url, self._http = sim, url, http
        self.contract = Contract()
        self.problems: list[str] = []
        self.called: set[str] = set()

    async def request(self, method: str, path: str, values: Json) -> Any:
        key = f"{method} /v1.0{path}"
        self.called.add(key)
        self.problems += self.contract.check_request(key, values, by="the scenario")
        response = await self._http.request(
            method,
            f"{self._url}/v1.0{path}",
            json=values if method == "POST" else None,
            params=values if method == "GET" else None,
            headers={"Authorization": f"Bearer {await self._token(path)}"},
        )
        assert response.status_code in (200, 204), f"{key}: {response.text}"
        if not response.content:
            return {}
        body = response.json()
        self.problems += self.contract.check_response(key, body, by="the simulator")
        return body

    async def _token(self, path: str) -> str:
        response = await self._http.post(
            f"{self._url}/v1.0/OAuth2/tokens",
            json={
                "AccountKey": self._sim.options.account_key,
                "AccountSecret": self._sim.options.account_secret,
                "ApiEndpoint": f"{self._url}/v1.0{path}",
            },
        )
        self.called.add(TOKEN_OPERATION)
        self.problems += self.contract.check_response(
            TOKEN_OPERATION, response.json(), by="the simulator"
        )
        token: str = response.json()["token"]
        return token


async def run_scenario(options: SimulatorOptions) -> Recorder:
    sim = Simulator(options)
    async with sim.serve() as url, httpx.AsyncClient(timeout=10) as http:
        recorder = Recorder(sim, url, http)
        words = {"oas": "Mobile", "bp": "mvno", "any": "Mobile"}
        is_us = options.port_in_date_format == "us"
        scenario = Scenario(
            recorder.request,
            words[options.target_classification],
            "06/01/2026" if is_us else "2026-06-01",
        )
        await scenario.run()
    return recorder


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_responses_of_simulator_are_documented(dialect: str) -> None:
    recorder = await run_scenario(SimulatorOptions.in_dialect(dialect))
    assert recorder.problems == []
    assert recorder.called == {*SIMULATED, TOKEN_OPERATION}


async def test_simulator_shows_all_documented_fields() -> None:
    seen: set[str] = set()
    for dialect in DIALECTS:
        seen |= (await run_scenario(SimulatorOptions.in_dialect(dialect))).contract.seen
    contract = Contract()
    documented = {field for key in contract.operations for field in contract.response_fields(key)}
    assert documented - seen == set(coverage().unshown)


async def test_simulator_offers_the_operations_of_the_contract() -> None:
    assert {*SIMULATED, TOKEN_OPERATION} == set(Contract().operations)


@pytest.mark.parametrize("key", [*SIMULATED, TOKEN_OPERATION])
def test_request_model_of_simulator_has_the_documented_fields(key: str) -> None:
    documented = Contract().operations[key]
    model = SIMULATED[key].request if key in SIMULATED else TokenRequest
    assert set(model.model_fields) == set(documented.request), key
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert required == documented.required, key


async def test_error_bodies_of_simulator_are_documented() -> None:
    for style in ("current", "rfc7807"):
        sim = Simulator(SimulatorOptions(error_body=style))
        async with sim.serve() as url, httpx.AsyncClient(timeout=10) as http:
            body = (await http.get(f"{url}/v1.0/account")).json()
        expected = (
            {"StatusCode", "Message"}
            if style == "current"
            else {"Type", "Title", "Status", "TraceId", "Detail"}
        )
        assert set(body) == expected


def test_disagreement_of_simulator_names_both_sides() -> None:
    problems = Contract().check_response(
        "GET /v1.0/subscribers/guardians/relation/parent",
        {"ParentSubscriberId": "P", "Childs": []},
        by="the simulator",
    )
    assert problems == [
        "GET /v1.0/subscribers/guardians/relation/parent (OAS (object); older reading (array)): "
        "response: the simulator has Childs, which Children does not have"
    ]
