"""How a receiver checks an event."""

import base64
from datetime import UTC, datetime

import pytest

from telegent_orchestrator.events import SignatureError, sign_headers, signing_key, verify_signature
from tests.harness.event_receiver import SECRET


class TestSignatures:
    BODY = b'{"id": "event-1"}'

    def headers(self, **changes: str) -> dict[str, str]:
        good = sign_headers(SECRET, "event-1", self.BODY, datetime.now(UTC))
        return good | {name.replace("_", "-"): value for name, value in changes.items()}

    def test_signature_matches_the_published_example(self) -> None:
        signed = sign_headers(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            b'{"test": 2432232314}',
            datetime.fromtimestamp(1614265330, UTC),
        )
        assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    def test_header_case_and_several_signatures_are_accepted(self) -> None:
        good = self.headers()
        several = good | {"webhook-signature": f"v1,b3RoZXI= {good['webhook-signature']}"}
        verify_signature(
            SECRET, {name.title(): value for name, value in several.items()}, self.BODY
        )
        verify_signature(SECRET.removeprefix("whsec_"), good, self.BODY)

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"webhook_signature": ""}, "does not match"),
            ({"webhook_signature": "v1,\u00e9"}, "does not match"),
            ({"webhook_id": "event-2"}, "does not match"),
            ({"webhook_timestamp": "1614265330"}, "differs from the current time"),
            ({"webhook_timestamp": "9" * 30}, "not a time"),
            ({"webhook_timestamp": "now"}, "not a time"),
        ],
    )
    def test_altered_headers_are_rejected(self, changes: dict[str, str], why: str) -> None:
        with pytest.raises(SignatureError, match=why):
            verify_signature(SECRET, self.headers(**changes), self.BODY)

    def test_other_body_secret_or_missing_headers_are_rejected(self) -> None:
        other = base64.b64encode(b"o" * 32).decode()
        with pytest.raises(SignatureError, match="does not match"):
            verify_signature(SECRET, self.headers(), self.BODY + b" ")
        with pytest.raises(SignatureError, match="does not match"):
            verify_signature(other, self.headers(), self.BODY)
        with pytest.raises(SignatureError, match="lacks the header webhook-id, webhook-timestamp"):
            verify_signature(SECRET, {}, self.BODY)

    @pytest.mark.parametrize("secret", ["", "hunter2", "whsec_", "QUFB", "é" * 40, "QUFB" * 40])
    def test_weak_secret_is_rejected_with_advice(self, secret: str) -> None:
        with pytest.raises(ValueError, match="openssl rand -base64 32"):
            signing_key(secret)
