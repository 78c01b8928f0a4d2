"""All operations of the simulator: method, path, request model and handler."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from simulator.engine.errors import from_validation
from simulator.engine.fields import NoParameters, ResponseBody
from simulator.engine.state import SimulatorState
from simulator.resources import (
    accounts,
    catalogue,
    data_usage,
    e911,
    filters,
    guardian,
    number_status,
    numbers,
    port_in,
    provisioning,
    routes,
    sims,
    subscribers,
    subscriptions,
    webhooks,
)

M = TypeVar("M", bound=BaseModel)
OperationHandler = Callable[[SimulatorState, Any], ResponseBody]

PREFIX = "/v1.0"
# Both spellings are accepted by the live API.
TOKEN_PATHS = (f"{PREFIX}/OAuth2/tokens", f"{PREFIX}/oauth2/tokens")


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        request: Model of the JSON body or of the query parameters.
        run: Takes the state, and the JSON body or the query parameters.
        lagged: Whether it is a list, which may miss recent changes.
        sets: Whether it sets or deletes, so that its response may be empty.
    """

    method: str
    path: str
    request: type[BaseModel]
    run: OperationHandler
    lagged: bool
    sets: bool


OPERATIONS: dict[str, dict[str, Operation]] = {}


def _add(
    method: str,
    path: str,
    model: type[M],
    handler: Callable[[SimulatorState, M], ResponseBody],
    *,
    lagged: bool = False,
    sets: bool = False,
) -> None:
    def run(state: SimulatorState, given: Any) -> ResponseBody:
        try:
            request = model.model_validate(given)
        except ValidationError as error:
            raise from_validation(error) from None
        return handler(state, request)

    operation = Operation(
        method, PREFIX + path, model, run, lagged, sets or path.endswith("/delete")
    )
    OPERATIONS.setdefault(operation.path, {})[method] = operation


_add("POST", "/account/create", accounts.CreateAccount, accounts.create_account)
_add("GET", "/account", accounts.AccountQuery, accounts.get_account)
_add("POST", "/account/update", accounts.UpdateAccount, accounts.update_account)
_add("GET", "/distributor/accounts", NoParameters, accounts.list_accounts, lagged=True)

_add("POST", "/subscribers/create", subscribers.CreateSubscriber, subscribers.create_subscriber)
_add("GET", "/subscribers/get", subscribers.SubscriberQuery, subscribers.get_subscriber)
_add("POST", "/subscribers/update", subscribers.UpdateSubscriber, subscribers.update_subscriber)
_add(
    "POST", "/subscribers/transfer", subscribers.TransferSubscriber, subscribers.transfer_subscriber
)
_add(
    "GET",
    "/distributor/subscribers",
    subscribers.SubscribersPage,
    subscribers.list_subscribers,
    lagged=True,
)

_add("POST", "/message/routes", routes.CreateMessageRoute, routes.create_message_route)
_add("GET", "/message/routes", routes.MessageRouteQuery, routes.get_message_route)
_add("POST", "/message/routes/update", routes.UpdateMessageRoute, routes.update_message_route)
_add("POST", "/message/routes/delete", routes.DeleteMessageRoute, routes.delete_message_route)
_add(
    "GET",
    "/account/message/routes",
    routes.AccountRoutesQuery,
    routes.list_message_routes,
    lagged=True,
)
_add("POST", "/voice/routes", routes.CreateVoiceRoute, routes.create_voice_route)
_add("GET", "/voice/routes", routes.VoiceRouteQuery, routes.get_voice_route)
_add("POST", "/voice/routes/update", routes.UpdateVoiceRoute, routes.update_voice_route)
_add("POST", "/voice/routes/delete", routes.DeleteVoiceRoute, routes.delete_voice_route)
_add(
    "GET", "/account/voice/routes", routes.AccountRoutesQuery, routes.list_voice_routes, lagged=True
)

_add("POST", "/products", catalogue.CreateProduct, catalogue.create_product)
_add("GET", "/products", catalogue.ProductQuery, catalogue.get_product)
_add("POST", "/products/update", catalogue.UpdateProduct, catalogue.update_product)
_add("POST", "/products/delete", catalogue.DeleteProduct, catalogue.delete_product)
_add("POST", "/packages", catalogue.CreatePackage, catalogue.create_package)
_add("GET", "/packages", catalogue.PackageQuery, catalogue.get_package)
_add("POST", "/packages/update", catalogue.UpdatePackage, catalogue.update_package)
_add("POST", "/packages/delete", catalogue.DeletePackage, catalogue.delete_package)
_add("GET", "/packages/items", catalogue.PackageQuery, catalogue.list_items)
_add("POST", "/packages/items/add", catalogue.AddItem, catalogue.add_item)
_add("POST", "/packages/items/update", catalogue.UpdateItem, catalogue.update_item)
_add("POST", "/packages/items/delete", catalogue.DeleteItem, catalogue.delete_item)
_add(
    "GET",
    "/packages/subscriptions",
    catalogue.PackageQuery,
    catalogue.list_package_subscriptions,
    lagged=True,
)
for _owner in ("account", "distributor"):
    _add(
        "GET", f"/{_owner}/products", catalogue.CatalogueQuery, catalogue.list_products, lagged=True
    )
    _add(
        "GET", f"/{_owner}/packages", catalogue.CatalogueQuery, catalogue.list_packages, lagged=True
    )
_add(
    "GET",
    "/distributor/subscriptions",
    catalogue.CatalogueQuery,
    catalogue.list_subscriptions,
    lagged=True,
)
_add(
    "GET",
    "/account/subscriptions",
    catalogue.CatalogueQuery,
    catalogue.list_account_subscriptions,
    lagged=True,
)

