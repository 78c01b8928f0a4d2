"""`tgo validate`: what is wrong with a file, before anything is sent."""

from enum import StrEnum
from typing import Annotated

import typer

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.cli.input import File, SecretOptions, SetOptions, load_request
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.results import CommandError
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCorrection, PortInRequest


class FileKind(StrEnum):
    """Kinds of files that can be checked."""

    ONBOARDING = "onboarding"
    PORT_IN = "port-in"
    CORRECTION = "correction"


MODELS: dict[FileKind, type[OnboardingRequest | PortInRequest | PortInCorrection]] = {
    FileKind.ONBOARDING: OnboardingRequest,
    FileKind.PORT_IN: PortInRequest,
    FileKind.CORRECTION: PortInCorrection,
}


class FileValidation(WireModel):
    """FileKind `validate --json` prints of a file."""

    valid: bool
    errors: list[str] = []


def validate(
    file: File,
    kind: Annotated[
        FileKind, typer.Option("--as", help="FileKind the file holds.")
    ] = FileKind.ONBOARDING,
    sets: SetOptions = None,
    secrets: SecretOptions = None,
    as_json: AsJson = False,
) -> None:
    """Check a file, and name every error at once. Nothing is sent."""
    with Output(as_json) as output:
        try:
            load_request(MODELS[kind], file, sets, secrets)
        except CommandError as error:
            if not (as_json and error.errors):
                raise
            output.document(FileValidation(valid=False, errors=error.errors))
            raise typer.Exit(error.exit_status) from None
        if as_json:
            output.document(FileValidation(valid=True))
        else:
            output.show(f"{file} is a valid {kind.value}")
