"""docs/reference/payloads.md is the one that the models make."""

from tools.docs.reference import PAGE, RECEIVED_MODELS, SCHEMAS, SENT_MODELS, reference


def test_payload_reference_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run python -m tools.docs.reference"


def test_payload_reference_has_all_payloads() -> None:
    documents = {path.stem for path in SCHEMAS.glob("*.json")} - {"contract"}
    listed = {name for names in SENT_MODELS.values() for name in names} | set(RECEIVED_MODELS)
    models = {line.removeprefix("### ") for line in reference().splitlines()}
    assert listed <= documents
    assert documents <= models
