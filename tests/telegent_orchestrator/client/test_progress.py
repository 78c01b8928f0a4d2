"""Progress of an onboarding: which lines are read when not all are."""

from telegent_orchestrator.onboarding import OnboardingStatus
from telegent_orchestrator.progress import StepState
from tests.harness import Harness
from tests.harness.payloads import line, port_in, single
from tests.harness.port_ins import NUMBER, TRUTH
from tests.harness.waiting import wait_until


async def test_lines_that_need_an_operator_are_read_first(harness: Harness) -> None:
    harness.telegent.carrier.set_record(NUMBER, TRUTH)
    ported = line("ported", "one", number={"kind": "port_in"} | port_in(NUMBER))
    handle = await harness.onboard(single(lines=[line("new", "one"), ported]))

    def settled(now: OnboardingStatus) -> bool:
        states = [each.state for each in now.lines]
        return states == [StepState.DONE, StepState.NEEDS_OPERATOR]

    await wait_until(handle.status, settled)

    one, both = await handle.progress(1), await handle.progress()
    assert list(one.lines) == list(one.ports) == ["ported"]
    assert [each.key for each in one.onboarding.lines] == ["new", "ported"]
    assert list(both.lines) == ["new", "ported"]
    assert (await handle.progress(0)).lines == {}
