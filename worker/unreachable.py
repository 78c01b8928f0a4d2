"""Why Temporal cannot be reached, in a sentence that names the setting to mend.

The SDK passes on what its libraries for TLS and HTTP/2 say, as a dump of their structures.
"""

import os
import re

from temporalio.envconfig import ClientConnectConfig
from temporalio.service import TLSConfig

CERT, KEY, AUTHORITY = "CLIENT_CERT", "CLIENT_KEY", "SERVER_CA_CERT"


def unusable(error: Exception) -> str:
    """What is wrong with the `TEMPORAL_*` settings themselves."""
    if not isinstance(error, OSError) or not error.filename:
        return f"the TEMPORAL_* settings cannot be used: {error}"
    names = [_name(part) for part in (CERT, KEY, AUTHORITY)]
    who = next((name for name in names if os.environ.get(name) == error.filename), "a setting")
    return f"{who} names {error.filename}, which cannot be read: {error.strerror}"


def unreachable(error: Exception, config: ClientConnectConfig) -> str:
    """What keeps a client with this configuration from Temporal."""
    said = str(error)
    return (
        _wrong_files(said)
        or _wrong_server(said, config)
        or _not_let_in(said, config)
        or f"{(said.splitlines() or [type(error).__name__])[0]}; start it, or set "
        "TEMPORAL_ADDRESS (and TEMPORAL_API_KEY or TEMPORAL_TLS_* where it asks for them)"
    )


def _wrong_files(said: str) -> str | None:
    cert, key = _name(CERT), _name(KEY)
    if "both client cert and private key" in said:
        return f"{cert} and {key} go together; set both"
    if "KeyMismatch" in said:
        return f"the key in {key} is not that of the certificate in {cert}"
    if "NoCertificatesPresented" in said:
        return f"there is no PEM certificate in {cert}"
    if "PrivateKeyParseError" in said:
        return f"there is no PEM private key in {key}"
    return None


def _wrong_server(said: str, config: ClientConnectConfig) -> str | None:
    if "InvalidCertificate(UnknownIssuer" in said:
        if _tls(config).server_root_ca_cert:
            return f"no certificate in {_name(AUTHORITY)} vouches for it"
        return f"its certificate is of no known authority: name that one's in {_name(AUTHORITY)}"
    if "InvalidCertificate(NotValidForName" in said:
        names = ", ".join(re.findall(r"DnsName\(\W*([\w.*-]+)", said)) or "no name"
        return (
            f"its certificate is for {names}: use that name in TEMPORAL_ADDRESS, or set "
            "TEMPORAL_TLS_SERVER_NAME to it"
        )
    if "InvalidCertificate(Expired" in said:
        return "its certificate has expired, or the clock of this machine is wrong"
    if "InvalidContentType" in said:
        why = " (TEMPORAL_API_KEY turns TLS on)" if config.get("api_key") else ""
        return f"it does not speak TLS: unset TEMPORAL_TLS_*, and set TEMPORAL_TLS=false{why}"
    return None


def _not_let_in(said: str, config: ClientConnectConfig) -> str | None:
    if re.search("code: (Unauthenticated|PermissionDenied)", said):
        if config.get("api_key"):
            return "it refuses TEMPORAL_API_KEY"
        return "it wants to know who asks: set TEMPORAL_API_KEY"
    # After a handshake that went well on this side: the server did not like what it got.
    if re.search("AlertReceived|ConnectionReset|UnexpectedEof|BrokenPipe|connection closed", said):
        if not config.get("tls"):
            return "it hangs up: if it speaks TLS, set TEMPORAL_TLS=true"
        if _tls(config).client_cert:
            return f"it refuses the client certificate in {_name(CERT)}"
        return (
            "it hangs up, as one does that wants a client certificate: set "
            f"{_name(CERT)} and {_name(KEY)}"
        )
    return None


def _name(part: str) -> str:
    """The variable for this part of TLS, as a path or, if so set, as the content itself."""
    data = f"TEMPORAL_TLS_{part}_DATA"
    return data if os.environ.get(data) else f"TEMPORAL_TLS_{part}_PATH"


def _tls(config: ClientConnectConfig) -> TLSConfig:
    tls = config.get("tls")
    return tls if isinstance(tls, TLSConfig) else TLSConfig()
