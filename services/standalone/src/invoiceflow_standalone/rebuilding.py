"""``python -m invoiceflow_standalone rebuild``: the embedded default's read model made anew from what is stored."""

import asyncio
import sys

from pydantic import ValidationError

from invoiceflow_chassis.app import exit_with_settings_error
from invoiceflow_chassis.errors import InvoiceflowError
from invoiceflow_chassis.objects.directory import DirectoryObjectStore
from invoiceflow_extract.settings import ExtractSettings
from invoiceflow_ingest.settings import IngestSettings
from invoiceflow_query.commands import rebuild_from_stored
from invoiceflow_query.settings import QuerySettings
from invoiceflow_standalone.data_dir import DataDirError, exclusive
from invoiceflow_standalone.settings import StandaloneSettings

__all__ = ["rebuild"]


def rebuild() -> None:
    """Make the read model anew while the server is stopped; what stands in the way is said in a sentence, the exit code is 2."""
    try:
        settings = StandaloneSettings()
        query = QuerySettings(
            sqlite_path=settings.read_model_file,
            mongodb_uri=None,
            originals_bucket=IngestSettings().bucket,
            extractions_bucket=ExtractSettings().bucket,
        )
        with exclusive(settings.data_dir):
            asyncio.run(rebuild_from_stored(query, DirectoryObjectStore(settings.objects_dir), settings))
    except ValidationError as error:
        exit_with_settings_error(error)
    except DataDirError as error:
        _end(str(error))
    except InvoiceflowError as error:
        _end(error.message)


def _end(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201
    raise SystemExit(2)
