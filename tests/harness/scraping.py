"""What a process shows at `GET /metrics`."""

from dataclasses import dataclass
from functools import cached_property

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


@dataclass
class Scrape:
    """One answer, read as Prometheus reads it."""

    text: str

    @cached_property
    def samples(self) -> list[Sample]:
        families = text_string_to_metric_families(self.text)
        return [sample for family in families for sample in family.samples]

    def series(self, name: str) -> dict[frozenset[tuple[str, str]], float]:
        """The values of this name, by their labels."""
        return {
            frozenset(sample.labels.items()): sample.value
            for sample in self.samples
            if sample.name == name
        }

    def sum(self, name: str, **labels: str) -> float:
        """Over all samples of this name that have these labels."""
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


async def scrape(port: int) -> Scrape:
    async with httpx.AsyncClient(trust_env=False) as http:
        return Scrape((await http.get(f"http://127.0.0.1:{port}/metrics")).text)
