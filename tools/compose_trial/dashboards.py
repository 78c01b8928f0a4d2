"""Pictures of the dashboards, drawn from what Prometheus returns for the queries of their panels.

They stand in for Grafana's: each dashboard becomes a page of SVG, which Chromium photographs.
"""

import html
import json
import math
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field

from tools.compose_trial.machine import CACHE, run
from tools.compose_trial.transcript import Transcript

PROMETHEUS = "http://127.0.0.1:9090/api/v1"
PICTURES = CACHE / "pictures"
RATE_INTERVAL = "1m"
STEP = 5.0
COLUMN, ROW, GAP = 60, 46, 10
HEADER = 80
COLORS = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"),
    *("#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"),
)
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _Target(BaseModel):
    expr: str
    legend: str = Field(alias="legendFormat", default="")
    instant: bool = False


class _Place(BaseModel):
    x: int
    y: int
    w: int
    h: int


class _Defaults(BaseModel):
    unit: str = "short"


class _Fields(BaseModel):
    defaults: _Defaults = _Defaults()


class _Panel(BaseModel):
    kind: str = Field(alias="type")
    title: str
    place: _Place = Field(alias="gridPos")
    fields: _Fields = Field(alias="fieldConfig", default=_Fields())
    targets: list[_Target] = []


class _Dashboard(BaseModel):
    title: str
    description: str = ""
    panels: list[_Panel]


class _Series(BaseModel):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Result(BaseModel):
    result: list[_Series]


class _Answer(BaseModel):
    data: _Result


@dataclass(frozen=True)
class Line:
    """A line of a chart: its name, and seconds with values."""

    name: str
    points: Sequence[tuple[float, float]]


def draw_dashboards(folder: Path, started_at: float, transcript: Transcript) -> None:
    """Draw every dashboard in the folder, from this time until now."""
    with transcript.step("the dashboards are drawn from what Prometheus returns"):
        PICTURES.mkdir(exist_ok=True)
        for path in sorted(folder.glob("*.json")):
            dashboard = _Dashboard.model_validate_json(path.read_text("utf-8"))
            page = PICTURES / f"dashboard-{path.stem}.html"
            page.write_text(_page(dashboard, started_at, time.time()), encoding="utf-8")
            rows = max(panel.place.y + panel.place.h for panel in dashboard.panels)
            height = HEADER + rows * ROW + GAP
            picture = page.with_suffix(".png")
            size = f"--window-size={24 * COLUMN + 2 * GAP},{height}"
            options = ["--headless", "--no-sandbox", "--hide-scrollbars", size]
            run(["chromium", *options, f"--screenshot={picture}", page.as_uri()])
            transcript.saw(picture.name)


def _page(dashboard: _Dashboard, start: float, end: float) -> str:
    panels = "".join(_panel(panel, start, end) for panel in dashboard.panels)
    return (
        "<!doctype html><meta charset='utf-8'><style>"
        "body { margin: 0; background: #eef3f9; font: 14px sans-serif; position: relative }"
        "h1 { font-size: 20px; margin: 14px 14px 10px } p { margin: 0 14px }"
        "div { position: absolute; background: white; border: 1px solid #d8dee6; overflow: hidden }"
        "b { position: absolute; left: 8px; top: 7px } text { font: 12px sans-serif }"
        f"</style><h1>{html.escape(dashboard.title)}</h1>"
        f"<p>{html.escape(dashboard.description)}</p>{panels}"
    )


def _panel(panel: _Panel, start: float, end: float) -> str:
    place = panel.place
    width, height = place.w * COLUMN - GAP, place.h * ROW - GAP
    left, top = GAP + place.x * COLUMN, HEADER + place.y * ROW
    lines = [line for target in panel.targets for line in _query(target, start, end)]
    unit = panel.fields.defaults.unit
    if panel.kind == "timeseries":
        drawn = _chart(lines, unit, (start, end), (width, height))
    else:
        drawn = _numbers(lines, unit, (width, height))
    return (
        f"<div style='left:{left}px; top:{top}px; width:{width}px; height:{height}px'>"
        f"<b>{html.escape(panel.title)}</b>"
        f"<svg width='{width}' height='{height}'>{drawn}</svg></div>"
    )


