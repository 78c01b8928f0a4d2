"""The vendor's text without the secrets that a losing carrier may quote in it."""

import re
from collections.abc import Iterable

from telegent_orchestrator.port_in import PortInDetails

REDACTED = "***"
_SEPARATOR = re.compile(r"[\s.-]")


def secrets_of(details: PortInDetails) -> tuple[str, ...]:
    """What must not be shown of these details: account number and PIN."""
    return tuple(filter(None, (details.account_number, details.account_pin)))


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced, as it was sent or in groups."""
    for secret in secrets:
        spelt = r"[\s.-]?".join(map(re.escape, _SEPARATOR.sub("", secret)))
        text = re.sub(rf"(?<!\w){spelt}(?!\w)", REDACTED, text, flags=re.IGNORECASE)
    return text
