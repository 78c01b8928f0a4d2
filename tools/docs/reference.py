"""Write docs/reference/payloads.md from the JSON Schemas: `python -m tools.docs.reference`."""

import json
import re
from typing import Any

from tools.docs.documents import ROOT

PAGE = ROOT / "docs" / "reference" / "payloads.md"
SCHEMAS = ROOT / "schemas" / "json"
Schema = dict[str, Any]

SENT_MODELS = {
    "Starting an onboarding": ["OnboardingRequest"],
    "Starting a port-in on its own": ["PortInRequest"],
    "Starting a port-out": ["PortOutRequest"],
    "Changing a line": ["LineChangeRequest", "RenewalChangeRequest", "LineChangeSetRequest"],
    "Starting a bulk": ["BulkRequest", "BulkBatchRequest"],
    "Messages": [
        "PortInCorrection",
        "PortInCancel",
        "OperatorDecision",
        "PortInNote",
        "Resolution",
        "RevealPin",
        "ConfirmDeparture",
        "PortOutCancel",
        "BulkCommand",
        "BulkCancel",
    ],
    "Nexus operations": [
        "CorrectPortIn",
        "CancelPortIn",
        "RevealPortOutPin",
        "ConfirmPortOut",
        "CancelPortOut",
    ],
}
RECEIVED_MODELS = [
    "OnboardingStatus",
    "OnboardingResult",
    "OnboardingPlan",
    "PlanStatus",
    "LineStatus",
    "PortInStatus",
    "PortInResult",
    "PortOutStatus",
    "PortOutResult",
    "PortOutPin",
    "LineChangeStatus",
    "LineChangeResult",
    "LineChangeSetResult",
    "ReconcileReport",
    "UsageReport",
    "BulkStatus",
    "BulkBatchStatus",
    "BulkResult",
    "BulkRetryResult",
    "Event",
]
HEAD = """# Payloads

Generated from the models by `python -m tools.docs.reference`. The same as JSON Schema is in
`schemas/json/`. An unknown field in a request or a message is rejected. In everything that you
receive, ignore unknown fields.
"""


def reference() -> str:
    """The whole page."""
    parts, shown = [HEAD], set[str]()
    for title, names in SENT_MODELS.items():
        parts.append(f"## {title}\n")
        for name in names:
            parts += _document(name, shown)
    parts.append("## Statuses, results and events\n")
    for name in RECEIVED_MODELS:
        parts += _document(name, shown)
    return "\n".join(parts).rstrip() + "\n"


def _document(name: str, shown: set[str]) -> list[str]:
    schema: Schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    parts = []
    for model, body in [(name, schema), *schema.get("$defs", {}).items()]:
        if model not in shown:
            shown.add(model)
            parts += _model(model, body)
    return parts


def _model(name: str, body: Schema) -> list[str]:
    text, meanings = _split_attributes(body.get("description", ""))
    lines = [f"### {name}\n", *_paragraphs(text)]
    if "enum" in body:
        values = ", ".join(f"`{value}`" for value in body["enum"])
        by_member = {re.sub(r"\W", "_", value).upper(): value for value in body["enum"]}
        items = [f"- `{by_member[member]}`: {text}" for member, text in meanings.items()]
        return [*lines, f"One of {values}.\n", *items, *[""] * bool(items)]
    lines += ["| Field | Type | Required | Meaning |", "|---|---|---|---|"]
    needed = body.get("required", [])
    for field, what in body.get("properties", {}).items():
        default = what.get("default")
        missing = "no" if default in (None, "", [], {}) else f"no: `{json.dumps(default)}`"
        said = (meanings.get(field, "").rstrip("."), what.get("description", ""))
        meaning = "; ".join({text.casefold(): text for text in said if text}.values())
        meaning = meaning.replace("\n", " ").replace("|", "\\|")
        cells = (f"`{field}`", _type(what), "yes" if field in needed else missing, meaning)
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _split_attributes(description: str) -> tuple[str, dict[str, str]]:
    """A docstring without its section `Attributes`, and the meaning of each attribute in it."""
    text, _, section = description.partition("\n\nAttributes:\n")
    meanings = re.findall(r"^    (\w+): (.+?)(?=\n    \w|\Z)", section, re.DOTALL | re.MULTILINE)
    return text, {name: " ".join(meaning.split()) for name, meaning in meanings}


def _paragraphs(text: str) -> list[str]:
    return [part.replace("\n", " ") + "\n" for part in text.split("\n\n") if part]


def _type(what: Schema) -> str:
    if "$ref" in what:
        name = what["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if choices := what.get("oneOf") or what.get("anyOf"):
        return " or ".join(_type(one) for one in choices if one.get("type") != "null")
    if "const" in what:
        return f"`{what['const']}`"
    if "enum" in what:
        return ", ".join(f"`{value}`" for value in what["enum"])
    kind: str = what.get("type", "any")
    if kind == "array":
        return f"list of {_type(what.get('items', {}))}"
    if kind == "object" and isinstance(inner := what.get("additionalProperties"), dict):
        return f"map to {_type(inner)}"
    limits = [
        f"{word} {what[limit]}"
        for limit, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("maxLength", "up to"),
        )
        if limit in what
    ]
    form = {"date-time": "date and time", "date": "date"}.get(what.get("format", ""), kind)
    pattern = f" `{what['pattern']}`".replace("|", "\\|") if "pattern" in what else ""
    return " ".join([form, *limits]) + pattern


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
