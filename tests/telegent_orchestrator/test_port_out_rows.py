"""Files of port-outs: every row, or every error."""

import pytest

from telegent_orchestrator.bulk_rows import InvalidRowsError
from telegent_orchestrator.port_out_rows import MAX_PORT_OUTS, read_port_outs

HEADER = "phone_number,authentication_reference,subscription_id,after_port_out\n"


def errors(text: str) -> str:
    with pytest.raises(InvalidRowsError) as invalid:
        read_port_outs(text, "operator")
    return "\n".join(invalid.value.messages())


def test_each_row_is_a_port_out() -> None:
    first, second = read_port_outs(
        "\ufeff" + HEADER + "+18015550142,call-1,SUB-1,keep\n+18015550143,call-2,,\n", "operator"
    )

    assert (first.phone_number, first.authentication_reference) == ("+18015550142", "call-1")
    assert (first.subscription_id, first.subscription_to_close) == ("SUB-1", None)
    assert (second.phone_number, second.subscription_id, second.by) == (
        "+18015550143",
        None,
        "operator",
    )


def test_every_error_is_named_without_values() -> None:
    found = errors(HEADER + "8015550142,call-1,,\n+18015550143,,,\n+18015550144,call-3,,keep,x\n")

    assert "row 2: phone_number" in found
    assert "row 3: authentication_reference" in found
    assert "row 4:" in found
    assert "8015550142" not in found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the column phone_number is missing"),
        ("phone_number\n+18015550142\n", "the column authentication_reference is missing"),
        (HEADER, "no row below the header"),
        (HEADER.strip() + ",pin\n", "and no others"),
        (HEADER + "+18015550142,call-1,,\n" * 2, "row 3: phone_number is there more than once"),
        (HEADER + '"+18015550142,call-1,,\n', "unexpected end of data"),
        (
            HEADER + "+18015550142,call-1,,\n" * (MAX_PORT_OUTS + 1),
            "at most 10000 port-outs",
        ),
    ],
)
def test_invalid_file_is_rejected(text: str, why: str) -> None:
    assert why in errors(text)
