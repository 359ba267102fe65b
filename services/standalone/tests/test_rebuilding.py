"""The embedded default's read model made anew."""

import asyncio
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from invoiceflow_chassis.objects.directory import DirectoryObjectStore
from invoiceflow_chassis.objects.sealing import keep
from invoiceflow_ingest.acceptance import record_accepted
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.projection import change_of
from invoiceflow_query.queries import InvoiceQuery
from invoiceflow_query.testing import document, extracted, failed, uploaded
from invoiceflow_standalone.data_dir import exclusive
from invoiceflow_standalone.settings import StandaloneSettings

D = document("d")


def rebuild(settings: StandaloneSettings) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INVOICEFLOW_")}
    return subprocess.run(
        [Path(sys.executable).with_name("invoiceflow"), "rebuild", "--data-dir", settings.data_dir],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
async def settings(tmp_path: Path) -> StandaloneSettings:
    """A stopped server's data: what is stored says that the document was extracted, the read model that it failed."""
    settings = StandaloneSettings(data_dir=tmp_path)
    objects = DirectoryObjectStore(settings.objects_dir)
    await record_accepted(objects, "invoiceflow-originals", uploaded(D))
    data = gzip.compress(extracted(D).model_dump_json().encode())
    await keep(objects, "default", "invoiceflow-extractions", "a/b/local-1.json.gz", data)
    model = SqliteReadModel(settings.read_model_file)
    await model.open()
    await model.apply("default", change_of(failed(document("gone")), "f"))
    await model.close()
    return settings


def test_documents_and_invoices_come_back_from_the_data_directory(settings: StandaloneSettings) -> None:
    ended = rebuild(settings)
    assert ended.returncode == 0, ended.stderr
    assert "2 events applied" in ended.stderr

    async def look() -> None:
        model = SqliteReadModel(settings.read_model_file)
        await model.open()
        assert [each.id for each in await model.invoices("default", InvoiceQuery(q="bolts"))] == [D]
        assert await model.document("default", document("gone")) is None
        known = await model.document("default", D)
        await model.close()
        assert known
        assert known.view.filename == "2024-0117.pdf"

    asyncio.run(look())


def test_it_is_refused_while_the_server_runs(settings: StandaloneSettings) -> None:
    with exclusive(settings.data_dir):
        ended = rebuild(settings)
    assert ended.returncode == 2
    assert "Stop it" in ended.stderr
