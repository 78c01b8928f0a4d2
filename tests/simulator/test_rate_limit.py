from simulator import ManualClock, SimulatorOptions
from tests.simulator.client import SimulatorClient, Start


async def statuses(caller: SimulatorClient, calls: int) -> list[int]:
    url = f"{caller.url}/v1.0/oauth2/tokens"
    return [(await caller.http.post(url, json={})).status_code for _ in range(calls)]


async def test_all_requests_count_in_rolling_minute(start: Start) -> None:
    caller = await start(SimulatorOptions(manual_clock=True, rate_limit=4))
    clock = caller.sim.clock
    assert isinstance(clock, ManualClock)
    token = await caller.token("/distributor/accounts")
    clock.advance(30)
    url = f"{caller.url}/v1.0/distributor/accounts"
    headers = {"Authorization": f"Bearer {token}"}
    assert [(await caller.http.get(url, headers=headers)).status_code for _ in range(4)] == [
        200,
        200,
        200,
        429,
    ]
    refused = await caller.http.get(url, headers=headers)
    assert refused.headers["retry-after"] == "30"
    assert refused.json()["StatusCode"] == 429
    clock.advance(29.9)
    assert (await caller.http.get(url, headers=headers)).status_code == 429
    clock.advance(0.1)
    # Only the token call has left the window, and refused calls never entered it.
    assert await statuses(caller, 2) == [400, 429]


async def test_status_429_without_retry_after_option_has_no_header(start: Start) -> None:
    caller = await start(SimulatorOptions(rate_limit=1, retry_after=False))
    responses = await statuses(caller, 2)
    assert responses == [400, 429]
    last = await caller.http.post(f"{caller.url}/v1.0/oauth2/tokens", json={})
    assert "retry-after" not in last.headers


async def test_no_limit_by_default(caller: SimulatorClient) -> None:
    assert set(await statuses(caller, 60)) == {400}
