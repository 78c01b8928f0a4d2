"""Which orders the body of an update names, in any format, encoding or size."""

import gzip
import json
import time
import zlib

import pytest
from hypothesis import example, given, strategies as st

from worker.http.webhook import MAX_BODY_BYTES, decode_body, extract_order_ids


@pytest.mark.parametrize(
    ("body", "orders"),
    [
        ('{"OrderId": "JNUOID-1"}', ["JNUOID-1"]),
        ('{"event": {"data": [{"orderId": "A-1"}, {"ORDER_ID":"B-2"}]}}', ["A-1", "B-2"]),
        (json.dumps({"body": json.dumps({"OrderId": "A-1"})}), ["A-1"]),
        ("[" * 5000 + '{"OrderId":"A-1"}', ["A-1"]),
        ("<x:Event><x:OrderId>\n JNUOID-7 </x:OrderId></x:Event>", ["JNUOID-7"]),
        ('<Order OrderId="A-1"/>', ["A-1"]),
        ("<OrderId><![CDATA[JNUOID-7]]></OrderId>", ["JNUOID-7"]),
        ("Event=Order_Update&OrderId=JNUOID-7&Status=Complete", ["JNUOID-7"]),
        ("order JNUOID-7 has changed; see JNUOID-8, JNUOID-7", ["JNUOID-7", "JNUOID-8"]),
        ('{"OrderId": null, "OrderStatus": "Complete"}', ["null"]),
        ('{"OrderId": "", "Status": "x"}', []),
        ('{"OrderId": "\\" OR WorkflowId != \\"x"}', ["OR"]),
        ("Status=Complete", []),
        ("", []),
    ],
)
def test_order_ids_are_found_in_any_format(body: str, orders: list[str]) -> None:
    assert extract_order_ids(body) == orders


def text(body: bytes, encoding: str = "", kind: str = "") -> str:
    decoded = decode_body(body, encoding, kind)
    assert decoded is not None
    return decoded


UPDATE = '{"OrderId": "JNUOID-12"}'
ESCAPED = r'{"OrderId": "JNUOID\u002d12"}'


@pytest.mark.parametrize(
    ("body", "encoding", "kind"),
    [
        (gzip.compress(UPDATE.encode()), "gzip", ""),
        (zlib.compress(UPDATE.encode()), "deflate", ""),
        (gzip.compress(gzip.compress(UPDATE.encode())), "gzip, gzip", ""),
        (UPDATE.encode("utf-16"), "", "application/json"),
        (UPDATE.encode("utf-16-le"), "", ""),
        (UPDATE.encode("utf-16-be"), "", ""),
        (UPDATE.encode("utf-8-sig"), "identity", ""),
        (UPDATE.encode("cp037"), "", "application/json; charset=cp037"),
        (UPDATE.encode(), "", "application/json; charset=unheard-of"),
        (UPDATE.encode(), "", "application/json; charset=undefined"),
        (UPDATE.encode() + b"\xff", "", "application/json; charset=idna"),
        (UPDATE.encode(), "", "application/json; charset=-Punycode"),
        (ESCAPED.encode(), "", ""),
        (json.dumps(ESCAPED).encode(), "", ""),
    ],
    # Compressed data contain the time, and test ids must be the same in all processes.
    ids=range(14),
)
def test_order_id_is_found_in_any_encoding(body: bytes, encoding: str, kind: str) -> None:
    assert extract_order_ids(text(body, encoding, kind)) == ["JNUOID-12"]


@example("İ".encode())
@given(st.binary(max_size=2000) | st.text(max_size=500).map(str.encode))
def test_order_id_cannot_break_out_of_the_query(body: bytes) -> None:
    for found in extract_order_ids(text(b'"OrderId":"' + body)) + extract_order_ids(text(body)):
        assert found.isascii()
        assert not set(found) & set("\"'\\ \n=()")


def test_body_with_many_orders_causes_bounded_queries() -> None:
    assert len(extract_order_ids(" ".join(f"JNUOID-{n}" for n in range(5000)))) == 20
    assert extract_order_ids("orderid" * 5000 + " " * 20_000 + '"' * 20_000) == []


def test_long_run_of_backslashes_does_not_hold_the_server_up() -> None:
    began = time.process_time()
    text(b"\\" * MAX_BODY_BYTES)
    assert time.process_time() - began < 1
