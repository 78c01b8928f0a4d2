"""Which rejections may mean that an id is too new to be known."""

import pytest

from activities.support.outcomes import Outcome, outcome_of_error
from telegent import BadRequestError


def outcome(message: str) -> Outcome:
    return outcome_of_error(
        BadRequestError("rejected (400)", endpoint="POST /x", status=400, vendor_message=message)
    )


@pytest.mark.parametrize(
    "message",
    [
        "Invalid AccountId",
        "Invalid Subscriber Id",
        "Invalid TNID",
        "Invalid phone number",
        "The PackageId is invalid.",
        "SubscriberId does not exist",
        "Subscriber not found",
        "No such package",
        "Unknown subscriber",
        "Phone number does not belong to account",
        "Account could not be found",
        "Cannot find subscriber TSUID-1",
        "No product with this id was found",
        "SubscriberId TSUID-1 is invalid",
        "TSUID-1 is not a valid SubscriberId",
        "The package doesn\u2019t exist",
        "Unrecognized ProductId",
        "Invalid account",
    ],
)
def test_unknown_id_in_any_words_may_be_new(message: str) -> None:
    assert outcome(message) is Outcome.NOT_FOUND


@pytest.mark.parametrize(
    "message",
    [
        "MessageRouteId is required",
        "Invalid account number format",
        "Duplicate filter found for the same subscriber and phone number",
        "Email already exists",
        "Phone number already in use",
        "NotifyValue must be less than ThrottleValue",
        "GENS-0041: No Port-In request found",
        "8A-ACCOUNT_NUM_REQ_OR_INCORRECT",
        "The account number is invalid",
        "The PIN is invalid",
    ],
)
def test_other_rejection_is_an_end(message: str) -> None:
    assert outcome(message) is Outcome.REJECTED
