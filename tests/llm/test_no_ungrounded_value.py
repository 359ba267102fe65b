"""No value that a model invents is ever reported as extracted: held on every document there is.

The labelled documents beside the repository are looked at where they are; the samples always.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from documents import World, world_with
from llm_server import LlmServer, answering
from models import INVENTED, inventing

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.events import InvoiceExtractedV1
from invoiceflow_contracts.extraction import Method, Verdict
from invoiceflow_contracts.layout import Page
from invoiceflow_extract.llm import LlmSettings
from invoiceflow_ingest.media_types import Sample, media_type
from invoiceflow_ocr.engines.native import NativeEngine

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "samples" / "documents").iterdir())
OTHERS = sorted(Path(os.environ.get("INVOICEFLOW_LABELLED", ROOT.parent / "shared" / "invoices")).glob("documents/*"))


@pytest.fixture(scope="module")
def engine() -> NativeEngine:
    return NativeEngine(threads=1)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with (
        LlmServer.run(answering(inventing)) as server,
        # Everything is asked for, so that as much as possible is invented.
        world_with(LlmSettings(model="inventor", base_url=server.url, ask_below=1.0, cache="off")) as world,
    ):
        yield world


def read(engine: NativeEngine, path: Path) -> tuple[bytes, str, tuple[Page, ...], list[tuple[str, bytes]]]:
    """Return a document's bytes, type, pages and the files inside it, as ocr finds them."""
    data = path.read_bytes()
    sample = Sample()
    sample.update(data)
    kind = media_type(sample)
    if kind.endswith("xml"):
        return data, kind, (), []
    reading = engine.read(data, kind, lambda _done, _total: None)
    return data, kind, tuple(reading.pages), [(one.name, one.data) for one in reading.attachments]


async def check(world: World, engine: NativeEngine, path: Path) -> InvoiceExtractedV1:
    document = read(engine, path)
    async with world_with(None) as alone:
        without = await alone.extract_file(*document)
    result = await world.extract_file(*document)
    assert [at for at, evidence in result.evidence.items() if evidence.method is Method.LLM] == []
    assert result.invoice == without.invoice
    text = result.invoice.model_dump_json()
    for invented in INVENTED.values():
        if invented != INVENTED["rate"]:  # short enough to stand somewhere by chance
            assert invented not in text
    verdicts = [answer.verdict for each in result.tried for answer in each.answers]
    assert set(verdicts) <= {Verdict.UNGROUNDED, Verdict.INVALID}
    return result


_RECOGNISED = (".jpg", ".docx", "-scan.pdf")
"""Documents that take seconds to be read."""


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.slow] if path.name.endswith(_RECOGNISED) else []) for path in SAMPLES],
    ids=lambda path: path.name,
)
async def test_no_invented_value_is_reported_of_a_sample(world: World, engine: NativeEngine, path: Path) -> None:
    result = await check(world, engine, path)
    if path.suffix == ".xml":
        assert result.tried == (), "an e-invoice is never shown to a model"
    elif "facturx" not in path.name:
        assert result.tried, "something was asked, or nothing is shown by this"


@pytest.mark.slow
@pytest.mark.skipif(not OTHERS, reason="there is no folder of labelled documents beside the repository")
@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
async def test_no_invented_value_is_reported_of_any_labelled_document(
    world: World, engine: NativeEngine, path: Path
) -> None:
    try:
        await check(world, engine, path)
    except PermanentError as error:
        pytest.skip(f"has no invoice that can be read: {error.code}")
