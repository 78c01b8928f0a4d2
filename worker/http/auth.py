"""What our HTTP servers ask of a request before they act on it: who sent it, and how long it is."""

import base64
import hmac
from collections.abc import Mapping

from starlette.requests import Request


def basic_header(name: str, password: str) -> bytes:
    """The Authorization header of a user with a password."""
    return b"basic " + base64.b64encode(f"{name}:{password}".encode())


def bearer_header(token: str) -> bytes:
    """The Authorization header of whoever holds this token."""
    return b"bearer " + token.encode()


def authenticate(request: Request, accepted: Mapping[bytes, str]) -> str | None:
    """Whose credentials came with the request; None when they are wrong or missing.

    `accepted`: names by Authorization header, as `basic` and `bearer` write it.
    """
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    header = f"{scheme.lower()} {credentials.strip()}".encode("latin-1")
    # All are compared, so that the time taken does not tell which one was close.
    names = [
        name
        for accepted_header, name in accepted.items()
        if hmac.compare_digest(header, accepted_header)
    ]
    return names[0] if names else None


async def read_body(request: Request, max_bytes: int) -> bytes | None:
    """The body; None as soon as it is longer than `limit` bytes, without reading the rest.

    Raises ClientDisconnect.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            return None
    return bytes(body)
