"""What `tgo bulk` says of files: all that is wrong at once, and what to do next."""

import json
from pathlib import Path

from telegent_orchestrator.bulk_rows import Format, read_rows
from tests.harness.command_line import ROOT, CommandLine

HERE = CommandLine({})
COMMON = str(ROOT / "examples" / "bulk-common.json")
HEAD = (
    "reference,subscribers.0.name,subscribers.0.email,subscribers.0.password,"
    "lines.0.number.phone_number"
)


async def test_every_fault_of_every_row_is_named_with_its_rows(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    rows = [
        "one,A,one@example.com,change-me-1,+18015550151",
        "two,B,no-address,short,18015550152",
        "",
        "one,C,ONE@example.com,change-me-3,+18015550151",
        "four,D,four@example.com,change-me-4,+18015550154,too many",
        "five,E,five@example.com,short,+18015550155",
    ]
    file.write_text("\n".join([HEAD, *rows]), encoding="utf-8-sig")
    said = await HERE.run("bulk", "check", str(file), "--common", COMMON, "--json")
    assert said.status == 2
    faults = said.json["errors"]
    assert [fault.partition(" String")[0] for fault in faults] == [
        "row 3: subscribers.0.email:",
        "rows 3, 7: subscribers.0.password:",
        "row 3: lines.0.number.phone_number:",
        "row 5: reference: is the same in row 2",
        "row 5: subscribers.0.email: is the same in row 2",
        "row 5: lines.0.number.phone_number: is the same in row 2",
        "row 6: has 6 cells, and there are 5 columns",
    ]
    people = await HERE.run("bulk", "start", str(file), "--common", COMMON)
    assert people.status == 2
    assert f"{file} has 8 errors; nothing was sent" in people.err
    assert "short" not in people.err.replace("shorter", "")


async def test_a_file_that_is_no_table_of_rows_is_refused(tmp_path: Path) -> None:
    for name, text, why in (
        ("rows.txt", "", "its name must end in .csv, .jsonl, .ndjson"),
        ("rows.csv", HEAD, "row 1: there are no rows"),
        ("rows.csv", 'a,a\n"b', "row 1: two columns are called 'a'"),
        ("rows.csv", 'a,b\n"b', "is not CSV: unexpected end of data"),
        ("rows.jsonl", "{}\n{", "row 2: is not JSON: "),
        ("rows.jsonl", "[]", "row 1: is not a JSON object"),
        ("rows.csv", "lines.7.key\nx", "row 2: a request has no place 'lines.7.key'"),
    ):
        (tmp_path / name).write_text(text)
        said = await HERE.run("bulk", "check", str(tmp_path / name))
        assert said.status == 2
        assert why in said.err, said.err


async def test_the_templates_and_the_samples_are_valid(tmp_path: Path) -> None:
    for form in Format:
        template = await HERE.run("bulk", "template", form.value)
        assert len(read_rows(template.out, form)) == 2
    csv, jsonl = (ROOT / "examples" / f"bulk.{form.value}" for form in Format)
    common = json.loads(Path(COMMON).read_text())
    assert len(read_rows(csv.read_text(), Format.CSV, common)) == 3
    assert len(read_rows(jsonl.read_text(), Format.JSON_LINES, common)) == 2
