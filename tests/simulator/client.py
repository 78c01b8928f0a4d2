"""A bare client for these tests: the vendor's calls with nothing hidden."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from simulator import Simulator, SimulatorOptions

Json = dict[str, Any]


class SimulatorClient:
    """Calls the simulator over its socket; gets a fresh token for every call."""

    def __init__(self, sim: Simulator, url: str, http: httpx.AsyncClient) -> None:
        self.sim = sim
        self.url = url
        self.http = http

    async def token(self, path: str) -> str:
        response = await self.http.post(
            f"{self.url}/v1.0/OAuth2/tokens",
            json={
                "AccountKey": self.sim.options.account_key,
                "AccountSecret": self.sim.options.account_secret,
                "ApiEndpoint": f"{self.url}/v1.0{path}",
            },
        )
        assert response.status_code == 200, response.text
        token: str = response.json()["token"]
        return token

    async def request(
        self, method: str, path: str, body: Any = None, query: Json | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await self.token(path)}"}
        return await self.http.request(
            method, f"{self.url}/v1.0{path}", json=body, params=query, headers=headers
        )

    async def post(self, path: str, **body: Any) -> Any:
        response = await self.request("POST", path, body)
        assert response.status_code == 200, response.text
        return response.json()

    async def get(self, path: str, **query: Any) -> Any:
        response = await self.request("GET", path, query=query)
        assert response.status_code == 200, response.text
        return response.json()

    async def post_rejected(self, path: str, status: int = 400, **body: Any) -> str:
        """Expects a refusal in today's error body and gives its message."""
        response = await self.request("POST", path, body)
        return _message(response, status)

    async def get_rejected(self, path: str, status: int = 400, **query: Any) -> str:
        return _message(await self.request("GET", path, query=query), status)

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        response = await self.http.request(method, f"{self.url}/_sim/{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()


Start = Callable[[SimulatorOptions], Awaitable[SimulatorClient]]
"""Starts a simulator with these options."""


def _message(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"StatusCode", "Message"}
    assert body["StatusCode"] == status
    message: str = body["Message"]
    return message
