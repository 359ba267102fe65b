"""Counts."""

from fastapi import APIRouter

from invoiceflow_chassis.auth import CurrentTenant
from invoiceflow_query.ports import ReadModel
from invoiceflow_query.views import Stats

__all__ = ["stats_routes"]


def stats_routes(read_model: ReadModel) -> APIRouter:
    """Return the routes over counts."""
    router = APIRouter(tags=["stats"])

    @router.get("/stats", summary="How many documents and invoices there are")
    async def get_stats(tenant: CurrentTenant) -> Stats:
        return await read_model.stats(tenant)

    return router
