"""SIMs: release one from its number."""

from typing import Annotated

from pydantic import Field

from telegent._models import Iccid, RequestModel, ResponseModel
from telegent._requester import Resource


class SimClear(RequestModel):
    """A SIM to release. It can then be used for another number."""

    iccid: Annotated[Iccid, Field(alias="ICCID")]


class SimClearResponse(ResponseModel):
    """A SIM after it was released."""

    iccid: str | None = None
    sim_status: str | None = None


class Sims(Resource):
    """Release SIMs."""

    async def clear(self, request: SimClear) -> SimClearResponse:
        """Unassign a SIM from its number and subscriber; a repeat does the same."""
        return await self._requester.post_set("/v1.0/sims/clear-status", SimClearResponse, request)
