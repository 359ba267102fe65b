"""The real pipeline in this process: ingest's typing, the OCR engine, and the extraction with all its steps; no broker, no server.

Like standalone, evaluation is a composition: it puts the services' own functions together and adds none of its own.
"""

import asyncio
import gzip
import hashlib
import os
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.extraction import Evidence, Finding
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_contracts.layout import EmbeddedFile, Engine, Layout
from invoiceflow_ocr.processors import available_processors

__all__ = ["Attachment", "Extracted", "LayoutCache", "Pipeline", "Read", "run"]

_BUCKET = "evaluation"


@dataclass(frozen=True)
class Extracted:
    """What became of a document."""

    invoice: Invoice | None
    """None where the document failed; ``failure`` then is its stable code."""
    e_invoice: bool = False
    """Whether machine-readable data that the document carries was there to be read."""
    failure: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    """What each stage took; one that had nothing to do, as the layout was kept, is not there."""
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    """Where each value stands, by JSON pointer into the invoice."""
    findings: tuple[Finding, ...] = ()
    needs_review: bool = True
    """Whether a person is to look, by what is asked of values without review."""


class Attachment(BaseModel):
    """A file found inside a document."""

    model_config = ConfigDict(frozen=True)

    name: str
    relationship: str | None
    base64: str

    @property
    def data(self) -> bytes:
        return b64decode(self.base64)


class Read(BaseModel):
    """A document as the OCR engine read it."""

    model_config = ConfigDict(frozen=True)

    layout: Layout
    attachments: tuple[Attachment, ...] = ()


class LayoutCache:
    """Layouts on disk, by the document's bytes and all that decides how they are read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, sha256: str, engine: str) -> Read | None:
        """Return what ``engine`` read in those bytes, where it is kept and whole."""
        try:
            return Read.model_validate_json(gzip.decompress(self._path(sha256, engine).read_bytes()))
        except (OSError, EOFError, ValueError):
            return None

    def keep(self, sha256: str, engine: str, read: Read) -> None:
        """Keep it; a reader sees all of it or nothing."""
        path = self._path(sha256, engine)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(gzip.compress(read.model_dump_json().encode(), mtime=0))
        part.replace(path)

    def _path(self, sha256: str, engine: str) -> Path:
        return self._folder / "layouts" / engine / f"{sha256}.json.gz"


class Pipeline:
    """Takes one document at a time through the stages."""

    def __init__(self, layouts: LayoutCache, *, threads: int = 1, with_e_invoices: bool = True) -> None:
        from invoiceflow_ocr.engines.native import NativeEngine  # noqa: PLC0415 - loaded in the workers only

        self._layouts = layouts
        self._engine = NativeEngine(threads=threads)
        self._engine_name = Engine(name=self._engine.name, version=self._engine.version)
        self._with_e_invoices = with_e_invoices
        self._engine_key = f"{self._engine.name}-{self._engine.version}-{_source_of('invoiceflow_ocr')}"

    def process(self, data: bytes) -> Extracted:
        """Return what is extracted from a document's bytes."""
        started = time.perf_counter()
        try:
            media_type = _media_type(data)
            read, kept = self.read(data, media_type)
        except PermanentError as error:
            return Extracted(None, failure=error.code)
        seconds = {} if kept else {"read": time.perf_counter() - started}
        return self._extract(data, media_type, read, seconds)

    def layout(self, data: bytes) -> Layout:
        """Return what stands on a document's pages.

        Raises:
            PermanentError: it cannot be read.
        """
        read, _ = self.read(data, _media_type(data))
        return read.layout

    def read(self, data: bytes, media_type: str) -> tuple[Read, bool]:
        """Return what is in the document, and whether that was kept from an earlier run."""
        sha256 = hashlib.sha256(data).hexdigest()
        kept = self._layouts.find(sha256, self._engine_key)
        if kept is not None:
            return kept, True
        read = self._read(data, media_type)
        self._layouts.keep(sha256, self._engine_key, read)
        return read, False

    def _read(self, data: bytes, media_type: str) -> Read:
        from invoiceflow_ocr.handlers import BARE_XML  # noqa: PLC0415

        if media_type in BARE_XML:  # handed on as it is, without an engine
            itself = Attachment(name="document.xml", relationship=None, base64=b64encode(data).decode())
            return Read(layout=Layout(engine=self._engine_name), attachments=(itself,))
        reading = self._engine.read(data, media_type, lambda _done, _total: None)
        layout = Layout(
            engine=self._engine_name,
            pages=tuple(reading.pages),
            languages=reading.languages,
        )
        attachments = [
            Attachment(name=one.name, relationship=one.relationship, base64=b64encode(one.data).decode())
            for one in reading.attachments
        ]
        return Read(layout=layout, attachments=tuple(attachments))

    def _extract(self, data: bytes, media_type: str, read: Read, seconds: Mapping[str, float]) -> Extracted:
        from invoiceflow_extract.adapters import LocalExtractor  # noqa: PLC0415
        from invoiceflow_extract.calibration import shipped  # noqa: PLC0415
        from invoiceflow_extract.einvoice import Candidate, in_order_of_trust  # noqa: PLC0415
        from invoiceflow_extract.extraction import Document, extract, parts  # noqa: PLC0415
        from invoiceflow_extract.review import confidence, needs_review  # noqa: PLC0415
        from invoiceflow_extract.settings import ExtractSettings  # noqa: PLC0415

        candidates: list[Candidate] = []
        if self._with_e_invoices:
            for one in read.attachments:
                file = EmbeddedFile(name=one.name, content=_reference(one.data), relationship=one.relationship)
                candidates.append(Candidate(file, one.data))
        document = Document(
            layout=read.layout,
            files=tuple(candidates),
            is_bare=media_type == "application/xml",
            pdf=data if self._with_e_invoices and media_type == "application/pdf" else None,
        )
        e_invoice = bool(in_order_of_trust(candidates))
        settings, calibration = ExtractSettings(), shipped()
        started = time.perf_counter()
        try:
            first = parts(document, max_einvoice_size=settings.max_einvoice_size)[0]
            extraction = asyncio.run(extract(first, LocalExtractor(calibration)))
        except PermanentError as error:
            return Extracted(None, e_invoice, error.code, seconds)
        reading = extraction.reading
        return Extracted(
            reading.invoice,
            e_invoice,
            None,
            {**seconds, "extract": time.perf_counter() - started},
            reading.evidence,
            extraction.findings,
            needs_review(
                confidence(reading),
                extraction.findings,
                calibration.threshold(settings.review_target_precision),
            ),
        )


