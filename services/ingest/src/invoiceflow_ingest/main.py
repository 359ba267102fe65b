"""The ingest service: wiring only."""

from importlib.metadata import version

from invoiceflow_chassis.ports import ObjectStore, Publisher
from invoiceflow_chassis.service import Service
from invoiceflow_ingest.handlers import Intake
from invoiceflow_ingest.routes import document_routes
from invoiceflow_ingest.settings import IngestSettings
from invoiceflow_ingest.subscribers import document_submitted

__all__ = ["create_service"]


def create_service(settings: IngestSettings, objects: ObjectStore, publisher: Publisher) -> Service:
    """Return the service that takes documents in over HTTP and from ``document.submitted``."""
    intake = Intake(
        objects=objects,
        publisher=publisher,
        bucket=settings.bucket,
        source_buckets=settings.source_buckets,
        max_file_size=settings.max_file_size,
        max_members=settings.max_files,
        max_unpacked=settings.max_request_size,
    )
    return Service(
        name="ingest",
        version=version("invoiceflow-ingest"),
        router=document_routes(intake, max_files=settings.max_files, max_request_size=settings.max_request_size),
        subscriptions=(document_submitted(intake, concurrency=settings.concurrency),),
        checks={"objects": objects.ping},
    )
