from datetime import UTC, datetime, timedelta

import pytest

from simulator import ManualClock, SimulatorOptions
from tests.simulator.client import SimulatorClient, Start
from tests.simulator.steps import create_account


async def request_token(
    caller: SimulatorClient, **changes: object
) -> tuple[int, dict[str, object]]:
    body = {
        "AccountKey": caller.sim.options.account_key,
        "AccountSecret": caller.sim.options.account_secret,
        "ApiEndpoint": f"{caller.url}/v1.0/account",
        **changes,
    }
    sent = {key: value for key, value in body.items() if value is not None}
    response = await caller.http.post(f"{caller.url}/v1.0/oauth2/tokens", json=sent)
    return response.status_code, response.json()


async def use(caller: SimulatorClient, token: str, path: str, method: str = "GET") -> int:
    response = await caller.http.request(
        method, f"{caller.url}/v1.0{path}", headers={"Authorization": f"Bearer {token}"}
    )
    return response.status_code


async def test_token_response_has_published_shape(caller: SimulatorClient) -> None:
    status, body = await request_token(caller)
    assert status == 200
    assert set(body) == {"token", "successful", "tokenExpiry"}
    expiry = datetime.strptime(str(body["tokenExpiry"]), "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
    wanted = caller.sim.clock.now() + timedelta(seconds=300)
    assert abs((expiry - wanted).total_seconds()) < 1


@pytest.mark.parametrize("field", ["AccountKey", "AccountSecret"])
async def test_wrong_credentials_are_rejected(caller: SimulatorClient, field: str) -> None:
    status, _ = await request_token(caller, **{field: "wrong"})
    assert status == 401


async def test_token_endpoint_with_query_is_rejected(caller: SimulatorClient) -> None:
    status, body = await request_token(caller, ApiEndpoint=None)
    assert (status, body["Message"]) == (400, "The ApiEndpoint field is required.")
    status, _ = await request_token(
        caller, ApiEndpoint=f"{caller.url}/v1.0/account?AccountId=AID-1"
    )
    assert status == 400


@pytest.mark.parametrize("scope_status", [401, 403])
async def test_token_is_valid_only_for_its_url(start: Start, scope_status: int) -> None:
    caller = await start(SimulatorOptions(scope_status=401 if scope_status == 401 else 403))
    token = await caller.token("/distributor/accounts")
    assert await use(caller, token, "/distributor/accounts") == 200
    assert await use(caller, token, "/distributor/subscribers") == scope_status
    # A trailing slash is another URL, and one that no operation has.
    assert await use(caller, token, "/distributor/accounts/") == 404


async def test_query_is_not_part_of_token_scope(caller: SimulatorClient) -> None:
    account_id = await create_account(caller)
    token = await caller.token("/account")
    assert await use(caller, token, f"/account?AccountId={account_id}") == 200


async def test_missing_unknown_and_expired_tokens_are_401(caller: SimulatorClient) -> None:
    response = await caller.http.get(f"{caller.url}/v1.0/distributor/accounts")
    assert response.status_code == 401
    assert await use(caller, "made-up", "/distributor/accounts") == 401

    token = await caller.token("/distributor/accounts")
    clock = caller.sim.clock
    assert isinstance(clock, ManualClock)
    clock.advance(299)
    assert await use(caller, token, "/distributor/accounts") == 200
    clock.advance(1)
    assert await use(caller, token, "/distributor/accounts") == 401


async def test_unknown_paths_and_methods_are_rejected(caller: SimulatorClient) -> None:
    assert await use(caller, "any", "/numbers/reactivation") == 404
    assert await use(caller, "any", "/account/create", "GET") == 405
    response = await caller.http.get(f"{caller.url}/v1.0/oauth2/tokens")
    assert response.status_code == 405
