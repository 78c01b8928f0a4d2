"""Nonsense for hypothesis: documents that were right, with something wrong in them."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

LEAVES: list[Any] = [
    None,
    True,
    0,
    -1,
    0.1,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\x00",
    "a\x1b[31mb",
    "two\nlines",
    "x" * 10_000,
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{ARABIC-INDIC DIGIT THREE}" * 5,
    "+1" + "\N{ARABIC-INDIC DIGIT FIVE}" * 10,
    "+18015550142\n",
    "89" + "\N{DEVANAGARI DIGIT ONE}" * 17,
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31",
    "P999999999D",
    1e12,
    [],
    {},
    [[[[[[]]]]]],
    {"": {"": 1}},
    {"by": "somebody", "x" * 5_000: 1},
]
leaves = st.sampled_from(LEAVES) | st.text(max_size=30) | st.integers() | st.floats()
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def value_paths(document: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path to every value in a document."""
    found = [path]
    if isinstance(document, dict):
        for name, value in document.items():
            found += value_paths(value, (*path, name))
    elif isinstance(document, list):
        for at, value in enumerate(document):
            found += value_paths(value, (*path, at))
    return found


def with_replaced_values(document: Any) -> Iterator[bytes]:
    """The document as JSON, with each of its values replaced by each of LEAVES, one at a time."""
    wrong = copy.deepcopy(document)
    for *parents, last in filter(None, value_paths(document)):
        parent = wrong
        for step in parents:
            parent = parent[step]
        right = parent[last]
        for leaf in LEAVES:
            parent[last] = leaf
            yield json.dumps(wrong).encode()
        parent[last] = right


@st.composite
def invalid_documents(draw: st.DrawFn, document: Any) -> Any:
    """The document with up to three of its values replaced, left out, or added to."""
    wrong = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(value_paths(wrong)))
        value = copy.deepcopy(draw(leaves))
        if not path:
            return value
        *parents, last = path
        parent = wrong
        for step in parents:
            parent = parent[step]
        what = draw(st.sampled_from(["replace", "replace", "replace", "leave out", "add"]))
        if what == "replace":
            parent[last] = value
        elif what == "leave out":
            del parent[last]
        elif isinstance(parent, dict):
            parent[draw(st.text(max_size=10))] = value
        else:
            parent.append(value)
    return wrong


@st.composite
def invalid_bytes(draw: st.DrawFn, document: Any) -> bytes:
    """A mutated document as bytes: whole, truncated, altered, repeated or in another charset."""
    text = json.dumps(draw(invalid_documents(document) | values), ensure_ascii=draw(st.booleans()))
    data = text.encode("utf-8", errors="surrogatepass")
    match draw(st.sampled_from(["whole", "whole", "cut", "altered", "repeated", "charset", "bom"])):
        case "cut":
            return data[: draw(st.integers(0, len(data)))]
        case "altered":
            at = draw(st.integers(0, len(data) - 1))
            return data[:at] + draw(st.binary(min_size=1, max_size=3)) + data[at + 1 :]
        case "repeated":
            return data[:-1] + b"," + data[1:] if data[:1] == b"{" and len(data) > 2 else data * 2
        case "charset":
            return text.encode(draw(st.sampled_from(["utf-16", "latin-1", "cp037"])), "replace")
        case "bom":
            return b"\xef\xbb\xbf" + data
    return data


def deeply_nested(levels: int = 100_000) -> bytes:
    """JSON that is nested more deeply than any reader accepts."""
    return b'{"a":[' * levels + b"1" + b"]}" * levels
