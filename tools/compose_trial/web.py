"""What a browser gets from the Temporal UI and the codec server."""

import base64
import json
import urllib.error
import urllib.request

from pydantic import BaseModel, Field

from telegent_orchestrator.names import onboarding_id
from tools.compose_trial.family import FAMILY
from tools.compose_trial.stack import Stack
from tools.compose_trial.transcript import Differs, Transcript, expect

UI = "http://127.0.0.1:8080"
UI_ORIGIN = "http://localhost:8080"
CODEC = "http://127.0.0.1:8081"
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _Payload(BaseModel):
    metadata: dict[str, str]
    data: str


class _Payloads(BaseModel):
    payloads: list[_Payload]


class _Started(BaseModel):
    input: _Payloads


class _Event(BaseModel):
    started: _Started | None = Field(alias="workflowExecutionStartedEventAttributes", default=None)


class _History(BaseModel):
    events: list[_Event]


class _Page(BaseModel):
    history: _History


def check_web(stack: Stack, transcript: Transcript) -> None:
    """The UI shows the onboarding encrypted, and the codec server decrypts it for the operator."""
    with transcript.step("the UI shows a request encrypted, the codec server decrypts it"):
        request = _encrypted_request()
        encoding = base64.b64decode(request.payloads[0].metadata["encoding"]).decode()
        expect(encoding == "binary/encrypted", f"the encoding is {encoding}")
        body = request.model_dump_json().encode()
        operator = f"Basic {base64.b64encode(stack.secret('codec_operators').encode()).decode()}"
        decoded = _Payloads.model_validate_json(_decode(body, operator, UI_ORIGIN))
        reference = json.loads(base64.b64decode(decoded.payloads[0].data))["reference"]
        expect(reference == FAMILY.reference, f"the reference is {reference}")
        transcript.saw(f"encoding {encoding}; decrypted for the operator: {reference}")
    with transcript.step("the codec server rejects another token, and another page"):
        statuses = [
            _status(body, "Bearer wrong", UI_ORIGIN),
            _status(body, operator, "http://localhost:9999"),
        ]
        expect(statuses == [401, 403], f"status {statuses}")


def _encrypted_request() -> _Payloads:
    workflow = f"api/v1/namespaces/default/workflows/{onboarding_id(FAMILY.reference)}"
    page = _Page.model_validate_json(_read(f"{UI}/{workflow}/history?maximumPageSize=1"))
    started = page.history.events[0].started
    if started is None:
        raise Differs("the history does not begin with the start")
    return started.input


def _status(body: bytes, authorization: str, origin: str) -> int:
    try:
        _decode(body, authorization, origin)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def _read(url: str) -> bytes:
    with _opener.open(url, timeout=30) as response:
        return bytes(response.read())


def _decode(body: bytes, authorization: str, origin: str) -> bytes:
    headers = {
        "Authorization": authorization,
        "Origin": origin,
        "Content-Type": "application/json",
        "X-Namespace": "default",
    }
    request = urllib.request.Request(f"{CODEC}/decode", body, headers)  # noqa: S310  a constant
    with _opener.open(request, timeout=30) as response:
        return bytes(response.read())
