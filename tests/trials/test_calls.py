from tests.trials.played import Played
from trials.calls import CALLS


async def test_a_clean_run_makes_exactly_these_calls(clean: Played) -> None:
    made = {f"{entry.method} {entry.path}" for entry in clean.requests}
    assert made == set(CALLS)
    assert len(CALLS) == len(set(CALLS))