def _query(target: _Target, start: float, end: float) -> Iterator[Line]:
    expression = re.sub(r"\$__rate_interval\b", RATE_INTERVAL, target.expr)
    parameters = {"query": expression, "start": start, "end": end, "step": STEP}
    url = f"{PROMETHEUS}/query_range?{urllib.parse.urlencode(parameters)}"
    with _opener.open(url, timeout=60) as response:
        series = _Answer.model_validate(json.load(response)).data.result
    for one in series:
        name = target.legend
        for label in re.findall(r"{{(\w+)}}", target.legend):
            name = name.replace(f"{{{{{label}}}}}", one.metric.get(label, ""))
        points = [(at, float(value)) for at, value in one.values]
        yield Line(name, [point for point in points if math.isfinite(point[1])])


def _format(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{value * 100:.0f} %"
    if unit == "s":
        for limit, divisor, word in ((1, 0.001, "ms"), (90, 1, "s"), (5400, 60, "min")):
            if value < limit:
                return f"{value / divisor:.3g} {word}"
        return f"{value / 3600:.3g} h"
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _numbers(lines: Sequence[Line], unit: str, size: tuple[int, int]) -> str:
    """The last value; of several series a row of each."""
    width, height = size
    last = [(line.name, line.points[-1][1]) for line in lines if line.points]
    if len(last) == 1 and not last[0][0]:
        text = html.escape(_format(last[0][1], unit))
        return (
            f"<text x='{width / 2}' y='{height / 2 + 24}' text-anchor='middle' "
            f"style='font-size:36px' fill='{COLORS[0]}'>{text}</text>"
        )
    longest = max((value for _, value in last), default=0) or 1
    rows = []
    for index, (name, value) in enumerate(last):
        y = 50 + 28 * index
        rows.append(f"<text x='14' y='{y}'>{html.escape(name)}</text>")
        wide = (width - 300) * value / longest
        rows.append(f"<rect x='200' y='{y - 13}' width='{wide}' height='17' fill='{COLORS[0]}'/>")
        rows.append(f"<text x='{206 + wide}' y='{y}'>{html.escape(_format(value, unit))}</text>")
    return "".join(rows) or _nothing(size)


def _nothing(size: tuple[int, int]) -> str:
    return f"<text x='{size[0] / 2}' y='{size[1] / 2}' text-anchor='middle'>No data</text>"


def _chart(
    lines: Sequence[Line], unit: str, span: tuple[float, float], size: tuple[int, int]
) -> str:
    lines = [line for line in lines if line.points]
    if not lines:
        return _nothing(size)
    width, height = size
    columns = 3 if max(len(line.name) for line in lines) < 24 else 2
    legend = -(-len(lines) // columns) * 20
    left, right, top, bottom = 62, width - 14, 40, height - 34 - legend
    highest = max(value for line in lines for _, value in line.points) or 1.0
    step = _nice(highest / 5)
    highest = math.ceil(highest / step - 1e-9) * step

    def x(at: float) -> float:
        return left + (right - left) * (at - span[0]) / (span[1] - span[0])

    def y(value: float) -> float:
        return bottom - (bottom - top) * value / highest

    drawn = []
    for index in range(round(highest / step) + 1):
        at = y(index * step)
        drawn.append(f"<path d='M{left} {at}H{right}' stroke='#ccc' stroke-dasharray='4'/>")
        label = html.escape(_format(index * step, unit))
        drawn.append(f"<text x='{left - 6}' y='{at + 4}' text-anchor='end'>{label}</text>")
    minute = max(1, round((span[1] - span[0]) / 60 / 8))
    for index in range(0, int((span[1] - span[0]) / 60) + 1, minute):
        at = x(span[0] + index * 60)
        drawn.append(f"<text x='{at}' y='{bottom + 17}' text-anchor='middle'>{index} min</text>")
    for index, line in enumerate(lines):
        color = COLORS[index % len(COLORS)]
        for part in _parts(line.points):
            path = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in part)
            drawn.append(
                f"<polyline points='{path}' fill='none' stroke='{color}' stroke-width='1.5'/>"
            )
        row, column = divmod(index, columns)
        at, down = left + column * (right - left) / columns, bottom + 28 + 20 * row
        drawn.append(f"<rect x='{at}' y='{down}' width='11' height='11' fill='{color}'/>")
        drawn.append(f"<text x='{at + 16}' y='{down + 10}'>{html.escape(line.name)}</text>")
    return "".join(drawn)


def _parts(points: Sequence[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    """Split where values are missing."""
    part: list[tuple[float, float]] = []
    for point in points:
        if part and point[0] - part[-1][0] > 1.5 * STEP:
            yield part
            part = []
        part.append(point)
    yield part


def _nice(step: float) -> float:
    """The next larger of 1, 2 and 5 with a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step * 0.999)
