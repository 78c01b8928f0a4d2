"""Authentication and body limits of our HTTP servers."""

import base64
import hmac
from collections.abc import Mapping

from starlette.requests import Request


def basic_header(name: str, password: str) -> bytes:
    """The Authorization header of a user name and password."""
    return b"basic " + base64.b64encode(f"{name}:{password}".encode())


def bearer_header(token: str) -> bytes:
    """The Authorization header of a bearer token."""
    return b"bearer " + token.encode()


def authenticate(request: Request, accepted: Mapping[bytes, str]) -> str | None:
    """Check the credentials of a request.

    Args:
        request: The request.
        accepted: Names by Authorization header, as `basic_header` and `bearer_header` return it.

    Returns:
        The name, or None if the credentials are wrong or missing.
    """
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    header = f"{scheme.lower()} {credentials.strip()}".encode("latin-1")
    # All are compared, so that the time taken does not reveal which one was close.
    names = [
        name
        for accepted_header, name in accepted.items()
        if hmac.compare_digest(header, accepted_header)
    ]
    return names[0] if names else None


async def read_body(request: Request, max_bytes: int) -> bytes | None:
    """Read the body of a request.

    Returns:
        The body, or None if it is longer than `max_bytes`; the rest is not read then.

    Raises:
        ClientDisconnect: The client closed the connection.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            return None
    return bytes(body)
