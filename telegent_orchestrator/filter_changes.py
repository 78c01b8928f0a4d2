"""Changes of the AI Guardian filters of a line: edits of their lists, and their modes."""

from typing import Literal, Self

from pydantic import model_validator

from telegent_orchestrator._models import StrictModel
from telegent_orchestrator.lines import Numbers


class FilterEdits(StrictModel):
    """Edits of the lists of a filter. Other entries are retained.

    Attributes:
        allow: Added to the allowed numbers.
        disallow: Removed from the allowed numbers.
        block: Added to the blocked numbers.
        unblock: Removed from the blocked numbers.
        off: Delete the filter, with its lists.
    """

    allow: Numbers = []
    disallow: Numbers = []
    block: Numbers = []
    unblock: Numbers = []
    off: bool = False

    @model_validator(mode="after")
    def _validate_edits(self) -> Self:
        if twice := {*self.allow} & {*self.disallow} or {*self.block} & {*self.unblock}:
            raise ValueError(f"{min(twice)} is both added to and removed from a list")
        given = self.model_dump(exclude={"off"}, exclude_defaults=True)
        if bool(given) == self.off:
            raise ValueError("needs either edits, a mode, or off")
        return self


class CallFilterChange(FilterEdits):
    """A change of the call filter of the number. With a mode, one is created if there is none."""

    mode: Literal["WHITELIST", "BLACKLIST"] | None = None


class MessageFilterChange(FilterEdits):
    """A change of the message filter of the number. With a mode, one is created if there is none.

    Attributes:
        level: Age level, as for an onboarding. A change of the mode replaces the whole filter, and
            Telegent does not document that it shows the level: name the level again.
    """

    mode: Literal["ACTIVE", "MONITOR_ONLY", "INACTIVE"] | None = None
    level: Literal["CHILD", "ADOLESCENT", "TEENAGER"] | None = None

    @model_validator(mode="after")
    def _require_mode_for_level(self) -> Self:
        if self.level and not self.mode:
            raise ValueError("level needs mode")
        return self
