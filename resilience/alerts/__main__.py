"""`python -m resilience.alerts`: fire every alert, or watch moderate load for an hour."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from devstack.program import run
from devstack.stack import new_run_directory
from resilience.alerts.causes import OF_INTEGRATIONS, OF_WORKERS, Case, wait_until
from resilience.alerts.panels import ask, panel_queries
from resilience.alerts.rules import alert_names
from resilience.alerts.stack import ACCELERATED, REAL_TIME, MonitoredStack, run_monitored
from resilience.alerts.transcript import Transcript, expect
from resilience.alerts.vendor_causes import OF_PORT_INS, OF_READING, OF_TELEGENT

CASES = [*OF_READING, *OF_PORT_INS, *OF_INTEGRATIONS, *OF_TELEGENT, *OF_WORKERS]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def fire(
    only: Annotated[
        list[str] | None, typer.Option(help="Only the cases of this alert; may be repeated.")
    ] = None,
) -> None:
    """Cause what each alert warns of: it must fire, and end when the cause is gone."""
    cases = [case for case in CASES if not only or set(case.alerts) & set(only)]
    _finish(run(_fire_all(cases, _new_directory())))


@app.command()
def watch(
    minutes: Annotated[float, typer.Option(help="How long.")] = 60,
) -> None:
    """Scrape moderate load with the rules as they are: no alert may fire."""
    _finish(run(_watch(60 * minutes, _new_directory())))


def _new_directory() -> Path:
    directory = new_run_directory("alerts")
    directory.mkdir(parents=True)
    return directory


def _finish(transcript: Transcript) -> None:
    transcript.line(f"\n== {len(transcript.differing)} steps differed")
    raise typer.Exit(min(len(transcript.differing), 1))


async def _fire_all(cases: Sequence[Case], directory: Path) -> Transcript:
    transcript = Transcript(directory / "transcript.txt")
    async with run_monitored(directory, ACCELERATED, workers=1) as monitored:
        transcript.line(f"\n== Alerts, with all durations divided by {monitored.speed.scale:g}")
        await wait_until(lambda: _scraped(monitored), "worker and webhook are scraped")
        for case in cases:
            with transcript.step(case.title):
                await _fire(monitored, case, transcript)
        # Some panels need what the other cases cause.
        if len(cases) == len(CASES):
            await _ask_panels(monitored, transcript)
    return transcript


async def _fire(monitored: MonitoredStack, case: Case, transcript: Transcript) -> None:
    prometheus = monitored.prometheus
    left = await prometheus.until_ended(set(case.alerts), case.seconds)
    expect(not left, f"fires before: {', '.join(sorted(left))}")
    before = await prometheus.firing()
    prometheus.seen.clear()
    began = time.monotonic()
    async with case.cause(monitored):
        missing = await prometheus.until_seen(set(case.alerts), case.seconds)
        fired = time.monotonic()
    ended_cause = time.monotonic()
    left = await prometheus.until_ended(set(case.alerts), case.seconds)
    if not missing:
        transcript.saw(
            f"{', '.join(case.alerts)}: fired after {fired - began:.0f} s, "
            f"ended {time.monotonic() - ended_cause:.0f} s after the cause"
        )
    if others := prometheus.seen - before - set(case.alerts):
        transcript.saw(f"fired too: {', '.join(sorted(others))}")
    expect(not missing, f"did not fire within {case.seconds:g} s: {', '.join(sorted(missing))}")
    expect(not left, f"still fires {case.seconds:g} s after the cause: {', '.join(sorted(left))}")


async def _watch(seconds: float, directory: Path) -> Transcript:
    transcript = Transcript(directory / "transcript.txt")
    async with run_monitored(directory, REAL_TIME, workers=2) as monitored:
        transcript.line(f"\n== {seconds / 60:g} minutes of load on the standard tier")
        with transcript.step("no alert fires"):
            await monitored.prometheus.until_seen(set(alert_names()), seconds)
            seen = monitored.prometheus.seen
            transcript.saw(
                f"{monitored.load.completed} onboardings ended, "
                f"{len(monitored.simulator.requests)} requests to the simulator"
            )
            expect(not seen, f"fired: {', '.join(sorted(seen))}")
        await _ask_panels(monitored, transcript)
    return transcript


async def _scraped(monitored: MonitoredStack) -> bool:
    return await monitored.prometheus.targets_up() >= len(monitored.workers) + 1


async def _ask_panels(monitored: MonitoredStack, transcript: Transcript) -> None:
    transcript.line("\n== Queries of the dashboards")
    with transcript.step("all rules can be evaluated"):
        failing = await monitored.prometheus.failing_rules()
        expect(not failing, f"rules with errors: {', '.join(failing)}")
    unexpected: list[str] = []
    count = 0
    with transcript.step("every query returns data, or is a known zero"):
        for panel, query in panel_queries():
            answer = await ask(monitored.prometheus, query)
            count += answer == "data"
            if answer is None:
                unexpected.append(f"{panel}: {query}")
            elif answer != "data":
                transcript.saw(f"{panel}: {query}")
                transcript.saw(f"  {answer}")
        transcript.saw(f"{count} queries return data")
        expect(not unexpected, "\n".join(["nothing is returned by:", *unexpected]))


if __name__ == "__main__":
    app()
