"""SIMs: released from their numbers."""

from simulator.engine.fields import Body, IccidText, ResponseBody
from simulator.engine.state import SimulatorState


class ClearSim(Body):
    """POST sims/clear-status."""

    ICCID: IccidText


def clear_sim(state: SimulatorState, body: ClearSim) -> ResponseBody:
    """Unassign a SIM from every number that has it."""
    for number in state.numbers.values():
        if number.iccid == body.ICCID:
            number.iccid = number.qr_code = None
            state.commit("sim.cleared", {"iccid": body.ICCID, "number": number.number})
    return {"ICCID": body.ICCID, "SimStatus": "Empty", "Successful": True}
