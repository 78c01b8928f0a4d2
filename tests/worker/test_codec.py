import base64
import os

import pytest
from hypothesis import given, strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from telegent_orchestrator.encryption import (
    CodecError,
    EncryptionCodec,
    MissingKeyError,
    PayloadKey,
    data_converter,
    parse_key_ring,
)

OLD = PayloadKey("2025", os.urandom(32))
NEW = PayloadKey("2026", os.urandom(32))


def clear(data: bytes) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


@given(st.lists(st.binary(max_size=200), max_size=5))
async def test_encrypted_payload_is_unreadable_and_decrypts(contents: list[bytes]) -> None:
    codec = EncryptionCodec([NEW])
    payloads = [clear(content) for content in contents]
    sealed = await codec.encode(payloads)
    assert await codec.decode(sealed) == payloads
    for content, payload in zip(contents, sealed, strict=True):
        assert len(content) < 4 or content not in payload.data
        assert payload.metadata["encryption-key-id"] == b"2026"


async def test_equal_payloads_have_different_ciphertexts() -> None:
    first, second = await EncryptionCodec([NEW]).encode([clear(b"1234"), clear(b"1234")])
    assert first.data != second.data


async def test_rotated_ring_reads_old_payloads_and_writes_with_the_new_key() -> None:
    (old,) = await EncryptionCodec([OLD]).encode([clear(b"before")])
    rotated = EncryptionCodec([NEW, OLD])
    assert await rotated.decode([old]) == [clear(b"before")]
    (new,) = await rotated.encode([clear(b"after")])
    assert await EncryptionCodec([NEW]).decode([new]) == [clear(b"after")]


@pytest.mark.parametrize(("keys", "configured"), [([NEW], "2026"), ([], "none")])
async def test_unknown_key_is_named(keys: list[PayloadKey], configured: str) -> None:
    (old,) = await EncryptionCodec([OLD]).encode([clear(b"x")])
    with pytest.raises(MissingKeyError, match=rf"'2025'.*\({configured}\).*TELEGENT_PAYLOAD_KEYS"):
        await EncryptionCodec(keys).decode([old])


async def test_other_key_with_the_same_id_counts_as_missing() -> None:
    (sealed,) = await EncryptionCodec([NEW]).encode([clear(b"x")])
    namesake = PayloadKey(NEW.id, os.urandom(32))
    with pytest.raises(MissingKeyError, match="another key of the name '2026'"):
        await EncryptionCodec([namesake]).decode([sealed])


def test_key_fingerprint_does_not_contain_the_key() -> None:
    assert NEW.fingerprint not in NEW.secret.hex().encode()
    assert NEW.fingerprint != PayloadKey(NEW.id, OLD.secret).fingerprint


@given(st.data())
async def test_altered_payload_is_rejected(data: st.DataObject) -> None:
    codec = EncryptionCodec([NEW])
    (sealed,) = await codec.encode([clear(b"secret")])
    at = data.draw(st.integers(0, len(sealed.data) - 1))
    changed = bytearray(sealed.data)
    changed[at] ^= data.draw(st.integers(1, 255))
    sealed.data = bytes(changed)
    with pytest.raises(CodecError, match="altered") as noticed:
        await codec.decode([sealed])
    assert not isinstance(noticed.value, MissingKeyError)


@given(st.binary(max_size=30))
async def test_arbitrary_bytes_raise_codec_error(data: bytes) -> None:
    (sealed,) = await EncryptionCodec([NEW]).encode([clear(b"x")])
    sealed.data = data
    with pytest.raises(CodecError):
        await EncryptionCodec([NEW]).decode([sealed])


async def test_payload_relabelled_to_another_key_is_rejected() -> None:
    twin = PayloadKey("twin", NEW.secret)
    (sealed,) = await EncryptionCodec([NEW]).encode([clear(b"x")])
    sealed.metadata["encryption-key-id"] = b"twin"
    with pytest.raises(CodecError, match="altered"):
        await EncryptionCodec([twin]).decode([sealed])


async def test_payload_without_fingerprint_is_rejected() -> None:
    (sealed,) = await EncryptionCodec([NEW]).encode([clear(b"x")])
    del sealed.metadata["encryption-key-fingerprint"]
    with pytest.raises(CodecError, match="lacks the fingerprint"):
        await EncryptionCodec([NEW]).decode([sealed])


async def test_plain_payload_passes_through_decode() -> None:
    assert await EncryptionCodec([NEW]).decode([clear(b'{"a": 1}')]) == [clear(b'{"a": 1}')]


async def test_failure_messages_are_encrypted() -> None:
    converter = data_converter([NEW])
    failure = Failure()
    await converter.encode_failure(ApplicationError("number +18015550123 is locked"), failure)
    assert b"+18015550123" not in failure.SerializeToString()
    assert "+18015550123" in str(await converter.decode_failure(failure))


@pytest.mark.parametrize("keys", [[NEW], []])
@pytest.mark.parametrize(
    ("category", "kept"),
    [(ApplicationErrorCategory.BENIGN, False), (ApplicationErrorCategory.UNSPECIFIED, True)],
)
async def test_benign_failures_have_no_stack_trace(
    keys: list[PayloadKey], category: ApplicationErrorCategory, kept: bool
) -> None:
    converter, failure = data_converter(keys), Failure()
    try:
        raise ApplicationError("next poll 2026-11-23 19:02 UTC", category=category)
    except ApplicationError as error:
        await converter.encode_failure(error, failure)
    decoded = await converter.decode_failure(failure)
    assert isinstance(decoded, ApplicationError)
    assert decoded.failure
    assert decoded.message.startswith("next poll")
    assert bool(decoded.failure.stack_trace) is kept


async def test_payloads_without_keys_are_plain() -> None:
    (payload,) = await data_converter(()).encode(["secret"])
    assert payload == clear(b'"secret"')


def encoded(size: int = 32) -> str:
    return base64.b64encode(bytes(size)).decode()


def test_key_ring_keeps_its_order() -> None:
    ring = parse_key_ring(f"b:{encoded()}, a:{encoded()}")
    assert [key.id for key in ring] == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "entry 1 must be id:base64key"),
        ("nocolon", "entry 1 must be id:base64key"),
        (f"sp ace:{encoded()}", "entry 1 must be id:base64key"),
        (f"a:{encoded()},", "entry 2 must be id:base64key"),
        ("a:***", "entry 1 must be base64"),
        (f"a:{encoded(16)}", "entry 1 must be 32 bytes"),
        (f"a:{encoded()},a:{encoded()}", "entry 2 repeats"),
    ],
)
def test_invalid_key_ring_is_rejected_without_showing_the_key(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        parse_key_ring(text)
    assert encoded()[:8] not in str(refused.value)


def test_repr_contains_no_key() -> None:
    assert repr(PayloadKey("k", b"0" * 32)) == "PayloadKey(id='k')"
