"""Activation codes in the QR URLs of the vendor."""

import pytest

import telegent as t

QR = (
    "https://quickchart.io/qr?text=LPA:1$T-MOBILE.IDEMIA.IO$LX9G1-Q12VI-CIIWA-WAQIN"
    "&centerImageUrl=x&ecLevel=H&format=png&centerImageSizeRatio=.3"
)
CODE = "LPA:1$T-MOBILE.IDEMIA.IO$LX9G1-Q12VI-CIIWA-WAQIN"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (QR, CODE),
        (f"https://x.example/qr?size=1&text={CODE.replace(':', '%3A').replace('$', '%24')}", CODE),
        (CODE, CODE),
        ("https://api.telegent.com/qr-activation-link", None),
        ("https://x.example/?text=hello", None),
        ("http://[", None),
        ("", None),
        (None, None),
    ],
)
def test_activation_code_is_extracted_from_qr_url(value: str | None, code: str | None) -> None:
    assert t.parse_activation_code(value) == code
