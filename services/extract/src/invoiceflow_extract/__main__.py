"""``python -m invoiceflow_extract``: the service as a process of its own."""

from invoiceflow_chassis.process import run_service
from invoiceflow_extract.llm import LlmSettings
from invoiceflow_extract.main import create_service
from invoiceflow_extract.settings import ExtractSettings

if __name__ == "__main__":
    run_service("extract", lambda objects, _transport: create_service(ExtractSettings(), objects, LlmSettings()))
