"""The facts of the vendor's documents, as data, and checks of requests and responses against them.

The TOML files of this folder hold operations, shapes, sources and assumptions. A type is a name of
`_SCALARS`, a shape, or an enumeration such as `'M'|'W'`; then `[]` for a list, `?` if null is
allowed, `<=N` for the maximum length, and `!` if the field is required. `/` separates alternatives.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def _text(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _is_json_text(value: Any) -> bool:
    try:
        return isinstance(value, str) and isinstance(json.loads(value), dict)
    except ValueError:
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_SCALARS: dict[str, Callable[[Any], bool]] = {
    "any": lambda value: True,
    "string": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": _is_number,
    "e164": _text(r"\+[1-9]\d{6,14}"),
    "email": _text(r"[^@\s]+@[^@\s]+"),
    "iccid": _text(r"\d{18,22}[Ff]?"),
    "url": _text(r"https?://\S+"),
    "https_url": _text(r"https://\S+"),
    "area_code": _text(r"(\d{3})?"),
    "money_text": _text(r"\d+(\.\d+)?"),
    "us_date": _text(r"\d{1,2}/\d{1,2}/\d{4}"),
    "port_date": _text(r"\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4}"),
    "json_text": _is_json_text,
}
_TYPE = re.compile(
    r"(?P<name>'.*'|[\w/]+?)(?P<list>\[\])?(?P<null>\?)?(<=(?P<limit>\d+))?(?P<required>!)?"
)


@dataclass(frozen=True)
class Operation:
    """One operation of the API.

    Attributes:
        key: Method and path, such as `POST /v1.0/account/create`.
        source: Documents that describe it.
        request: Types of the body's fields or of the query parameters.
        responses: Types of the response, in each documented form.
    """

    key: str
    source: str
    request: Mapping[str, str]
    responses: list[str]

    @property
    def required(self) -> set[str]:
        """Names of the required fields."""
        return {name for name, kind in self.request.items() if kind.endswith("!")}


@dataclass(frozen=True)
class Assumption:
    """A question that the vendor's documents leave open, and what the code does about it.

    Attributes:
        question: The question.
        says: What the sources say, by source; empty if they are silent.
        answer: What the code does.
        settings: Environment variables that change it.
        simulator: Options of the simulator for what the sources say.
    """

    question: str
    answer: str
    says: dict[str, str] = field(default_factory=dict)
    settings: list[str] = field(default_factory=list)
    simulator: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Coverage:
    """What the tests do not cover, with the reason for each.

    Attributes:
        unsent: Fields of requests that the client never sends.
        not_offered: Operations that the client does not have.
        unshown: Fields of responses that the simulator never shows.
    """

    unsent: dict[str, str]
    not_offered: dict[str, str]
    unshown: dict[str, str]


class Contract:
    """All operations and shapes.

    `check_request` and `check_response` return one sentence per disagreement, and collect which
    fields they have seen in `seen`.
    """

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self._shapes: dict[str, dict[str, str]] = {}
        self.seen: set[str] = set()
        for file in sorted(FOLDER.glob("*.toml")):
            tables = tomllib.loads(file.read_text("utf-8"))
            self._shapes.update(tables.get("shapes", {}))
            for key, row in tables.get("operations", {}).items():
                responses = row["response"].split(" / ")
                self.operations[key] = Operation(
                    key, row["source"], row.get("request", {}), responses
                )

    def request_fields(self, key: str) -> set[str]:
        """The fields of an operation's request and of the objects in it, as named in `seen`."""
        request = self.operations[key].request
        return {f"{key} > {name}" for name in request} | self._shape_fields(request.values())

    def response_fields(self, key: str) -> set[str]:
        """The fields of an operation's response in all its forms, as named in `seen`."""
        return self._shape_fields(self.operations[key].responses)

    def check_request(self, key: str, values: Mapping[str, Any], *, by: str) -> list[str]:
        """Compare a body or query parameters, whose sender is named by `by`, with the documents."""
        operation = self.operations.get(key)
        if operation is None:
            return [f"{key}: sent by {by}, in no document"]
        where = f"{key} ({operation.source})"
        problems = [
            f"{where}: {name} is required; {by} does not send it"
            for name in sorted(operation.required - set(values))
        ]
        for name, value in values.items():
            if name not in operation.request:
                problems.append(f"{where}: {by} sends {name}, which is not documented")
                continue
            self.seen.add(f"{key} > {name}")
            kind = operation.request[name]
            if key.startswith("GET ") and kind.startswith("int") and str(value).isdigit():
                continue
            problems += self._check(f"{where}: {name}", value, kind, by, strict_null=True)
        return problems

    def check_response(self, key: str, body: Any, *, by: str) -> list[str]:
        """Compare the response that `by` gives with the documented forms."""
        operation = self.operations.get(key)
        if operation is None:
            return [f"{key}: offered by {by}, in no document"]
        where = f"{key} ({operation.source})"
        all_problems = []
        for kind in operation.responses:
            before = set(self.seen)
            problems = self._check(f"{where}: response", body, kind, by, strict_null=False)
            if not problems:
                return []
            self.seen = before
            all_problems.append(problems)
        return min(all_problems, key=len)

    def _check(self, where: str, value: Any, kind: str, by: str, *, strict_null: bool) -> list[str]:
        match = _TYPE.fullmatch(kind)
        assert match, f"{where}: cannot read the type {kind}"
        disagreement = f"{where} is {kind} in the documents, {by} has {value!r:.80}"
        if value is None:
            return [disagreement] if strict_null and not match["null"] else []
        if match["list"]:
            if not isinstance(value, list):
                return [disagreement]
            return [
                problem
                for item in value
                for problem in self._check(where, item, match["name"], by, strict_null=strict_null)
            ]
        if match["limit"] and len(value) > int(match["limit"]):
            return [disagreement]
        names = [match["name"]] if "'" in match["name"] else match["name"].split("/")
        if any(self._matches(value, name) for name in names):
            return []
        if isinstance(value, dict) and names[0] in self._shapes:
            return self._check_shape(where, value, names[0], by, strict_null=strict_null)
        return [disagreement]

    def _matches(self, value: Any, name: str) -> bool:
        if "'" in name:
            return value in re.findall(r"'([^']*)'", name)
        return name in _SCALARS and _SCALARS[name](value)

    def _check_shape(
        self, where: str, value: dict[str, Any], shape: str, by: str, *, strict_null: bool
    ) -> list[str]:
        fields = self._shapes[shape]
        problems = [
            f"{where}: {name} of {shape} is required; {by} lacks it"
            for name, kind in fields.items()
            if kind.endswith("!") and name not in value
        ]
        for name, item in value.items():
            if name not in fields:
                problems.append(f"{where}: {by} has {name}, which {shape} does not have")
                continue
            self.seen.add(f"{shape}.{name}")
            problems += self._check(
                f"{where}: {name}", item, fields[name], by, strict_null=strict_null
            )
        return problems

    def _shape_fields(self, kinds: Iterable[str]) -> set[str]:
        """The fields of the shapes that these types name, and of the shapes in them."""
        found: set[str] = set()
        pending = [*kinds]
        while pending:
            name = re.sub(r"\W.*", "", pending.pop())
            if name in self._shapes and name not in found:
                found.add(name)
                pending += self._shapes[name].values()
        return {f"{shape}.{name}" for shape in found for name in self._shapes[shape]}


def sources() -> dict[str, dict[str, str]]:
    """Return title and date of the vendor's documents, by the names that the data uses."""
    tables = tomllib.loads((FOLDER / "sources.toml").read_text("utf-8"))
    found: dict[str, dict[str, str]] = tables["sources"]
    return found


def coverage() -> Coverage:
    """Return what the tests do not cover."""
    return Coverage(**tomllib.loads((FOLDER / "coverage.toml").read_text("utf-8")))


def assumptions() -> list[Assumption]:
    """Return all assumptions, in the order of the file."""
    tables = tomllib.loads((FOLDER / "assumptions.toml").read_text("utf-8"))
    return [Assumption(**row) for row in tables["assumption"]]