_add("POST", "/subscriptions", subscriptions.CreateSubscription, subscriptions.create_subscription)
_add("GET", "/subscriptions", subscriptions.SubscriptionQuery, subscriptions.get_subscription)
_add(
    "POST",
    "/subscriptions/update",
    subscriptions.UpdateSubscription,
    subscriptions.update_subscription,
)
_add(
    "POST",
    "/subscriptions/delete",
    subscriptions.DeleteSubscription,
    subscriptions.delete_subscription,
)

_add("POST", "/numbers/availability", provisioning.Availability, provisioning.search_availability)
_add("POST", "/numbers/provision", provisioning.Provision, provisioning.provision)
_add("GET", "/numbers/order", numbers.OrderQuery, numbers.get_order)
_add("GET", "/numbers/inventory", numbers.InventoryQuery, numbers.inventory, lagged=True)
_add("GET", "/numbers", numbers.NumberQuery, numbers.number_details)
_add("POST", "/numbers/update", numbers.UpdateNumber, numbers.update_number, sets=True)
_add("GET", "/numbers/e911address", e911.E911Query, e911.get_address)
_add("POST", "/numbers/e911address/update", e911.UpdateE911, e911.update_address, sets=True)
_add("POST", "/numbers/status", number_status.ChangeStatus, number_status.change_status)
_add("POST", "/numbers/reactivate", number_status.Reactivate, number_status.reactivate)

_add("POST", "/sims/clear-status", sims.ClearSim, sims.clear_sim, sets=True)

_add("POST", "/numbers/portin/eligibility", port_in.Eligibility, port_in.check_eligibility)
_add("POST", "/numbers/portin", port_in.PortIn, port_in.submit)
_add("POST", "/numbers/portin/update", port_in.UpdatePortIn, port_in.update, sets=True)
_add("POST", "/numbers/portin/cancel", port_in.CancelPortIn, port_in.cancel, sets=True)
_add("POST", "/numbers/portout", port_in.PortOut, port_in.port_out, sets=True)

_add("POST", "/numbers/data-usage", data_usage.SetDataUsage, data_usage.set_limits, sets=True)
_add("POST", "/numbers/data-usage/settings", data_usage.NumberList, data_usage.read_limits)
_add("POST", "/numbers/data-usage/info", data_usage.NumberList, data_usage.read_usage)
_add(
    "POST",
    "/numbers/data-usage/update-renewal-info",
    data_usage.UpdateRenewal,
    data_usage.set_renewal,
    sets=True,
)

_add(
    "POST",
    "/subscribers/guardian-features",
    guardian.SetFeatures,
    guardian.set_features,
    sets=True,
)
_add("GET", "/subscribers/guardian-features", guardian.FeaturesQuery, guardian.get_features)
_add("POST", "/subscribers/guardians/relation", guardian.CreateRelation, guardian.create_relation)
_add(
    "POST",
    "/subscribers/guardians/relation/delete",
    guardian.DeleteRelation,
    guardian.delete_relation,
)
_add(
    "GET",
    "/subscribers/guardians/relation/parent",
    guardian.ParentQuery,
    guardian.list_children,
    lagged=True,
)
_add(
    "GET",
    "/subscribers/guardians/relation/child",
    guardian.ChildQuery,
    guardian.list_parents,
    lagged=True,
)

_CALL_FILTER_PATH = "/subscribers/call-filter"
_add("POST", _CALL_FILTER_PATH, filters.CreateCallFilter, filters.CALL_FILTERS.create)
_add("POST", f"{_CALL_FILTER_PATH}/update", filters.UpdateCallFilter, filters.CALL_FILTERS.update)
_MESSAGE_FILTER_PATH = "/subscribers/message-filter"
_add("POST", _MESSAGE_FILTER_PATH, filters.CreateMessageFilter, filters.MESSAGE_FILTERS.create)
_add(
    "POST",
    f"{_MESSAGE_FILTER_PATH}/update",
    filters.UpdateMessageFilter,
    filters.MESSAGE_FILTERS.update,
)
_add("POST", f"{_CALL_FILTER_PATH}/delete", filters.DeleteCallFilter, filters.CALL_FILTERS.delete)
_add(
    "POST",
    f"{_MESSAGE_FILTER_PATH}/delete",
    filters.DeleteMessageFilter,
    filters.MESSAGE_FILTERS.delete,
)
_CALL = (filters.CALL_FILTERS, "numbers", filters.EditNumbers, filters.CallFilterQuery)
_MESSAGE = (
    filters.MESSAGE_FILTERS,
    "contacts",
    filters.EditContacts,
    filters.MessageFilterQuery,
)
for _path, (_family, _entries, _edit, _part) in (
    (_CALL_FILTER_PATH, _CALL),
    (_MESSAGE_FILTER_PATH, _MESSAGE),
):
    _add("GET", _path, filters.FilterQuery, _family.read, lagged=True)
    _add("GET", f"{_path}/keywords", _part, _family.keywords)
    for _which in ("Allowed", "Blocked"):
        _list = f"{_path}/{_which.lower()}-{_entries}"
        _add("GET", _list, _part, _family.read_list(_which))
        _add("POST", f"{_list}/add", _edit, _family.edit_list(_which, adding=True))
        _add("POST", f"{_list}/remove", _edit, _family.edit_list(_which, adding=False))

_add("POST", "/webhook/create", webhooks.CreateWebhook, webhooks.create_webhook)
_add("GET", "/webhook", webhooks.WebhookQuery, webhooks.get_webhook)
_add("POST", "/webhook/update", webhooks.UpdateWebhook, webhooks.update_webhook)
_add("POST", "/webhook/delete", webhooks.DeleteWebhook, webhooks.delete_webhook)
_add("GET", "/account/webhooks", webhooks.WebhooksQuery, webhooks.list_webhooks)
