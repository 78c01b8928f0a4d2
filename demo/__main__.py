"""`python -m demo`: onboard a family, live; with `life`: a line; `up`: start the local stack."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

# The other imports are in the functions that need them, so that the first line appears at once.

STARTED_AT = time.monotonic()
EXAMPLES = Path(__file__).parents[1] / "examples"
M = TypeVar("M", bound="BaseModel")
PortOption = Annotated[int, typer.Option(min=1, max=65535)]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    request: Annotated[Path, typer.Option(help="The onboarding request, as JSON.")] = EXAMPLES
    / "family.json",
    report: Annotated[
        Path | None, typer.Option(help="Also write the result to this file, as JSON.")
    ] = None,
) -> None:
    """Onboard a family on a local Temporal server against the simulator, live in the terminal."""
    if context.invoked_subcommand:
        return
    typer.echo("Starting Temporal, the simulator, the codec server and a worker on this machine …")
    from telegent_orchestrator.onboarding import OnboardingRequest
    from telegent_orchestrator.port_in import PortInCorrection

    onboarding_request = _read(request, OnboardingRequest)
    correction = _read(EXAMPLES / "correction.json", PortInCorrection)
    from demo.scenario import run_demo
    from devstack.program import run

    if not run(run_demo(_console(), onboarding_request, correction, report, STARTED_AT)):
        raise typer.Exit(1)


@app.command()
def life() -> None:
    """Tell the life of one line, from its onboarding to its win back, live in the terminal."""
    typer.echo("Starting Temporal, the simulator, the codec server and a worker on this machine …")
    from telegent_orchestrator.onboarding import OnboardingRequest

    file = EXAMPLES / "line-life.json"
    request = _read(file, OnboardingRequest)
    from demo.life.story import tell_life
    from devstack.program import run

    name = str(file.relative_to(EXAMPLES.parent))
    if not run(tell_life(_console(), request, name, STARTED_AT)):
        raise typer.Exit(1)


@app.command()
def up(
    temporal_port: PortOption = 7233,
    ui_port: PortOption = 8233,
    simulator_port: PortOption = 8099,
    codec_port: PortOption = 8081,
) -> None:
    """Start the local stack on fixed ports and keep it running until Ctrl-C."""
    typer.echo("Starting Temporal, the simulator, the codec server and a worker on this machine …")
    from demo.up import stay_up
    from devstack.program import run
    from devstack.tcp_ports import TcpPorts

    ports = TcpPorts.allocate(
        temporal=temporal_port, ui=ui_port, simulator=simulator_port, codec=codec_port
    )
    run(stay_up(_console(), ports))


@app.command()
def screenshots(
    secrets: Annotated[
        Path | None,
        typer.Option(help="Of docker-compose.yml, which runs with the secrets in this folder."),
    ] = None,
    pictures: Annotated[
        Path, typer.Option(help="Where to write them.", exists=True, file_okay=False)
    ] = EXAMPLES.parent / "docs" / "img",
) -> None:
    """Take the screenshots of the Temporal UI in docs/, with Chromium."""
    from demo.screenshots.capture import take_screenshots
    from demo.screenshots.composed import take_composed_screenshots
    from devstack.program import run
    from telegent_orchestrator.onboarding import OnboardingRequest
    from telegent_orchestrator.port_in import PortInCorrection

    request = _read(EXAMPLES / "family.json", OnboardingRequest)
    correction = _read(EXAMPLES / "correction.json", PortInCorrection)
    if secrets is None:
        run(take_screenshots(pictures.resolve(), request, correction, typer.echo))
    else:
        run(take_composed_screenshots(secrets, pictures.resolve(), request, correction, typer.echo))


def _read(path: Path, kind: type[M]) -> M:
    """Read a request from a file. An invalid file ends the program with one line for each error."""
    from pydantic import ValidationError

    from telegent_orchestrator._validation import format_errors

    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        errors = [f"cannot be read: {error.strerror}"]
    except UnicodeDecodeError:
        errors = ["is not UTF-8 text"]
    except ValidationError as error:
        errors = format_errors(error)
    for message in errors:
        typer.echo(f"{path}: {message}", err=True)
    raise typer.Exit(2)


def _console() -> "Console":
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console.width = 200  # a log has no width, and no address may be broken in two
    return console


if __name__ == "__main__":
    try:
        app()
    finally:
        # Threads of the Temporal SDK may still be ending. If the interpreter shuts down under
        # them, the process aborts with status 134 instead of ours (SDK issue 300).
        time.sleep(0.1)
