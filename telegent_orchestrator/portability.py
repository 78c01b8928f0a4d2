"""Portability checks: whether numbers can be ported in, before any port-in starts."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from telegent_orchestrator._models import PortableNumber, StrictModel, VendorText, WireModel
from telegent_orchestrator.port_in import Classification

PORTABILITY_WORKFLOW = "PortabilityWorkflow"
MAX_PORTABILITY_NUMBERS = 100
"""Numbers of one check: its history stays short, and its result far below Temporal's limit."""


def portability_id(numbers: Sequence["NumberToCheck"], id_key: str) -> str:
    """Workflow id of the check of these numbers, without the numbers.

    Args:
        numbers: The numbers, in this order.
        id_key: `TELEGENT_ID_KEY`.
    """
    digest = hmac.new(id_key.encode(), digestmod=hashlib.sha256)
    for number in numbers:
        digest.update(number.model_dump_json().encode() + b"\n")
    return f"portability-{digest.hexdigest()[:24]}"


class NumberToCheck(StrictModel):
    """A number that may be ported in. `landline`: whether it is one; otherwise it is mobile."""

    phone_number: PortableNumber
    classification: Classification = "mvno"
    landline: bool = False


class PortabilityRequest(StrictModel):
    """The request that starts a PortabilityWorkflow."""

    numbers: Annotated[list[NumberToCheck], Field(min_length=1, max_length=MAX_PORTABILITY_NUMBERS)]


class Portability(WireModel):
    """Whether one number can be ported in.

    Attributes:
        portable: What Telegent says; None if it did not respond.
        carrier: The losing carrier, as Telegent names it.
        detail: Telegent's message, or why there is none.
    """

    phone_number: str
    portable: bool | None
    carrier: VendorText = ""
    detail: VendorText = ""


class PortabilityResult(WireModel):
    """What is known so far, in the order of the request."""

    numbers: list[Portability]
