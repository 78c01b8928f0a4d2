"""What a browser gets from the Temporal UI and the codec server."""

import base64
import json
import urllib.error
import urllib.request

from pydantic import BaseModel, Field

from telegent_orchestrator.names import onboarding_id
from tools.compose_trial.family import FAMILY
from tools.compose_trial.stack import Stack
from tools.compose_trial.transcript import Transcript, expect

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
    started: _Started = Field(alias="workflowExecutionStartedEventAttributes")


class _History(BaseModel):
    events: list[_Event]


class _Page(BaseModel):
    history: _History


def check_web(stack: Stack, transcript: Transcript) -> None:
    """The UI shows the onboarding encrypted, and the codec server decrypts it for the operator."""
    with transcript.step("the UI shows the onboarding, with its request encrypted"):
        workflow = f"api/v1/namespaces/default/workflows/{onboarding_id(FAMILY.reference)}"
        page = _read(f"{UI}/{workflow}/history?maximumPageSize=1")
        request = _Page.model_validate_json(page).history.events[0].started.input
        encoding = base64.b64decode(request.payloads[0].metadata["encoding"]).decode()
        expect(encoding == "binary/encrypted", f"the encoding is {encoding}")
    with transcript.step("the codec server decrypts it for the operator of the UI only"):
        body = request.model_dump_json().encode()
        operator = f"Basic {base64.b64encode(stack.secret('codec_operators').encode()).decode()}"
        decoded = _Payloads.model_validate_json(_decode(body, operator, UI_ORIGIN))
        reference = json.loads(base64.b64decode(decoded.payloads[0].data))["reference"]
        expect(reference == FAMILY.reference, f"the reference is {reference}")
        for authorization, origin, status in (
            ("Bearer wrong", UI_ORIGIN, 401),
            (operator, "http://localhost:9999", 403),
        ):
            try:
                _decode(body, authorization, origin)
            except urllib.error.HTTPError as error:
                expect(error.code == status, f"status {error.code} instead of {status}")
            else:
                expect(False, f"no status {status}")


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
