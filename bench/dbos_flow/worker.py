"""The DBOS flow as a service: `python -m bench.dbos_flow.worker PORT`.

`POST /onboardings` starts an onboarding and returns its result. Takes DBOS_SYSTEM_DATABASE_URL,
TELEGENT_BASE_URL, TELEGENT_ACCOUNT_KEY and TELEGENT_ACCOUNT_SECRET from the environment.
"""

import asyncio
import os
import sys

import uvicorn
from dbos import DBOS, SetWorkflowID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.dbos_flow.flow import DbosOnboarding
from devstack.tcp_ports import HOST
from resilience.fault_matrix.runner import UNLIMITED
from telegent import RateLimiter, Telegent
from telegent_orchestrator.onboarding import OnboardingRequest, OnboardingResult


async def main(port: int) -> None:
    """Run until SIGTERM."""
    async with Telegent(
        os.environ["TELEGENT_ACCOUNT_KEY"],
        os.environ["TELEGENT_ACCOUNT_SECRET"],
        base_url=os.environ["TELEGENT_BASE_URL"],
        rate_limiter=RateLimiter(per_minute=UNLIMITED),
    ) as api:
        url = os.environ["DBOS_SYSTEM_DATABASE_URL"]
        DBOS(config={"name": "onboarding", "system_database_url": url, "log_level": "WARNING"})
        flow = DbosOnboarding("onboarding", api)

        async def onboard(request: Request) -> Response:
            wanted = OnboardingRequest.model_validate_json(await request.body())
            with SetWorkflowID(wanted.reference):
                handle = await DBOS.start_workflow_async(flow.onboard, wanted)
            result: OnboardingResult = await handle.get_result()
            return Response(result.model_dump_json(), media_type="application/json")

        async def healthy(_: Request) -> Response:
            return Response()

        routes = [
            Route("/onboardings", onboard, methods=["POST"]),
            Route("/healthz", healthy),
        ]
        DBOS.launch()
        try:
            config = uvicorn.Config(
                Starlette(routes=routes), host=HOST, port=port, log_level="warning"
            )
            await uvicorn.Server(config).serve()
        finally:
            DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
