"""What a phone needs to load an eSIM."""

from urllib.parse import parse_qs, urlsplit

_MARK = "LPA:"


def parse_activation_code(qr_url: str | None) -> str | None:
    """The ``LPA:1$<server>$<matching id>`` text inside the address of the vendor's QR picture.

    The vendor documents no field for it; it is the picture's ``text=`` parameter. A value that is
    the text itself comes back as it is. None when there is neither.
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
