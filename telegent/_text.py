"""Makes text canonical where it enters: what callers send, and what the vendor responds."""

import re
import unicodedata

MAX_TEXT_CHARS = 10_000
"""Characters of a text in a response. The longest documented text, a filter's keywords, is far
shorter."""
MAX_DEPTH = 50
"""Nested levels of a response that are read; documented responses have five."""

_JOINERS = "\u200c\u200d"  # needed to write Persian names and emoji
_REMOVED_CATEGORIES = ("Cc", "Cf", "Cs", "Cn", "Co")


def canonical(text: str) -> str:
    """Return `text` in the one form in which texts are sent, compared and shown.

    Unicode NFC on one line, with single spaces and no blanks at its ends. Without characters that
    are invisible or that control a terminal: control characters, escape sequences' ESC, marks of
    writing direction, lone surrogates and noncharacters.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    spaced = re.sub(r"\s+", " ", text)
    kept = (
        char
        for char in spaced
        if char in _JOINERS or unicodedata.category(char) not in _REMOVED_CATEGORIES
    )
    return re.sub(r" +", " ", unicodedata.normalize("NFC", "".join(kept))).strip()


def canonical_json(value: object, depth: int = MAX_DEPTH) -> object:
    """Return a JSON value with all texts canonical and at most `MAX_TEXT_CHARS` long.

    Raises:
        ValueError: It is nested too deeply.
    """
    if isinstance(value, str):
        return canonical(value[:MAX_TEXT_CHARS])
    if isinstance(value, list | dict) and depth == 0:
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, list):
        return [canonical_json(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {canonical(key): canonical_json(item, depth - 1) for key, item in value.items()}
    return value


def same_text(one: str | None, other: str | None) -> bool:
    """Whether two names are the same in canonical form. None is not the same as anything."""
    return one is not None and other is not None and canonical(one) == canonical(other)


def id_key(value: str) -> str:
    """Return the part of an id that identifies: without its prefix, in lower case.

    The vendor spells one id in several ways: ``NID-`` and ``TNID-``, ``SID-`` and ``TSUID-``, with
    upper and lower case letters (samples of provision, inventory, details and subscriptions).
    """
    prefix, separator, rest = value.partition("-")
    return (rest if separator and prefix.isalpha() and rest else value).casefold()


def same_iccid(one: str | None, other: str | None) -> bool:
    """Whether two ICCIDs are the same, with or without the filler F at the end."""
    return bool(one and other) and (one or "").rstrip("Ff") == (other or "").rstrip("Ff")


def same_id(one: str | None, other: str | None) -> bool:
    """Whether two ids of one kind of resource are the same in any spelling of the vendor's."""
    return bool(one and other) and id_key(one or "") == id_key(other or "")
