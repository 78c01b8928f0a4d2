"""The keys of a namespace's workers, as fingerprints that workers and clients compare with theirs.

The record is a paused Temporal Schedule without a spec: it never starts anything, is created
atomically, and its note can be read in the Temporal UI. It holds fingerprints, never keys.
"""

import hashlib
import re
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

KEYS_SCHEDULE_ID = "telegent-orchestrator-keys"
UNSET = "not set"
_UNENCRYPTED, _ENCRYPTED = "not encrypted", "encrypted with "
_NOTE = re.compile(
    r"Record of keys, never runs\. Id key: (?P<id_key>not set|[0-9a-f]{16})\. "
    rf"Payloads: ({_UNENCRYPTED}|{_ENCRYPTED}(?P<payload_keys>\S+(, \S+)*))\."
)
UNREADABLE = (RPCStatusCode.NOT_FOUND, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)


def id_key_fingerprint(id_key: str) -> str:
    """A value that differs between id keys and does not reveal them."""
    if not id_key:
        return UNSET
    return hashlib.sha256(b"id key" + id_key.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class KeyRecord:
    """The keys of one process.

    Attributes:
        id_key: Fingerprint of the id key.
        payload_keys: Labels of the payload keys (`PayloadKey.label`), that of the key which
            encrypts first; empty if payloads are not encrypted.
    """

    id_key: str
    payload_keys: tuple[str, ...]

    @classmethod
    def parse(cls, note: str) -> "KeyRecord | None":
        """The record in the note of the schedule; None if the note is no record."""
        found = _NOTE.fullmatch(note)
        if found is None:
            return None
        payload_keys = found["payload_keys"] or ""
        return cls(found["id_key"], tuple(payload_keys.split(", ")) if payload_keys else ())

    @property
    def note(self) -> str:
        """The note of the schedule."""
        payloads = f"{_ENCRYPTED}{self.shown_payload_keys}" if self.payload_keys else _UNENCRYPTED
        return f"Record of keys, never runs. Id key: {self.id_key}. Payloads: {payloads}."

    @property
    def shown_payload_keys(self) -> str:
        """Ids and fingerprints of the payload keys."""
        return ", ".join(self.payload_keys) or "none"

    def can_exchange_payloads(self, other: "KeyRecord") -> bool:
        """Whether each of two processes can read what the other one encrypts."""
        if not (self.payload_keys and other.payload_keys):
            return self.payload_keys == other.payload_keys
        return (
            self.payload_keys[0] in other.payload_keys
            and other.payload_keys[0] in self.payload_keys
        )


async def read_key_record(client: Client) -> KeyRecord | None:
    """The keys of the namespace's workers; None if no worker has recorded them, or if this client
    may not read schedules."""
    try:
        description = await client.get_schedule_handle(KEYS_SCHEDULE_ID).describe()
    except RPCError as error:
        if error.status in UNREADABLE:
            return None
        raise
    return KeyRecord.parse(description.schedule.state.note or "")
