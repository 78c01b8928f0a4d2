"""What the Temporal UI says about a workflow of each kind: its static details, in Markdown."""

ONBOARDING_DETAILS = """\
Makes true what the request describes: account, people, routes, catalogue, then every line.

- the state of each line and step: **current details**, or the query `status`
- a step that waits for a person: answer with the update `resolve`
- cancel: what can be taken back is, and `status` names what is left; port-ins go on
"""

LINE_DETAILS = """\
Brings one line into service: its number, its subscription, then data limits and filters.

- the state of each step: **current details**, or the query `status`
- a step that waits for a person: answer with the update `resolve`
"""

PORT_IN_DETAILS = """\
Brings a number from another carrier; takes days. Current details say what it waits for.

- what to send now: **current details** have it, to be copied and filled in
- wrong data: signal `correct` or update `submit_correction`, with `by` and the new values
- stop it: signal `cancel` or update `request_cancel`, with `by` and `reason`
- decide as an operator: update `operator_resolve`, with `action`, `by` and `reason`
- an order id that Telegent's answer should have brought: update `attach_order`
- look at the order now: signal `order_event`
- who did what, when, and in which words: query `status`
"""

BULK_DETAILS = """\
Thousands of onboardings from one file, so many at a time. Current details count the rows.

- start no more rows for now, and go on: updates `pause` and `resume`, with `by` and `reason`
- start failed and cancelled rows again: update `retry`; no more rows for ever: `request_cancel`
- the rows are in its parts, and each row is an onboarding of its own
"""

BULK_BATCH_DETAILS = """\
Some rows of a bulk. Current details have the rows that are not done; the bulk commands.

- do not terminate it: its rows then count as failed
"""
