"""Why Temporal cannot be reached, in a sentence that names the setting to fix.

The SDK reports errors of its TLS and HTTP/2 libraries as a dump of their structures.
"""

import difflib
import re
from collections.abc import Mapping

from temporalio.envconfig import ClientConnectConfig
from temporalio.service import TLSConfig

CERT, KEY, CA_CERT = "CLIENT_CERT", "CLIENT_KEY", "SERVER_CA_CERT"
Variables = Mapping[str, str]
TEMPORAL_VARIABLES = frozenset(
    {
        *("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"),
        *("TEMPORAL_API_KEY", "TEMPORAL_API_KEY_FILE", "TEMPORAL_TLS"),
        *("TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_CERT_DATA"),
        *("TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_CLIENT_KEY_DATA"),
        *("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_SERVER_CA_CERT_DATA"),
        *("TEMPORAL_TLS_SERVER_NAME", "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"),
        *("TEMPORAL_CODEC_ENDPOINT", "TEMPORAL_CODEC_AUTH"),
    }
)
"""What Temporal's environment configuration reads, and our `TEMPORAL_API_KEY_FILE`."""
NATIVE_MESSAGE = re.compile(r'message: "([^"]+)"')
"""The message of the operating system in such a dump."""


def unknown_variable_warnings(variables: Variables) -> list[str]:
    """A warning for each `TEMPORAL_` variable that nothing reads, with the likely intended name.

    `TEMPORAL_GRPC_META_*` are headers, with any name.
    """
    warnings = []
    for name in sorted(variables):
        known = name in TEMPORAL_VARIABLES or name.startswith("TEMPORAL_GRPC_META_")
        if not name.startswith("TEMPORAL_") or known:
            continue
        match = difflib.get_close_matches(name, TEMPORAL_VARIABLES, n=1, cutoff=0.8)
        hint = f"; did you mean {match[0]}?" if match else ""
        warnings.append(f"{name} is set and no setting has this name{hint}")
    return warnings


def explain_config_error(error: Exception, variables: Variables) -> str:
    """What is wrong with the `TEMPORAL_*` settings in `variables`."""
    if not isinstance(error, OSError) or not error.filename:
        return f"the TEMPORAL_* settings are invalid: {error}"
    names = [_variable_name(part, variables) for part in (CERT, KEY, CA_CERT)]
    setting = next((name for name in names if variables.get(name) == error.filename), "a setting")
    return f"{setting} names {error.filename}, which cannot be read: {error.strerror}"


def explain_connection_error(
    error: Exception, config: ClientConnectConfig, variables: Variables
) -> str:
    """Why a client with this configuration, read from `variables`, cannot connect."""
    message = str(error)
    return (
        _explain_client_cert(message, variables)
        or _explain_server_cert(message, config, variables)
        or _explain_rejection(message, config, variables)
        or f"{_native_message(error)}; start it, or set "
        "TEMPORAL_ADDRESS (and TEMPORAL_API_KEY or TEMPORAL_TLS_* if it requires them)"
    )


def _explain_client_cert(message: str, variables: Variables) -> str | None:
    cert, key = _variable_name(CERT, variables), _variable_name(KEY, variables)
    if "both client cert and private key" in message:
        return f"{cert} and {key} must be set together"
    if "KeyMismatch" in message:
        return f"the private key in {key} does not belong to the certificate in {cert}"
    if "NoCertificatesPresented" in message:
        return f"there is no PEM certificate in {cert}"
    if "PrivateKeyParseError" in message:
        return f"there is no PEM private key in {key}"
    return None


def _explain_server_cert(
    message: str, config: ClientConnectConfig, variables: Variables
) -> str | None:
    if "InvalidCertificate(UnknownIssuer" in message:
        if _tls(config).server_root_ca_cert:
            return f"no CA in {_variable_name(CA_CERT, variables)} has signed its certificate"
        authority = _variable_name(CA_CERT, variables)
        return (
            f"its certificate was signed by an unknown CA: name the CA certificate in {authority}"
        )
    if "InvalidCertificate(NotValidForName" in message:
        names = ", ".join(re.findall(r"DnsName\(\W*([\w.*-]+)", message)) or "no name"
        return (
            f"its certificate is for {names}: use that name in TEMPORAL_ADDRESS, or set "
            "TEMPORAL_TLS_SERVER_NAME to it"
        )
    if "InvalidCertificate(Expired" in message:
        return "its certificate has expired, or the clock of this machine is wrong"
    if "InvalidContentType" in message:
        why = " (TEMPORAL_API_KEY turns TLS on)" if config.get("api_key") else ""
        return f"it does not use TLS: unset TEMPORAL_TLS_*, and set TEMPORAL_TLS=false{why}"
    return None


def _explain_rejection(
    message: str, config: ClientConnectConfig, variables: Variables
) -> str | None:
    if re.search("code: (Unauthenticated|PermissionDenied)", message):
        if config.get("api_key"):
            return "it rejected TEMPORAL_API_KEY"
        return "it requires authentication: set TEMPORAL_API_KEY"
    # The handshake succeeded on this side, and the server then closed the connection.
    if re.search(
        "AlertReceived|ConnectionReset|UnexpectedEof|BrokenPipe|connection closed", message
    ):
        if not config.get("tls"):
            return "the server closed the connection: if it uses TLS, set TEMPORAL_TLS=true"
        if _tls(config).client_cert:
            return f"it rejected the client certificate in {_variable_name(CERT, variables)}"
        return (
            "the server closed the TLS connection; it probably requires a client certificate: set "
            f"{_variable_name(CERT, variables)} and {_variable_name(KEY, variables)}"
        )
    return None


def _native_message(error: Exception) -> str:
    if native := NATIVE_MESSAGE.findall(str(error)):
        return str(native[-1])
    return (str(error).splitlines() or [type(error).__name__])[0]


def _variable_name(part: str, variables: Variables) -> str:
    """The variable of this TLS setting: the one with the content if it is set, else the path."""
    data = f"TEMPORAL_TLS_{part}_DATA"
    return data if variables.get(data) else f"TEMPORAL_TLS_{part}_PATH"


def _tls(config: ClientConnectConfig) -> TLSConfig:
    tls = config.get("tls")
    return tls if isinstance(tls, TLSConfig) else TLSConfig()
