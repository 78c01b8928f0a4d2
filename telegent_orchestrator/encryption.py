"""Encryption of payloads: AES-256-GCM with a ring of keys, so that keys can be rotated.

Needs the extra `encryption` of this package, which installs the library `cryptography`.
"""

import base64
import binascii
import dataclasses
import hashlib
import os
import re
from collections.abc import Sequence
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    PayloadConverter,
    SerializationContext,
)
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

ENCODING = b"binary/encrypted"
KEY_BYTES = 32
NONCE_BYTES = 12
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class CodecError(Exception):
    """A payload cannot be decrypted; the message names the key id and never the content."""


class MissingKeyError(CodecError):
    """The key of a payload is not configured; with the key it can be decrypted."""


@dataclasses.dataclass(frozen=True)
class PayloadKey:
    """One AES-256 key and the id by which payloads refer to it."""

    id: str
    secret: bytes = dataclasses.field(repr=False)

    @property
    def fingerprint(self) -> bytes:
        """Distinguishes keys with the same id, without revealing the secret."""
        return hashlib.sha256(b"payload key" + self.secret).hexdigest()[:16].encode()

    @property
    def label(self) -> str:
        """Id and fingerprint, as logs and commands show them."""
        return f"{self.id}:{self.fingerprint.decode()}"


def parse_key_ring(text: str) -> tuple[PayloadKey, ...]:
    """Read `id:base64key,id2:base64key2`; white space around entries is ignored.

    Raises:
        ValueError: An entry is invalid; the message has its position, never its content.
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
    """Encrypts with the first key of the ring, and decrypts with the key that a payload names.

    `decode` leaves unencrypted payloads unchanged, so that a workflow can be started with plain
    JSON from Temporal's command line or another language. Without keys nothing is encrypted, and
    encrypted payloads are rejected.
    """

    def __init__(self, keys: Sequence[PayloadKey]) -> None:
        """`keys`: the newest first; keep a retired key while payloads under it are read."""
        self._newest = keys[0] if keys else None
        self._keys = {key.id: key for key in keys}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload with its metadata under the newest key."""
        if self._newest is None:
            return list(payloads)
        return [_encrypt(payload, self._newest) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt each payload.

        Raises:
            MissingKeyError: The key is not in the ring.
            CodecError: The payload was altered.
        """
        return [self.decode_one(payload) for payload in payloads]

    def decode_one(self, payload: Payload) -> Payload:
        """Decrypt one payload; raises as `decode` does."""
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get("encryption-key-id", b"")
        name = key_id.decode(errors="replace")[:64]
        fingerprint = payload.metadata.get("encryption-key-fingerprint")
        key = self._keys.get(name)
        if key is None:
            raise MissingKeyError(
                f"payload is encrypted with key {name!r}, which is not among the configured keys "
                f"({', '.join(self._keys) or 'none'}); add it to TELEGENT_PAYLOAD_KEYS"
            )
        if fingerprint is None:
            raise CodecError(f"payload under key {name!r} lacks the fingerprint of the key")
        if fingerprint != key.fingerprint:
            raise MissingKeyError(
                f"payload is encrypted with another key of the name {name!r} than the one in "
                "TELEGENT_PAYLOAD_KEYS; every process must have the same key under the same name"
            )
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            # The key id is authenticated too: a payload cannot be relabelled to another key.
            return Payload.FromString(AESGCM(key.secret).decrypt(nonce, sealed, key_id))
        # Too short, altered, or the plaintext is no payload.
        except (InvalidTag, ValueError, DecodeError):
            raise CodecError(f"payload under key {name!r} was altered") from None


def _encrypt(payload: Payload, key: PayloadKey) -> Payload:
    nonce, key_id = os.urandom(NONCE_BYTES), key.id.encode()
    sealed = AESGCM(key.secret).encrypt(nonce, payload.SerializeToString(), key_id)
    return Payload(
        metadata={
            "encoding": ENCODING,
            "encryption-key-id": key_id,
            "encryption-key-fingerprint": key.fingerprint,
        },
        data=nonce + sealed,
    )


class BenignFailureConverter(DefaultFailureConverter):
    """Leaves out the stack trace of benign failures such as "not yet, next poll at …".

    In the Temporal UI a stack trace would look like a defect.
    """

    def to_failure(
        self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        """See the base class."""
        benign = ApplicationErrorCategory.BENIGN
        if isinstance(exception, ApplicationError) and exception.category is benign:
            exception = exception.with_traceback(None)
        super().to_failure(exception, payload_converter, failure)


class EncodedBenignFailureConverter(
    BenignFailureConverter, DefaultFailureConverterWithEncodedAttributes
):
    """The same, with messages in attributes that the codec encrypts.

    The message of a CodecError stays readable: its readers may lack the key, and it never has
    content.
    """

    def to_failure(
        self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        """See the base class."""
        super().to_failure(exception, payload_converter, failure)
        if isinstance(exception, CodecError):
            failure.ClearField("encoded_attributes")
            failure.message = str(exception)


_SHARED_CONVERTERS = tuple(PydanticPayloadConverter().converters.values())


class SharedPayloadConverter(CompositePayloadConverter):
    """Converts pydantic models to JSON. All instances share what they know of the types.

    The SDK creates an instance for each run of a workflow, and two for each of its tasks. Those of
    `PydanticPayloadConverter` build the validators of all types again.
    """

    def __init__(self) -> None:
        super().__init__(*_SHARED_CONVERTERS)

    def with_context(self, context: SerializationContext) -> Self:
        """Return this instance: a conversion does not depend on what the value is for."""
        return self


def data_converter(keys: Sequence[PayloadKey]) -> DataConverter:
    """Converts pydantic models to JSON; with keys, encrypts it and failure messages."""
    return DataConverter(
        payload_converter_class=SharedPayloadConverter,
        payload_codec=EncryptionCodec(keys),
        failure_converter_class=EncodedBenignFailureConverter if keys else BenignFailureConverter,
    )
