"""The search attributes that workflows set; names.py says what each holds."""

from temporalio.common import SearchAttributeKey

from telegent_orchestrator.names import (
    ACCOUNT_ATTRIBUTE,
    NEEDS_ACTION_ATTRIBUTE,
    ORDER_ATTRIBUTE,
    PORT_STATE_ATTRIBUTE,
    PORT_STATE_ENTERED_AT_ATTRIBUTE,
    STEP_ATTRIBUTE,
)

ACCOUNT = SearchAttributeKey.for_keyword(ACCOUNT_ATTRIBUTE)
ORDER = SearchAttributeKey.for_keyword(ORDER_ATTRIBUTE)
PORT_STATE = SearchAttributeKey.for_keyword(PORT_STATE_ATTRIBUTE)
PORT_STATE_ENTERED_AT = SearchAttributeKey.for_datetime(PORT_STATE_ENTERED_AT_ATTRIBUTE)
CURRENT_STEP = SearchAttributeKey.for_keyword(STEP_ATTRIBUTE)
NEEDS_ACTION_SINCE = SearchAttributeKey.for_keyword(NEEDS_ACTION_ATTRIBUTE)
