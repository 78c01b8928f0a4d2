"""Accounts under the distributor."""

from simulator.engine.fields import Address, Answer, Body, EmailText, Json, Nothing, Query, Text
from simulator.engine.state import World, changed


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


def create_account(world: World, body: CreateAccount) -> Answer:
    """A new account each time: nothing says that names are unique."""
    account_id = world.new_id("AID")
    world.accounts[account_id] = {
        "AccountId": account_id,
        "AccountName": body.AccountName,
        "BillingAddress": _address(body.BillingAddress),
        "MailingAddress": _address(body.MailingAddress),
    }
    world.commit(
        "account.created",
        {"account_id": account_id, "name": body.AccountName, "admin": body.AccountAdmin},
    )
    return _shown(world, account_id)


def get_account(world: World, query: AccountQuery) -> Answer:
    """One account by id."""
    world.find(world.accounts, query.AccountId, "AccountId")
    return _shown(world, query.AccountId)


def update_account(world: World, body: UpdateAccount) -> Answer:
    """Changes the credential's only account; with several, the target cannot be named."""
    account_id = world.account_for(None)
    account = world.accounts[account_id]
    if body.AccountName is not None:
        account["AccountName"] = body.AccountName
    for part in ("BillingAddress", "MailingAddress"):
        sent = getattr(body, part)
        if sent is not None:
            account[part] = {**account[part], **sent.sent()}
    world.commit(
        "account.updated", {"account_id": account_id, "fields": changed(body.sent(), "AccountId")}
    )
    return _shown(world, account_id)


def list_accounts(world: World, _: Nothing) -> Answer:
    """GET distributor/accounts, in the envelope chosen in the options (undocumented)."""
    rows = [_shown(world, account_id) for account_id in world.accounts]
    envelope = world.options.accounts_envelope
    if envelope == "results":
        return {"Results": rows}
    if envelope == "object" and len(rows) == 1:
        return rows[0]
    return rows


def _address(address: Address | None) -> Json:
    return (address or Address()).model_dump()


def _shown(world: World, account_id: str) -> Json:
    people = [s for s in world.subscribers.values() if s.account_id == account_id]
    return {**world.accounts[account_id], "TotalSubscribers": len(people)}
