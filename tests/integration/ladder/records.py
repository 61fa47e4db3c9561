"""What the record says of the way down the ladder."""

from controller.records.store import CallDetail


def ladder(record: CallDetail) -> list[str]:
    """Rungs and triggers, in a word each."""
    kinds = {"rung", "rung_left", "rung_closed", "rung_passed"}
    return [step.detail.split()[0].rstrip(":") for step in record.steps if step.kind in kinds]


def steps(record: CallDetail) -> list[str]:
    return [step.kind for step in record.steps]
