"""`tgo validate`: errors in a file, before anything is sent."""

from enum import StrEnum
from typing import Annotated

import typer

from telegent_orchestrator._models import WireModel
from telegent_orchestrator.cli.input import File, SecretOptions, SetOptions, load_request
from telegent_orchestrator.cli.output import AsJson, Output
from telegent_orchestrator.cli.port_in_checks import check_onboarding, check_port_in
from telegent_orchestrator.cli.results import CommandError, ExitStatus
from telegent_orchestrator.onboarding import OnboardingRequest
from telegent_orchestrator.port_in import PortInCorrection, PortInRequest


class FileKind(StrEnum):
    """What a file contains."""

    ONBOARDING = "onboarding"
    PORT_IN = "port-in"
    CORRECTION = "correction"


Request = OnboardingRequest | PortInRequest | PortInCorrection
MODELS: dict[FileKind, type[Request]] = {
    FileKind.ONBOARDING: OnboardingRequest,
    FileKind.PORT_IN: PortInRequest,
    FileKind.CORRECTION: PortInCorrection,
}


class FileValidation(WireModel):
    """What `validate --json` prints."""

    valid: bool
    errors: list[str] = []
    warnings: list[str] = []


def validate(
    file: File,
    kind: Annotated[
        FileKind, typer.Option("--as", help="What the file contains.")
    ] = FileKind.ONBOARDING,
    sets: SetOptions = None,
    secrets: SecretOptions = None,
    as_json: AsJson = False,
) -> None:
    """Check a file and report all errors at once.

    Includes errors that otherwise only the worker would report, after the start. Nothing is sent.
    """
    with Output(as_json) as output:
        try:
            request = load_request(MODELS[kind], file, sets, secrets)
            errors, warnings = _check(request)
            if errors:
                count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
                raise CommandError(f"{file} has {count}", ExitStatus.USAGE, errors=errors)
        except CommandError as error:
            if not (as_json and error.errors):
                raise
            output.document(FileValidation(valid=False, errors=error.errors))
            raise typer.Exit(error.exit_status) from None
        if as_json:
            output.document(FileValidation(valid=True, warnings=warnings))
            return
        for warning in warnings:
            output.notice(f"warning: {warning}")
        output.show(f"{file} is a valid {kind.value}")


def _check(request: Request) -> tuple[list[str], list[str]]:
    """Errors and warnings beyond the types of the fields."""
    match request:
        case OnboardingRequest():
            return check_onboarding(request)
        case PortInRequest():
            report = check_port_in(request.details)
            return [f"details.{message}" for message in report.messages], [
                f"details.{warning}" for warning in report.warnings
            ]
    return [], []
