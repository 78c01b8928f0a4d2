from pathlib import Path

import pytest

from tools import prose
from tools.prose import Substitutions, Text, python_texts

RULES = Substitutions(
    {
        "everywhere": {"anew": "again", "lost answers?": "lost response", "mend(?:s|ed)?": "fix"},
        "message": {"desks?": "operator"},
        "test_name": {"is made": "is created"},
    },
    {"docs/glossary.md": ["*"], "docs/a*.md": ["anew"]},
)


def found(scope: str, content: str, path: str = "README.md") -> list[str]:
    return [finding.found for finding in RULES.check(path, Text(scope, 1, content))]


def found_in_python(source: str) -> list[tuple[int, str]]:
    texts = python_texts(source)
    return sorted((f.line, f.found) for text in texts for f in RULES.check("module.py", text))


def test_finding_names_file_line_word_and_substitution() -> None:
    (finding,) = RULES.check("README.md", Text("markdown", 10, "Start it\nAnew."))
    assert str(finding) == "README.md:11: 'Anew': say 'again'"


@pytest.mark.parametrize(
    "content",
    [
        "renewal, manewer, re-anew, anew-ish",
        "run `begin anew` and ``x = `anew` ``",
        "```\nbegin anew\n```\n",
        "   ```python\n   anew\n   ```\n",
        "[again](anew.md) <!-- anew --> https://example.com/anew",
        "a desk and a table",
    ],
)
def test_code_links_and_parts_of_words_are_skipped(content: str) -> None:
    assert found("markdown", content) == []


def test_text_after_a_code_block_is_checked() -> None:
    assert found("markdown", "```\nanew\n```\nand mended\n\n```\nanew\n```\n") == ["mended"]


def test_phrase_is_found_across_the_end_of_a_line() -> None:
    assert found("markdown", "after a lost\n  answer it") == ["lost answer"]


def test_rule_of_one_scope_does_not_apply_in_another() -> None:
    assert found("message", "the desk does it") == ["desk"]
    assert found("docstring", "the desk does it") == []


def test_exception_applies_to_its_word_in_matching_files_only() -> None:
    assert found("markdown", "anew, mend", path="docs/about.md") == ["mend"]
    assert found("markdown", "anew, mend", path="docs/other.md") == ["anew", "mend"]
    assert RULES.skips("docs/glossary.md")
    assert not RULES.skips("docs/about.md")


def test_docstrings_comments_messages_and_test_names_are_read() -> None:
    source = '''"""Begin anew."""
# A comment of two lines about a lost
# answer.
LIMIT = 3
"""Mend it."""


def test_a_line_is_made():
    raise ValueError(f"the desk {LIMIT} starts " "anew")
'''
    assert found_in_python(source) == [
        (1, "anew"),
        (2, "lost answer"),
        (5, "Mend"),
        (8, "is made"),
        (9, "anew"),
        (9, "desk"),
    ]


def test_code_single_words_and_names_in_python_are_skipped() -> None:
    assert found_in_python('anew = ["anew", "desk", f"{anew}-desk"]\n# `anew`\n') == []


def test_word_inside_an_expression_of_an_f_string_is_reported_once() -> None:
    assert found_in_python("""x = f"begin {pick('go on anew')} here"\n""") == [(1, "anew")]


def test_files_without_text_for_people_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    for name in ("a.md", "b.png", "Makefile", "alerts.yml"):
        (tmp_path / name).write_text("summary: begin anew", "utf-8")
    paths = ["a.md", "alerts.yml", "b.png", "deleted.md", "Makefile"]

    findings = prose.check_files(paths, RULES)

    assert [finding.path for finding in findings] == ["Makefile", "a.md", "alerts.yml"]


def test_table_loads_and_explains_each_rule() -> None:
    substitutions = Substitutions.load()
    (finding,) = substitutions.check("README.md", Text("markdown", 1, "whoever"))
    assert finding.say.startswith("the role")
    assert substitutions.skips("docs/glossary.md")
