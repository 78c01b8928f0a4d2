"""The servers whose settings are compared."""

from pathlib import Path

import pytest
import yaml

from bench.server_settings.variants import AS_DEPLOYED, ORDER, SEARCHES, THROUGHPUT, Variant
from devstack.temporal_on_postgresql import DYNAMIC_CONFIG

DEPLOYED = yaml.safe_load(DYNAMIC_CONFIG.read_text())


def config(variant: Variant, directory: Path) -> dict[str, object]:
    written: dict[str, object] = yaml.safe_load(
        variant.options(directory).dynamic_config.read_text()
    )
    return written


def test_first_server_is_that_of_the_deployment(tmp_path: Path) -> None:
    assert all(part[0] is AS_DEPLOYED for part in (THROUGHPUT, ORDER, SEARCHES))
    assert config(AS_DEPLOYED, tmp_path) == DEPLOYED


@pytest.mark.parametrize(
    "variant", [*THROUGHPUT[1:], *ORDER[1:], *SEARCHES[1:]], ids=lambda variant: variant.name
)
def test_each_other_server_differs_from_it(variant: Variant, tmp_path: Path) -> None:
    changed = config(variant, tmp_path)

    assert (changed, variant.shards) != (DEPLOYED, AS_DEPLOYED.shards)
    assert {
        key for key in DEPLOYED.keys() | changed.keys() if DEPLOYED.get(key) != changed.get(key)
    } == set(variant.changes)


def test_removed_setting_has_the_default_of_the_server(tmp_path: Path) -> None:
    changed = config(Variant("without", {"matching.enableFairness": None, "new": 5}), tmp_path)

    assert "matching.enableFairness" not in changed
    assert changed["new"] == [{"value": 5}]
