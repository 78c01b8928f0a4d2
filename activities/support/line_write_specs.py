"""Every write of a line change, one `WriteSpec` each, as in write_specs.py."""

from activities.support.write_spec import Lag, WriteKind, WriteSpec

SUSPEND_LINE = WriteSpec(
    "suspend_line",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    lookup="its details, before each attempt and until they show the change",
    match_rule="a status that means suspended, or that is no longer `Active`",
    absence_proof="still `Active`: it is sent again",
    escalates_when="accepted, and not shown after the read lag",
    retained_because="a restore undoes it",
)
RESTORE_LINE = WriteSpec(
    "restore_line",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    lookup="its details, before each attempt and until they show the change",
    match_rule="the status `Active`",
    absence_proof="any other status: it is sent again",
    escalates_when="accepted, and not shown after the read lag",
    retained_because="a suspend undoes it",
)
CANCEL_LINE = WriteSpec(
    "cancel_line",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    lookup="its details, before each attempt and until they show the change",
    match_rule="missing, a status that means cancelled, or one that is no longer `Active`",
    absence_proof="still `Active`: it is sent again",
    escalates_when="accepted, and not shown after the read lag; a repeat is rejected, and the "
    "status before was not `Active`",
    retained_because="a win back undoes it within 30 days",
)
REACTIVATE_LINE = WriteSpec(
    "reactivate_line",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    lookup="its details, before each attempt and until they show the change",
    match_rule="the status `Active`",
    absence_proof="any other status: it is sent again",
    escalates_when="accepted, and not shown after the read lag",
    retained_because="an end undoes it",
)
FREE_SIM = WriteSpec(
    "free_sim",
    WriteKind.IDEMPOTENT,
    natural_key="ICCID",
    retained_because="the SIM can be used again",
)
CHANGE_SUBSCRIPTION = WriteSpec(
    "change_subscription",
    WriteKind.IDEMPOTENT,
    natural_key="subscription id",
    lookup="the subscription, before each attempt and until it shows the change",
    match_rule="the package, SIM or number; a subscription that it leaves inactive is set active",
    absence_proof="another package, SIM or number: it is sent again",
    escalates_when="accepted, and not shown after the read lag",
    retained_because="a change to the earlier package, SIM or number undoes it",
)
SET_PRODUCT_TYPE = WriteSpec(
    "set_product_type",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    retained_because="it belongs to the number, and goes with it",
)
SWAP_SIM = WriteSpec(
    "swap_sim",
    WriteKind.PURCHASE,
    natural_key="number, with the SIM and the number of swaps that it had",
    lookup="the number's details",
    match_rule="the wanted SIM; for an eSIM, any SIM but the one before",
    absence_proof="the same SIM and no fewer swaps left, and still after the lag",
    lag=Lag.READ,
    escalates_when="the number has a third SIM; a swap is used and the SIM is the same; the order "
    "is complete, and the SIM is the same after the lag",
    retained_because="the old SIM no longer works; another swap replaces the new one",
)
SWAP_NUMBER = WriteSpec(
    "swap_number",
    WriteKind.PURCHASE,
    natural_key="number, with the SIM and the number of swaps that it had",
    lookup="the number on the SIM; without a SIM, the inventory, by the id of the number",
    match_rule="any number but the one before",
    absence_proof="the same number and no fewer swaps left, and still after the lag",
    lag=Lag.READ,
    escalates_when="the old number is missing, or a swap is used, and no other number is shown "
    "after the lag; the order is complete, and no other number is shown after the lag",
    retained_because="the old number cannot be had back; another swap replaces the new one",
)
ASSIGN_NUMBER = WriteSpec(
    "assign_number",
    WriteKind.IDEMPOTENT,
    natural_key="number",
    retained_because="it belongs to the number, and goes with it",
)
UPDATE_SUBSCRIBER = WriteSpec(
    "update_subscriber",
    WriteKind.IDEMPOTENT,
    natural_key="subscriber",
    lookup="the subscriber, until it shows name and role; a password is never shown",
    match_rule="name and role",
    absence_proof="another name or role, and still after the lag",
    escalates_when="accepted, and not shown after the read lag",
    retained_because="an update to the earlier values undoes it",
)
TRANSFER_SUBSCRIBER = WriteSpec(
    "transfer_subscriber",
    WriteKind.IDEMPOTENT,
    natural_key="subscriber, and the accounts before and after",
    lookup="the subscriber, before each attempt and until it shows the account",
    match_rule="the new account",
    absence_proof="the old account: it is sent again; a rejection of a repeat counts only if the "
    "account is still the old one after the lag",
    escalates_when="accepted, and not shown after the read lag",
    retained_because="a transfer back undoes it",
)
EDIT_FILTER_LIST = WriteSpec(
    "edit_filter_list",
    WriteKind.IDEMPOTENT,
    natural_key="filter id and entries: an entry is in a list once",
    lookup="the filter, until it shows the entries",
    match_rule="every entry that was added, and none that was removed",
    absence_proof="another list, and still after the lag",
    escalates_when="accepted, and not shown after the read lag",
    retained_because="the opposite edit undoes it",
)
UPDATE_FILTER = WriteSpec(
    "update_filter",
    WriteKind.IDEMPOTENT,
    natural_key="filter id",
    lookup="the filter and its keywords, before each attempt: the update replaces all of it; then "
    "the filter, until it shows the mode or belongs to the number",
    match_rule="the mode or the number",
    absence_proof="another mode or number, and still after the lag",
    escalates_when="accepted, and not shown after the read lag",
    retained_because="an update to the earlier mode or number undoes it",
)
SET_GUARDIAN_FEATURES = WriteSpec(
    "set_guardian_features",
    WriteKind.IDEMPOTENT,
    natural_key="subscriber",
    lookup="the features, before each attempt and until they show the change",
    match_rule="both features as wanted",
    absence_proof="another feature: they are sent again",
    escalates_when="accepted, and not shown after the read lag",
    retained_because="a change to the earlier features undoes it",
)
