"""Check the wording of texts that people read: `python -m tools.prose [FILE ...]`.

Reports each word or phrase that `tools/prose_substitutions.toml` replaces, in Markdown, in Python
docstrings, comments, messages and test names, and in configuration that shows text. Code in
backticks and code blocks is skipped. Exits with status 1 if there are findings.
"""

import argparse
import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = Path(__file__).with_name("prose_substitutions.toml")
HIDDEN = re.compile(
    r"""
      ^[ \t]*(?P<fence>```+|~~~+)[^\n]*\n.*?^[ \t]*(?P=fence)[ \t]*$  # a code block
    | (?P<ticks>`+)(?:(?!\n[ \t]*\n).)+?(?P=ticks)                   # code inside a sentence
    | <!--.*?-->
    | (?<=\])\([^)\n]*\)                                             # the target of a link
    | https?://[^\s)>"']+
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
SEVERAL_WORDS = re.compile(r"[A-Za-z]{2,}[,;:]?\s+[A-Za-z{]+")


@dataclass(frozen=True)
class Text:
    """A piece of text that people read.

    Attributes:
        scope: What kind of text it is; a name of a table in the substitutions.
        line: The line of the file in which it starts.
    """

    scope: str
    line: int
    content: str


@dataclass(frozen=True)
class Finding:
    """A word or phrase to replace."""

    path: str
    line: int
    found: str
    say: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: '{self.found}': say '{self.say}'"


class Substitutions:
    """What to say instead of which words, where, and with which exceptions."""

    def __init__(self, table: dict[str, dict[str, str]], skipped: dict[str, list[str]]) -> None:
        self._skipped = skipped
        self._say = {scope: list(rules.values()) for scope, rules in table.items()}
        self._patterns = {scope: _any_of(list(rules)) for scope, rules in table.items() if rules}

    @classmethod
    def load(cls, path: Path = TABLE) -> "Substitutions":
        """Read the table from a TOML file."""
        tables = tomllib.loads(path.read_text("utf-8"))
        return cls({name: tables[name] for name in tables if name != "except"}, tables["except"])

    def skips(self, path: str) -> bool:
        """Whether nothing is checked in this file."""
        return self._allows(path, "*")

    def check(self, path: str, text: Text) -> Iterator[Finding]:
        """Find what is to be replaced in a text of the file `path`."""
        content = HIDDEN.sub(_blank, text.content)
        for scope in ("everywhere", text.scope):
            pattern = self._patterns.get(scope)
            for match in pattern.finditer(content) if pattern else ():
                found = " ".join(match[0].split())
                if not self._allows(path, found.lower()):
                    line = text.line + content.count("\n", 0, match.start())
                    say = self._say[scope][int(str(match.lastgroup)[1:])]
                    yield Finding(path, line, found, say)

    def _allows(self, path: str, found: str) -> bool:
        return any(fnmatch(path, glob) and found in self._skipped[glob] for glob in self._skipped)


def _any_of(rules: list[str]) -> re.Pattern[str]:
    """Combine all rules. A space in a rule also matches the end of a line."""
    spaced = (re.sub(" ", r"\\s+", rule) for rule in rules)
    groups = "|".join(f"(?P<r{number}>{rule})" for number, rule in enumerate(spaced))
    return re.compile(rf"(?<![\w-])(?:{groups})(?![\w-])", re.IGNORECASE)


def _blank(hidden: re.Match[str]) -> str:
    """Hide a match without moving lines or joining the words around it."""
    return re.sub(r"[^\n]", "`", hidden[0])


def python_texts(source: str) -> Iterator[Text]:
    """Yield docstrings, comments, strings of several words, and the names of tests."""
    tree = ast.parse(source)
    docstrings = {id(node) for node in _docstrings(tree)}
    inside_f_strings = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield from _message(node, "".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) in docstrings:
                yield Text("docstring", node.lineno, node.value)
            elif id(node) not in inside_f_strings:
                yield from _message(node, node.value)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
            node.name.startswith("test_")
        ):
            yield Text("test_name", node.lineno, node.name.replace("_", " "))
    yield from _comments(source)


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield strings that are statements: docstrings, also those below an attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _message(node: ast.expr, content: str) -> Iterator[Text]:
    if SEVERAL_WORDS.search(content):
        yield Text("message", node.lineno, content)


def _comments(source: str) -> Iterator[Text]:
    """Yield comments; those on consecutive lines are one text."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    for _, block in groupby(enumerate(comments), lambda pair: pair[1].start[0] - pair[0]):
        lines = [token for _, token in block]
        content = "\n".join(token.string.lstrip("#:! ") for token in lines)
        yield Text("comment", lines[0].start[0], content)


def _whole(scope: str, source: str) -> Iterator[Text]:
    yield Text(scope, 1, source)


READERS: dict[str, Callable[[str], Iterator[Text]]] = {
    ".md": partial(_whole, "markdown"),
    ".py": python_texts,
    **dict.fromkeys((".json", ".sh", ".toml", ".yaml", ".yml"), partial(_whole, "data")),
    **dict.fromkeys(("Dockerfile", "Makefile"), partial(_whole, "data")),
}


def check_files(paths: list[str], substitutions: Substitutions) -> list[Finding]:
    """Check the files that people read; others are left out."""
    findings: list[Finding] = []
    for path in paths:
        file = ROOT / path
        read = READERS.get(file.suffix or file.name)
        if read and file.is_file() and not substitutions.skips(path):
            for text in read(file.read_text("utf-8")):
                findings.extend(substitutions.check(path, text))
    return sorted(findings, key=lambda finding: (finding.path, finding.line))


def all_files() -> list[str]:
    """Every file of the repository that Git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - all written here
    return sorted(set(listed.stdout.splitlines()))


def main() -> int:
    """Print all findings. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.prose", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", help="relative to the repository")
    findings = check_files(parser.parse_args().files or all_files(), Substitutions.load())
    for finding in findings:
        print(finding)
    if findings:
        files = len({finding.path for finding in findings})
        print(f"{len(findings)} words to replace in {files} files", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
