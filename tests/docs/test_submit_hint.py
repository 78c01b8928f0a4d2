"""The Temporal UI sometimes swallows the first Submit of a dialog: said where operators read."""

from telegent_orchestrator import _ui_text
from tools.docs.documents import ROOT


def test_details_of_workflows_with_messages_say_to_submit_again() -> None:
    details = {name: text for name, text in vars(_ui_text).items() if name.endswith("_DETAILS")}
    silent = {name for name, text in details.items() if _ui_text.SUBMIT_HINT not in text}
    # Operators send nothing to a batch, a set of line changes, a check, a plan or a reconciliation.
    assert silent == {
        "BULK_BATCH_DETAILS",
        "LINE_CHANGE_SET_DETAILS",
        "RENEWAL_CHANGE_DETAILS",
        "PORTABILITY_DETAILS",
        "PLAN_DETAILS",
        "RECONCILE_DETAILS",
        "USAGE_DETAILS",
    }


def test_pages_that_explain_the_dialog_say_to_submit_again() -> None:
    for page in ("how-to/operators.md", "tutorial/quickstart.md"):
        assert "again if the dialog stays open" in said(page) or "If the dialog stays open" in said(
            page
        )


def said(page: str) -> str:
    return " ".join((ROOT / "docs" / page).read_text("utf-8").split())
