"""Whether callers of an earlier release keep working.

What callers send must still be accepted, so it may only become wider. What they receive must still
be understood, so it may only become narrower, except for new fields and new values of an
enumeration, which every reader has to expect. Nothing that has a name may be removed.
"""

from collections.abc import Iterator, Mapping

from tools.schemas.comparison import Comparison
from tools.schemas.documents import CONTRACT, Document

Documents = Mapping[str, Document]


def find_violations(old: Documents, new: Documents) -> list[str]:
    """What in `new` breaks callers of `old`, as sentences that begin with the place.

    Both are documents by file name, as `documents` returns them.
    """
    found = list(_removed(old[CONTRACT], new[CONTRACT], CONTRACT))
    # A removed file is reported above; the new contract does not name it.
    for sent, files in ((True, files_sent(old)), (False, files_received(old))):
        for name in sorted(files & new.keys()):
            found += Comparison(old[name], new[name], sent=sent).violations(name)
    return found


def files_sent(documents: Documents) -> set[str]:
    """Names of the documents that describe what callers write."""
    workflows = documents[CONTRACT]["workflows"].values()
    files = {workflow["start"] for workflow in workflows}
    return (files | _named(documents, "argument")) - {None}


def files_received(documents: Documents) -> set[str]:
    """Names of the documents that describe what callers read."""
    workflows = documents[CONTRACT]["workflows"].values()
    files = {workflow["result"] for workflow in workflows}
    event = documents[CONTRACT]["events"]["schema"]
    return (files | _named(documents, "response") | {event}) - {None}


def _named(documents: Documents, role: str) -> set[str]:
    """The files that messages and operations name as their argument or response."""
    contract = documents[CONTRACT]
    groups = [contract.get("nexus", {"operations": {}})["operations"]]
    for workflow in contract["workflows"].values():
        groups += [workflow[kind] for kind in ("queries", "updates", "signals")]
    return {message[role] for group in groups for message in group.values() if role in message}


def _removed(old: object, new: object, where: str) -> Iterator[str]:
    """Statements of the old contract that the new one does not make."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            if key in new:
                yield from _removed(value, new[key], f"{where} {key}")
            else:
                yield f"{where}: {key} is missing"
    elif isinstance(old, list) and isinstance(new, list):
        yield from (f"{where}: {value} is missing" for value in old if value not in new)
    elif old != new:
        yield f"{where}: was {old} and is {new}"
