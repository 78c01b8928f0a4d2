"""The encodings in which a value may be stored, and the search for any of them."""

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from resilience.leak_scan.canaries import Canary


def encodings(canary: Canary) -> dict[str, set[bytes]]:
    """The encodings of a canary by name: plain text, URLs, JSON, base64, hex, groups, reversed, as
    a number."""
    found: dict[str, set[bytes]] = {}
    for spelling in (canary.value, *canary.spellings):
        for text in (spelling, spelling.lower(), spelling.upper()):
            for name, encoding in _encodings(text):
                found.setdefault(name, set()).add(encoding)
        for text in _regrouped(spelling):
            found.setdefault("groups", set()).add(text.encode())
    return found


def _encodings(text: str) -> Iterator[tuple[str, bytes]]:
    plain = text.encode()
    yield "plain", plain
    yield "plain", text.encode("utf-16-le")
    for url in (quote(text, safe=""), quote(text), quote_plus(text)):
        yield "URL", url.encode()
        yield "URL", re.sub(r"%..", lambda found: found[0].lower(), url).encode()
    for escaped in _json(text):
        yield "JSON", escaped.encode()
        for again in _json(escaped):
            yield "JSON", again.encode()
    for data in (plain, *(escaped.encode() for escaped in _json(text))):
        for part in _base64(data):
            yield "base64", part
    yield "hex", plain.hex().encode()
    yield "hex", plain.hex().upper().encode()
    yield "hex", plain.hex(" ").encode()


def _json(text: str) -> Iterator[str]:
    """The text inside a JSON string, as Python, JavaScript and Go write it."""
    for ascii_only in (True, False):
        escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield escaped.replace("/", "\\/")
        go = escaped
        for one in "<>&":
            go = go.replace(one, f"\\u{ord(one):04x}")
        yield go


def _base64(data: bytes) -> Iterator[bytes]:
    """The base64 of the data, for each of its three positions in a group of three bytes."""
    for before in range(3):
        bits = 8 * (before + len(data))
        whole = base64.b64encode(bytes(before) + data + bytes(2))
        part = whole[-(-8 * before // 6) : bits // 6]
        yield part
        yield part.translate(bytes.maketrans(b"+/", b"-_"))


def _regrouped(text: str) -> Iterator[str]:
    """Digits as formatters group them, and reversed."""
    yield text[::-1]
    if not re.fullmatch(r"[0-9]{10,}", text):
        return
    for separator in ", .'_":
        yield f"{int(text):,}".replace(",", separator)
    for separator in " -.":
        yield separator.join(re.findall("..?.?.?", text))
        yield separator.join(re.findall("..?.?", text))
    digits, exponent = text.strip("0"), len(text.lstrip("0")) - 1
    for power in ("e", "e+", "E", "E+"):
        yield f"{digits[0]}.{digits[1:]}{power}{exponent}"


class Finder:
    """Counts how often any encoding of a canary occurs in some bytes."""

    def __init__(self, canary: Canary) -> None:
        every = set().union(*encodings(canary).values())
        # An encoding that is part of another one must not count twice.
        self._encodings = [f for f in every if not any(part in f for part in every - {f})]

    def count(self, content: bytes) -> int:
        """How often it occurs."""
        return sum(map(content.count, self._encodings))

    def context(self, content: bytes, width: int = 60) -> str:
        """The surroundings of a find, with the value itself redacted."""
        for encoding in self._encodings:
            before, found, after = content.partition(encoding)
            if found:
                context = before[-width:] + b"<here>" + after[:width]
                for other in self._encodings:
                    context = context.replace(other, b"<here>")
                return context.decode("ascii", errors="replace")
        return ""
