"""A watcher waits while Temporal is unavailable, and fails at once on a permanent error."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from temporalio.service import RPCError, RPCStatusCode

from telegent_orchestrator.client._polling import TRANSIENT_CODES, poll_changes

SOON = timedelta(0)
Poll = Callable[[], Awaitable[tuple[str, bool]]]


def refused(status: RPCStatusCode) -> RPCError:
    return RPCError("no", status, b"")


def polls(*responses: str | Exception) -> Poll:
    """Sees these, one after the other; with the last one it is over."""
    remaining = list(responses)

    async def poll() -> tuple[str, bool]:
        response = remaining.pop(0)
        if isinstance(response, Exception):
            raise response
        return response, not remaining

    return poll


async def test_changes_are_yielded_once_up_to_the_end() -> None:
    poll = polls("begun", "begun", "half", "half", "done", "done")
    assert [now async for now in poll_changes(poll, SOON, None)] == ["begun", "half", "done"]


@pytest.mark.parametrize("status", sorted(TRANSIENT_CODES))
async def test_transient_errors_are_reported_once_and_retried(status: RPCStatusCode) -> None:
    away = refused(status)
    reported: list[Exception] = []
    poll = polls(away, "begun", away, away, TimeoutError(), "done")
    assert [now async for now in poll_changes(poll, SOON, reported.append)] == ["begun", "done"]
    assert reported == [away, away]


@pytest.mark.parametrize(
    "status",
    [
        RPCStatusCode.NOT_FOUND,
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.INVALID_ARGUMENT,
    ],
)
async def test_permanent_error_is_raised(status: RPCStatusCode) -> None:
    seen = poll_changes(polls("begun", refused(status)), SOON, None)
    assert await anext(seen) == "begun"
    with pytest.raises(RPCError) as raised:
        await anext(seen)
    assert raised.value.status is status
