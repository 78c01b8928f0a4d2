"""The vendor's words without the secrets that a losing carrier may quote in them."""

import re

from telegent_orchestrator.port_in import PortInDetails

REDACTED = "***"
_SEPARATOR = re.compile(r"[\s.-]")


class SecretRedactor:
    """Account numbers and PINs that were sent: also old ones, which may be quoted days later."""

    def __init__(self) -> None:
        self._patterns: set[str] = set()

    def add(self, details: PortInDetails) -> None:
        """What is secret in these details must not be shown from now on."""
        for secret in filter(None, (details.account_number, details.account_pin)):
            # As it was sent, or in groups.
            spelt = r"[\s.-]?".join(map(re.escape, _SEPARATOR.sub("", secret)))
            self._patterns.add(rf"(?<!\w){spelt}(?!\w)")

    def redact(self, text: str) -> str:
        """The words with every secret replaced."""
        for pattern in self._patterns:
            text = re.sub(pattern, REDACTED, text, flags=re.IGNORECASE)
        return text
