"""Accounts under the distributor."""

from simulator.engine.fields import (
    Address,
    Body,
    EmailText,
    Json,
    NoParameters,
    Query,
    ResponseBody,
    Text,
)
from simulator.engine.state import SimulatorState, changed_fields


class CreateAccount(Body):
    """POST account/create."""

    AccountName: Text
    AccountAdmin: EmailText | None = None
    BillingAddress: Address | None = None
    MailingAddress: Address | None = None


class AccountQuery(Query):
    """GET account."""

    AccountId: Text


class UpdateAccount(Body):
    """POST account/update. The published schema has no AccountId."""

    AccountName: Text | None = None
    BillingAddress: Address | None = None
    MailingAddress: Address | None = None


def create_account(state: SimulatorState, body: CreateAccount) -> ResponseBody:
    """Create an account. No document says that names are unique."""
    account_id = state.new_id("AID")
    state.accounts[account_id] = {
        "AccountId": account_id,
        "AccountName": body.AccountName,
        "BillingAddress": _address(body.BillingAddress),
        "MailingAddress": _address(body.MailingAddress),
    }
    state.commit(
        "account.created",
        {"account_id": account_id, "name": body.AccountName, "admin": body.AccountAdmin},
    )
    return _to_response(state, account_id)


def get_account(state: SimulatorState, query: AccountQuery) -> ResponseBody:
    """Return an account."""
    state.find(state.accounts, query.AccountId, "AccountId")
    return _to_response(state, query.AccountId)


def update_account(state: SimulatorState, body: UpdateAccount) -> ResponseBody:
    """Update the only account; with several, a request cannot name one."""
    account_id = state.resolve_account(None)
    account = state.accounts[account_id]
    if body.AccountName is not None:
        account["AccountName"] = body.AccountName
    for part in ("BillingAddress", "MailingAddress"):
        sent = getattr(body, part)
        if sent is not None:
            account[part] = {**account[part], **sent.sent_fields()}
    state.commit(
        "account.updated",
        {"account_id": account_id, "fields": changed_fields(body.sent_fields(), "AccountId")},
    )
    return _to_response(state, account_id)


def list_accounts(state: SimulatorState, _: NoParameters) -> ResponseBody:
    """List the accounts, in the envelope that the options choose."""
    rows = [_to_response(state, account_id) for account_id in state.accounts]
    envelope = state.options.accounts_envelope
    if envelope == "results":
        return {"Results": rows}
    if envelope == "object" and len(rows) == 1:
        return rows[0]
    return rows


def _address(address: Address | None) -> Json:
    return (address or Address()).model_dump()


def _to_response(state: SimulatorState, account_id: str) -> Json:
    subscribers = [s for s in state.subscribers.values() if s.account_id == account_id]
    return {**state.accounts[account_id], "TotalSubscribers": len(subscribers)}
