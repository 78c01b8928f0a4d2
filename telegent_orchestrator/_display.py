"""Text from outside, made harmless where it is shown: in terminals, JSON, logs and the Temporal UI.

Names, the carrier's name and the words of the vendor may hold escape sequences, marks that change
the direction of text, and Markdown. What is printable is decided here, once.
"""

import json
import re
import unicodedata

SUBSTITUTE = "\N{REPLACEMENT CHARACTER}"
# An underscore inside a word is no markup. With the colon of `://` and the dot of `www.` escaped,
# no renderer makes a link of a bare address.
_MARKDOWN = re.compile(
    r"[\\`*\[\]<>|]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=\bwww)\.", re.IGNORECASE
)


def replace_unprintable(text: str) -> str:
    """The text for a terminal: on one line, without control characters and escape sequences."""
    if text.isprintable():
        return text
    return "".join(char if _is_printable(char) else SUBSTITUTE for char in text)


def escape_unprintable(text: str, keep: str = "") -> str:
    r"""The text with unprintable characters as in JSON, such as `\u202e`.

    Args:
        text: Text, or a JSON document: its strings keep their values.
        keep: Unprintable characters that stay.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char in keep or _is_printable(char) else json.dumps(char)[1:-1] for char in text
    )


def escape_markdown(text: str) -> str:
    """The text on one line for Markdown: without markup, links, images and control characters."""
    return _MARKDOWN.sub(r"\\\g<0>", replace_unprintable(" ".join(text.splitlines())))


def _is_printable(char: str) -> bool:
    # Python does not count no-break spaces and other blanks of one line as printable.
    return char.isprintable() or unicodedata.category(char) == "Zs"
