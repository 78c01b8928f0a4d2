"""The activation code of an eSIM."""

from urllib.parse import parse_qs, urlsplit

_MARK = "LPA:"


def parse_activation_code(qr_url: str | None) -> str | None:
    """Extract the activation code ``LPA:1$<server>$<matching id>`` from the vendor's QR URL.

    The vendor documents no field for the code: it is the ``text=`` parameter of the URL of the QR
    image. A value that is the code itself is returned unchanged.

    Returns:
        The activation code; None if `qr_url` contains none.
    """
    if not qr_url:
        return None
    if qr_url.upper().startswith(_MARK):
        return qr_url
    try:
        texts = parse_qs(urlsplit(qr_url).query).get("text", [])
    except ValueError:
        return None
    return next((text for text in texts if text.upper().startswith(_MARK)), None)
