"""Static details of each workflow in the Temporal UI, in Markdown."""

SUBMIT_HINT = """\
If the first *Submit* in the dialog has no effect, click it again: the form may have moved.
"""

ONBOARDING_DETAILS = f"""\
Creates what the request describes: account, subscribers, routes, catalogue, then every line.

- state of each line and step: **current details**, or the query `status`
- a step that needs an operator: send the update `resolve`
- cancel: rolls back in reverse order; `status` lists what is retained; port-ins continue

{SUBMIT_HINT}"""

LINE_DETAILS = f"""\
Brings one line into service: its number, its subscription, then data limits and filters.

- state of each step: **current details**, or the query `status`
- a step that needs an operator: send the update `resolve`

{SUBMIT_HINT}"""

PORT_IN_DETAILS = f"""\
Ports a number in from another carrier; takes days. Current details say what it waits for.

- what to send next: **current details** show it, to copy and fill in
- wrong data: signal or update `correct`, with `by` and the new values
- cancel: signal or update `cancel`, with `by` and `reason`
- operator decision: update `decide`, with `action`, `by` and `reason`
- the order of a submit whose response was lost: update `decide`, with action `attach_order`
- poll the order now: signal `poll_now`
- add a note to the timeline: update `add_note`, with `by` and `note`
- timeline with Telegent's messages: query `status`

{SUBMIT_HINT}"""

PORT_OUT_DETAILS = f"""\
Lets a number leave to another carrier: sets the PIN, then waits until the number is ported out.

- state and timeline, without the PIN: query `status`
- show the PIN: update `reveal_pin`, with `by` and `reason`
- the number has left, and Telegent does not show that: update `confirm_departure`
- keep the number: signal or update `cancel`, with `by` and `reason`

{SUBMIT_HINT}"""

LINE_CHANGE_DETAILS = f"""\
Changes a line that is in service. Current details show its steps and the line's state.

- state of each step: **current details**, or the query `status`
- a step that needs an operator: send the update `resolve`
- cancel: has an effect until the change is sent

{SUBMIT_HINT}"""

RENEWAL_CHANGE_DETAILS = """\
Waits for the next renewal of a line, and then changes its plan by a line change.

- when it is due: **current details**, or the query `status`
- until then the line can be suspended, changed and ported out
- cancel: the plan stays
"""

LINE_CHANGE_SET_DETAILS = """\
Changes many lines, a limited number at a time. Each is a line change of its own.

- state of each line: query `status`; a line that needs an operator: its own workflow
- cancel: starts no more changes
"""

BULK_DETAILS = f"""\
Onboards every row of a file, a limited number at a time. Current details count the rows.

- start no more rows for now, and continue: updates `pause` and `resume`, with `by` and `reason`
- start failed and cancelled rows again: update `retry`
- start no more rows: update `cancel`
- the rows are in batches, and each row is an onboarding of its own

{SUBMIT_HINT}"""

BULK_BATCH_DETAILS = """\
Some rows of a bulk. Current details list the rows that are not done; the bulk controls it.

- do not terminate it: its rows then count as failed
"""

RECONCILE_DETAILS = """\
Compares Telegent with what the workflows know, and changes nothing. Takes a share of the requests.

- findings, with the command that resolves each: **current details**; all of them: query `status`
- cancel: ends without a report
"""

USAGE_DETAILS = """\
Reads how much data the numbers have used, and changes nothing. Takes a share of the requests.

- numbers by their share of the limit: **current details**; more of them: query `status`
- a run that the schedule starts lets the events of thresholds be sent
- cancel: ends without a report
"""

PORTABILITY_DETAILS = """\
Asks Telegent whether some numbers can be ported in, with the priority of a bulk; ports nothing.

- results so far: query `status`
- it ends within an hour
"""

PLAN_DETAILS = """\
Says what a start of an onboarding would do. Reads with the lowest priority; changes nothing.

- how many reads have a response: query `status`
- the plan is its result; it ends within an hour
"""
