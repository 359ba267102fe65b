"""``python -m invoiceflow_ingest``: the service as a process of its own."""

from invoiceflow_chassis.process import run_service
from invoiceflow_ingest.main import create_service
from invoiceflow_ingest.settings import IngestSettings

if __name__ == "__main__":
    run_service(
        "ingest",
        lambda objects, transport: create_service(IngestSettings(), objects, transport.publisher("ingest")),
    )
