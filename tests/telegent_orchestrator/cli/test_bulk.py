"""Files for `tgo bulk`: every error at once."""

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest

from telegent_orchestrator.bulk import RowResult
from telegent_orchestrator.bulk_rows import Format, InvalidRowsError, read_rows
from telegent_orchestrator.cli.bulk.report import rows_csv
from tests.harness.command_line import ROOT, CommandLine

HERE = CommandLine({})
COMMON = str(ROOT / "examples" / "bulk-common.json")
HEAD = (
    "reference,subscribers.0.name,subscribers.0.email,subscribers.0.password,"
    "lines.0.number.phone_number"
)


async def test_every_error_is_reported_with_its_rows(tmp_path: Path) -> None:
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
    assert [fault.partition(" must")[0] for fault in faults] == [
        "row 3: subscribers.0.email:",
        "rows 3, 7: subscribers.0.password:",
        "row 3: lines.0.number.phone_number:",
        "row 5: reference: is the same in row 2",
        "row 5: subscribers.0.email: is the same in row 2",
        "row 5: lines.0.number.phone_number: is the same in row 2",
        "row 6: has 6 cells, and there are 5 columns",
    ]
    text = await HERE.run("bulk", "start", str(file), "--common", COMMON)
    assert text.status == 2
    assert f"{file} has 8 errors; nothing was sent" in text.err
    assert "short" not in text.err


async def test_unusable_file_is_rejected(tmp_path: Path) -> None:
    for name, text, why in (
        ("rows.txt", "", "its name must end in .csv, .tsv, .jsonl, .ndjson"),
        ("rows.csv", HEAD, "row 1: there are no rows"),
        ("rows.csv", 'routes,a,a\n"b', "row 1: two columns are called 'a'"),
        ("rows.csv", 'routes,b\n"b', "is not CSV: unexpected end of data"),
        ("rows.csv", "one,A,one@example.com\ntwo,B,x", "row 1: no column is a field"),
        ("rows.csv", HEAD.replace(",", "^") + "\nx", "row 1: no column is a field"),
        ("rows.csv", "PK\x03\x04", "it is a spreadsheet or an archive: save it as 'CSV UTF-8'"),
        ("rows.jsonl", "{}\n{", "row 2: is not JSON: "),
        ("rows.jsonl", "5", "row 1: is not a JSON object"),
        (
            "rows.jsonl",
            "[{},\n{}]",
            "row 1: begins one JSON document: write each request on a line",
        ),
        ("rows.jsonl", '{\n"reference": "a"\n}', "row 1: begins one JSON document"),
        ("rows.jsonl", '{"a": 1, "a": 2}', "row 1: is ambiguous: an object has the key 'a' twice"),
        ("rows.jsonl", '{"a": ' + "9" * 5_000 + "}", "row 1: is not usable JSON: a number has"),
        (
            "rows.jsonl",
            r'{"reference": "\ud800"}',
            "row 1: request: is not valid JSON, or contains half of",
        ),
        ("rows.csv", "lines.7.key\nx", "row 2: a request has no field 'lines.7.key': items of a"),
    ):
        (tmp_path / name).write_text(text)
        said = await HERE.run("bulk", "check", str(tmp_path / name))
        assert said.status == 2
        assert why in said.err, said.err


async def test_templates_and_examples_are_valid(tmp_path: Path) -> None:
    for form in Format:
        template = await HERE.run("template", "bulk", "--format", form.value)
        assert len(read_rows(template.out, form)) == 2
    csv_file, jsonl = (ROOT / "examples" / f"bulk.{form.value}" for form in Format)
    common = json.loads(Path(COMMON).read_text())
    assert len(read_rows(csv_file.read_text(), Format.CSV, common)) == 3
    assert len(read_rows(jsonl.read_text(), Format.JSON_LINES, common)) == 2