def _media_type(data: bytes) -> str:
    from invoiceflow_ingest.media_types import Sample, media_type  # noqa: PLC0415

    sample = Sample()
    sample.update(data)
    return media_type(sample)


def _reference(data: bytes) -> ContentRef:
    sha256 = hashlib.sha256(data).hexdigest()
    return ContentRef(
        bucket=_BUCKET, key=f"{_BUCKET}/{sha256}", sha256=sha256, size=len(data), media_type="application/xml"
    )


@cache
def _source_of(package: str) -> str:
    """Return a digest of a package's source, so that a change shows though nobody has raised a version yet."""
    digest = hashlib.sha256()
    root = Path(str(files(package)))
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


_pipeline: Pipeline


def _start(cache_folder: Path, threads: int, with_e_invoices: bool) -> None:  # noqa: FBT001 - crosses to a process
    global _pipeline  # noqa: PLW0603 - one for each worker process, made when it starts
    _pipeline = Pipeline(LayoutCache(cache_folder), threads=threads, with_e_invoices=with_e_invoices)


def _process(path: Path) -> Extracted:
    return _pipeline.process(path.read_bytes())


def _outcome(future: Future[Extracted]) -> Extracted:
    try:
        return future.result()
    except BrokenProcessPool:
        raise
    except Exception as error:  # noqa: BLE001 - a bug on one document is a failed document, and shown as one
        return Extracted(None, failure=f"bug:{type(error).__name__}: {error}"[:200])


def run(
    paths: Sequence[Path], *, cache_folder: Path, jobs: int, with_e_invoices: bool = True
) -> Iterator[tuple[int, Extracted]]:
    """Yield what became of each document, with its place in ``paths``, as they are done.

    Args:
        paths: the documents.
        cache_folder: where layouts are kept from run to run.
        jobs: worker processes; each recognises text on its share of the processors.
        with_e_invoices: False reads every document as if it carried no machine-readable data.

    Raises:
        concurrent.futures.process.BrokenProcessPool: a document ended its worker.
    """
    threads = max(1, available_processors() // jobs)
    with ProcessPoolExecutor(
        jobs,
        mp_context=get_context("spawn"),
        initializer=_start,
        initargs=(cache_folder, threads, with_e_invoices),
    ) as pool:
        futures: dict[Future[Extracted], int] = {pool.submit(_process, path): index for index, path in enumerate(paths)}
        try:
            for future in as_completed(futures):
                yield futures[future], _outcome(future)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
