"""The screenshots in the stack of docker-compose.yml, which is already running."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
from temporalio.client import Client

from demo.screenshots.browser import Browser
from demo.screenshots.capture import Stage, play
from devstack.stack import CARRIER_FILE
from telegent_orchestrator.client import Orchestrator
from telegent_orchestrator.encryption import data_converter, parse_key_ring
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCorrection

# What docker-compose.yml publishes; the name is the one that its codec server accepts as origin.
TEMPORAL = "127.0.0.1:7233"
SIMULATOR = "http://127.0.0.1:8099"
UI = "http://localhost:8080"
CODEC = "localhost:8081"


async def take_composed_screenshots(
    secrets: Path,
    pictures: Path,
    request: OnboardingRequest,
    correction: PortInCorrection,
    notify: Callable[[str], object],
) -> None:
    """Onboard in the running stack, with its profile `simulator`, and take screenshots.

    Args:
        secrets: The folder that deploy/make-secrets.sh wrote.
        pictures: Folder for the screenshots.
        request: What is onboarded.
        correction: What the operator sends.
        notify: Gets a line for each screenshot.

    Raises:
        StackError: The browser or the onboarding failed.
    """

    def secret(name: str) -> str:
        return (secrets / name).read_text("utf-8").strip()

    browser = Browser(sign_in=f"http://{secret('codec_operators')}@{CODEC}/")
    await browser.set_up()
    converter = data_converter(parse_key_ring(secret("payload_keys")))
    client = await Client.connect(TEMPORAL, data_converter=converter)
    orchestrator = Orchestrator(client, id_key=secret("id_key"))
    records = json.loads(CARRIER_FILE.read_text("utf-8"))["records"]
    async with httpx.AsyncClient(base_url=SIMULATOR, trust_env=False) as simulator:
        for number, record in records.items():
            body = {"number": number, **record}
            (await simulator.post("/_sim/carrier", json=body)).raise_for_status()
    await play(Stage(orchestrator, UI, SIMULATOR, browser, pictures), request, correction, notify)
