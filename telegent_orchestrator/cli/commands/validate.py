"""`telegent validate`: what is wrong with a file, before anything is sent."""

from enum import StrEnum
from typing import Annotated

import typer

from telegent_orchestrator._models import Payload
from telegent_orchestrator.cli.input import File, Secrets, Sets, request
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import Stop
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCorrection, PortInRequest


class What(StrEnum):
    """Kinds of files that can be checked."""

    ONBOARDING = "onboarding"
    PORT_IN = "port-in"
    CORRECTION = "correction"


MODELS: dict[What, type[OnboardingRequest | PortInRequest | PortInCorrection]] = {
    What.ONBOARDING: OnboardingRequest,
    What.PORT_IN: PortInRequest,
    What.CORRECTION: PortInCorrection,
}


class Checked(Payload):
    """What `validate --json` prints of a file."""

    valid: bool
    faults: list[str] = []


def validate(
    file: File,
    what: Annotated[What, typer.Option("--as", help="What the file holds.")] = What.ONBOARDING,
    sets: Sets = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Check a file, and name every fault at once. Nothing is sent."""
    with Output(as_json) as say:
        try:
            request(MODELS[what], file, sets, secrets)
        except Stop as stop:
            if not (as_json and stop.faults):
                raise
            say.document(Checked(valid=False, faults=stop.faults))
            raise typer.Exit(stop.status) from None
        if as_json:
            say.document(Checked(valid=True))
        else:
            say.show(f"{file} is a valid {what.value}")
