"""Wiring: the one place where adapters are chosen."""

from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.service import Service
from invoiceflow_extract.adapters import LocalExtractor
from invoiceflow_extract.calibration import shipped
from invoiceflow_extract.handlers import ENGINE
from invoiceflow_extract.settings import ExtractSettings
from invoiceflow_extract.subscribers import on_ocr_completed

__all__ = ["create_service"]


def create_service(settings: ExtractSettings, objects: ObjectStore) -> Service:
    """Return the extract service on this object store."""
    return Service(
        name="extract",
        version=ENGINE.version,
        subscriptions=(on_ocr_completed(settings, objects, LocalExtractor(shipped())),),
        checks={"objects": objects.ping},
    )
