"""Encryption of payloads: AES-256-GCM with a ring of keys, so that keys can be exchanged.

Needs `pip install telegent-orchestrator[encryption]`: it brings the library `cryptography`.
"""

import base64
import binascii
import dataclasses
import os
import re
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)

ENCODING = b"binary/encrypted"
KEY_BYTES = 32
NONCE_BYTES = 12
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class CodecError(Exception):
    """A payload that cannot be decrypted; the message names the key id and never the content."""


@dataclasses.dataclass(frozen=True)
class PayloadKey:
    """One AES-256 key and the name under which payloads refer to it."""

    id: str
    secret: bytes = dataclasses.field(repr=False)


def parse_key_ring(text: str) -> tuple[PayloadKey, ...]:
    """Read `id:base64key,id2:base64key2`; white space around entries is ignored.

    Raises ValueError that names the entry by position, never by content.
    """
    keys: dict[str, PayloadKey] = {}
    for position, entry in enumerate(text.split(","), start=1):
        key_id, colon, encoded = entry.strip().partition(":")
        if not colon or not _KEY_ID.fullmatch(key_id):
            raise ValueError(
                f"entry {position} must be id:base64key with an id of letters, digits, . _ -"
            )
        try:
            secret = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError(f"the key in entry {position} must be base64") from None
        if len(secret) != KEY_BYTES:
            raise ValueError(f"the key in entry {position} must be {KEY_BYTES} bytes in base64")
        if key_id in keys:
            raise ValueError(f"entry {position} repeats the id of an earlier one")
        keys[key_id] = PayloadKey(key_id, secret)
    return tuple(keys.values())


class EncryptionCodec(PayloadCodec):
    """Encrypts with the first key of the ring, decrypts with whichever key a payload names.

    Payloads that are not encrypted pass through `decode` unchanged, so that a workflow can be
    started with plain JSON from the command line or from another language.
    """

    def __init__(self, keys: Sequence[PayloadKey]) -> None:
        """`keys`: the newest first; keep a retired key as long as payloads under it are read."""
        if not keys:
            raise ValueError("the key ring is empty")
        self._newest = keys[0].id
        self._ciphers = {key.id: AESGCM(key.secret) for key in keys}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Each payload whole, metadata included, as ciphertext under the newest key."""
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Each payload in the clear. Raises CodecError for an unknown key or altered bytes."""
        return [self._decrypt(payload) for payload in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        key_id = self._newest.encode()
        sealed = self._ciphers[self._newest].encrypt(nonce, payload.SerializeToString(), key_id)
        return Payload(
            metadata={"encoding": ENCODING, "encryption-key-id": key_id}, data=nonce + sealed
        )

    def _decrypt(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get("encryption-key-id", b"")
        name = key_id.decode(errors="replace")
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise CodecError(
                f"payload is encrypted with key {name!r}, which is not among the configured keys "
                f"({', '.join(self._ciphers)}); add it to TELEGENT_PAYLOAD_KEYS"
            )
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            # The key id is authenticated too: a payload cannot be relabelled to another key.
            return Payload.FromString(cipher.decrypt(nonce, sealed, key_id))
        except (InvalidTag, ValueError):
            raise CodecError(
                f"payload under key {name!r} cannot be decrypted: it was altered, or it was "
                "encrypted with another key of the same name"
            ) from None


def data_converter(keys: Sequence[PayloadKey]) -> DataConverter:
    """Pydantic models as JSON; with keys also encrypted, failure messages included."""
    if not keys:
        return pydantic_data_converter
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=EncryptionCodec(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