async def test_names_of_columns_may_be_capitalized(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    head, *rows = (ROOT / "examples" / "bulk.csv").read_text().splitlines()
    file.write_text("\n".join([head.title(), *rows]))
    said = await HERE.run("bulk", "check", str(file), "--common", COMMON)
    assert said.status == 0, said.err


@pytest.mark.parametrize(
    ("delimiter", "first_line", "encoding"),
    [
        (";", "", "utf-8"),
        ("\t", "", "utf-8"),
        ("\t", "", "utf-16"),  # "Unicode text" of Excel
        ("\t", "", "utf-16-le"),
        (",", "", "utf-16-be"),
        ("|", "", "utf-8"),
        (";", "sep=;\r\n", "utf-8-sig"),
        ("|", "sep=|\n", "utf-8"),
    ],
)
async def test_files_of_spreadsheets_are_read(
    tmp_path: Path, delimiter: str, first_line: str, encoding: str
) -> None:
    file, common = tmp_path / "rows.csv", tmp_path / "common.json"
    text = (ROOT / "examples" / "bulk.csv").read_text().replace(",", delimiter)
    file.write_text(first_line + text, encoding=encoding)
    common.write_text(Path(COMMON).read_text(), encoding="utf-8-sig")
    said = await HERE.run("bulk", "check", str(file), "--common", str(common))
    assert (said.status, said.out.partition("\n")[0]) == (0, f"{file}: all 3 rows are valid")


async def test_checks_of_the_worker_run_at_bulk_check(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    text = (ROOT / "examples" / "bulk.csv").read_text()
    file.write_text(
        text.replace(",482912,", ",,").replace(
            ",UT,84043\ncustomer-2002", ",NY,84043\ncustomer-2002"
        )
    )
    said = await HERE.run("bulk", "check", str(file), "--common", COMMON, "--json")
    assert said.status == 2
    zip_error, pin_error = said.json["errors"]
    assert (
        zip_error
        == "row 2: lines.0.number.billing_address.zip: is in another state than the address"
    )
    assert pin_error.startswith("row 3: lines.0.number.account_pin: is missing: ")


async def test_one_sim_in_two_rows_is_an_error_in_any_spelling() -> None:
    common = json.loads(Path(COMMON).read_text())
    rows = [
        {
            "reference": f"c-{at}",
            "subscribers": [{"key": "owner", "subscriber_id": f"TSUID-{at}"}],
            "lines": [
                {
                    "key": "phone",
                    "subscriber": "owner",
                    "package": "basic",
                    "number": {"kind": "new", "iccid": iccid},
                }
            ],
        }
        for at, iccid in enumerate(("8901240397190195850", "8901 2403 9719 0195 850F"))
    ]
    text = "\n".join(map(json.dumps, rows))
    with pytest.raises(InvalidRowsError) as caught:
        read_rows(text, Format.JSON_LINES, common)
    assert caught.value.messages() == ["row 2: lines.0.number.iccid: is the same in row 1"]


async def test_huge_file_stops_at_the_limits(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("\n".join([HEAD, *("one,A,nothing,short,1" for _ in range(100_000))]))
    said = await asyncio.wait_for(HERE.run("bulk", "check", str(file), "--common", COMMON), 20)
    assert said.status == 2
    assert "has at least 1" in said.err
    assert len(said.err.splitlines()) < 110


def test_report_has_no_formulas() -> None:
    row = RowResult(
        row=1, reference="=1+1", detail="@SUM(A1)", account_id="-2", phone_numbers=["=cmd", "+1"]
    )
    _, cells = csv.reader(io.StringIO(rows_csv([row])))
    assert cells[1:6] == ["'=1+1", "waiting", "'@SUM(A1)", "'-2", "'=cmd +1"]
    plain = RowResult(row=1, reference="a", phone_numbers=["+18015550142", "+18015550143"])
    _, cells = csv.reader(io.StringIO(rows_csv([plain])))
    assert cells[5] == "+18015550142 +18015550143"


async def test_check_lists_what_each_losing_carrier_asks_for(tmp_path: Path) -> None:
    rows = (await HERE.run("template", "bulk")).out
    head, _, ported = rows.splitlines()
    others = [
        ported.replace("1002", f"100{at}").replace("0165", f"015{at}").replace("other@", f"o{at}@")
        for at in (3, 4)
    ]
    others[1] = others[1].replace("Verizon", "Unlisted Mobile")
    file = tmp_path / "rows.csv"
    file.write_text("\n".join([head, ported, *others]))

    said = await HERE.run("bulk", "check", str(file))
    assert said.status == 0, said.err
    assert "Verizon asks for (2 numbers):" in said.out
    assert "Number Transfer PIN of 6 digits, valid for 7 days: the account's owner" in said.out
    assert "Number Lock switched off" in said.out
    unknown = "Unlisted Mobile, which our reference data does not have, asks for"
    assert f"{unknown} (1 number):" in said.out
    listed = (await HERE.run("bulk", "check", str(file), "--json")).json["carriers"]
    assert [(each["carrier"], each["known"], each["rows"]) for each in listed] == [
        ("Verizon", True, [2, 3]),
        ("Unlisted Mobile", False, [4]),
    ]
