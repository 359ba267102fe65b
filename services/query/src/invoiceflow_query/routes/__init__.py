"""The REST API over the read model."""

from fastapi import APIRouter

from invoiceflow_chassis.ports import Backlog, DeadLetters, ObjectStore
from invoiceflow_query.changes import Changes
from invoiceflow_query.ports import FacturXMaker, PagePainter, ReadModel
from invoiceflow_query.routes.dead_letters import dead_letter_routes
from invoiceflow_query.routes.documents import document_routes
from invoiceflow_query.routes.invoices import invoice_routes
from invoiceflow_query.routes.lag import lag_routes
from invoiceflow_query.routes.pages import page_routes
from invoiceflow_query.routes.stats import stats_routes

__all__ = ["create_router"]


def create_router(
    read_model: ReadModel,
    objects: ObjectStore,
    changes: Changes,
    backlog: Backlog,
    dead_letters: DeadLetters,
    *,
    painter: PagePainter,
    factur_x: FacturXMaker,
    poll: float = 0.3,
    heartbeat: float = 15.0,
) -> APIRouter:
    """Return all routes of the query service.

    Args:
        read_model: what is answered from.
        objects: where the original documents are.
        changes: wakes the live views of this process.
        backlog: how far the services are behind.
        dead_letters: what they gave up.
        painter: draws pages of the original documents.
        factur_x: puts e-invoices into original PDFs.
        poll: seconds after which a live view looks at the read model at the latest.
        heartbeat: seconds of silence after which a live view sends a comment.
    """
    router = APIRouter(prefix="/v1")
    router.include_router(document_routes(read_model, objects, changes, poll=poll, heartbeat=heartbeat))
    router.include_router(page_routes(read_model, objects, painter))
    router.include_router(invoice_routes(read_model, objects, factur_x))
    router.include_router(stats_routes(read_model))
    router.include_router(lag_routes(backlog, read_model))
    router.include_router(dead_letter_routes(dead_letters))
    return router
