"""``python -m invoiceflow_ocr``: the service as a process of its own."""

from invoiceflow_chassis.process import run_service
from invoiceflow_ocr.main import create_service
from invoiceflow_ocr.settings import OcrSettings

if __name__ == "__main__":
    run_service("ocr", lambda objects, _transport: create_service(OcrSettings(), objects))
