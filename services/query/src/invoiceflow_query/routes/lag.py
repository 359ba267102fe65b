"""How far the services are behind."""

from datetime import UTC, datetime

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field

from invoiceflow_chassis.auth import CurrentTenant, require_operator
from invoiceflow_chassis.lag import earliest
from invoiceflow_chassis.ports import Backlog
from invoiceflow_query.handlers import oldest_unfinished
from invoiceflow_query.ports import ReadModel
from invoiceflow_query.routes.responses import problems
from invoiceflow_query.views import DocumentView

__all__ = ["Lag", "TopicLagView", "lag_routes"]


class TopicLagView(BaseModel):
    """What a consumer group has not finished of a topic."""

    group: str = Field(examples=["invoiceflow-ocr"])
    topic: str = Field(examples=["document.uploaded"])
    partitions: int
    committed: int = Field(description="Records finished, over all partitions.")
    end: int = Field(description="Records ever written, over all partitions.")
    lag: int = Field(description="Records that wait or are being handled.")
    oldest_waiting: AwareDatetime | None = Field(description="When the oldest of them was published.")
    seconds: float = Field(description="How long that has been waiting; 0 where nothing waits.")


class Lag(BaseModel):
    """How far the services are behind."""

    topics: list[TopicLagView]
    oldest_waiting: AwareDatetime | None = Field(description="The earliest of all topics; null where nothing waits.")
    oldest_unfinished: DocumentView | None = Field(
        description="The document of the key's tenant that was received first and is in no terminal state."
    )


def lag_routes(backlog: Backlog, read_model: ReadModel) -> APIRouter:
    """Return the routes over lag."""
    router = APIRouter(tags=["operation"], dependencies=[Depends(require_operator)])

    @router.get(
        "/lag",
        summary="How far each service is behind, by topic (operators)",
        responses=problems(operator_required=403, broker_unavailable=503),
    )
    async def get_lag(tenant: CurrentTenant) -> Lag:
        now = datetime.now(UTC)
        lags = await backlog.lag()
        return Lag(
            topics=[
                TopicLagView(
                    group=one.group,
                    topic=one.topic,
                    partitions=one.partitions,
                    committed=one.committed,
                    end=one.end,
                    lag=one.lag,
                    oldest_waiting=one.oldest_waiting,
                    seconds=round(one.seconds(now), 3),
                )
                for one in lags
            ],
            oldest_waiting=earliest(one.oldest_waiting for one in lags),
            oldest_unfinished=await oldest_unfinished(tenant, read_model),
        )

    return router
