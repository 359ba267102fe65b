"""The full docling: what it needs, what it is told, and that nothing incomplete passes for a document."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docling.datamodel.base_models import ConversionStatus
from docling.models.stages.table_structure.table_structure_model import TableStructureModel
from docling_documents import HEIGHT, WIDTH, add_table, make_document, parsed_page, printed
from ocr_documents import attach, make_pdf, text_at, texts
from pydantic import ValidationError

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_ocr import prerequisites
from invoiceflow_ocr.engines.docling_document import Converted, DoclingEngine
from invoiceflow_ocr.engines.docling_document.cells import known_text
from invoiceflow_ocr.engines.standard.conversion import checked_document, pipeline_options
from invoiceflow_ocr.engines.standard.weights import engine_version
from invoiceflow_ocr.ports import Progress, ReadingLimits
from invoiceflow_ocr.prerequisites import MODEL_FOLDERS, missing
from invoiceflow_ocr.settings import OcrSettings

FULL = find_spec("docling_ibm_models") is not None and find_spec("torch") is not None
needs_the_full_docling = pytest.mark.skipif(
    not FULL, reason="the full docling is not installed (requirements/ocr-standard.lock), so its pipeline is not tried"
)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the full package were there."""
    monkeypatch.setattr(prerequisites, "PACKAGES", ())


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """As if docling-tools had been here."""
    for name in MODEL_FOLDERS:
        weights = tmp_path / name / "model.safetensors"
        weights.parent.mkdir()
        weights.write_bytes(bytes(200_000))
        (weights.parent / ".cache").mkdir()
        (weights.parent / ".cache" / "download.lock").touch()
    return tmp_path


# -- what it needs -----------------------------------------------------------------------------------------------------


def test_without_the_package_it_is_said_how_to_get_it(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prerequisites, "PACKAGES", ("pydantic", "a_package_that_nobody_has"))

    sentence = missing(artifacts)

    assert sentence is not None
    assert "a_package_that_nobody_has" in sentence
    assert "invoiceflow-ocr[standard]" in sentence


@pytest.mark.usefixtures("installed")
def test_without_a_folder_of_weights_it_is_said_how_to_get_one() -> None:
    sentence = missing(None)

    assert sentence is not None
    assert "INVOICEFLOW_OCR_ARTIFACTS" in sentence
    assert "docling-tools models download" in sentence


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", MODEL_FOLDERS)
def test_a_model_whose_weights_are_missing_is_named(artifacts: Path, name: str) -> None:
    (artifacts / name / "model.safetensors").unlink()

    sentence = missing(artifacts)

    assert sentence is not None
    assert name in sentence


@pytest.mark.usefixtures("installed")
def test_with_package_and_weights_nothing_is_missing(artifacts: Path) -> None:
    assert missing(artifacts) is None
    assert OcrSettings(engine="standard", artifacts=artifacts, memory_mib=4096).artifacts == artifacts


@pytest.mark.usefixtures("installed")
def test_the_settings_are_not_valid_without_the_weights(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="docling-tools models download"):
        OcrSettings(engine="standard", artifacts=tmp_path)


@pytest.mark.usefixtures("installed")
def test_the_settings_are_not_valid_with_too_little_memory_for_the_models(artifacts: Path) -> None:
    with pytest.raises(ValidationError, match="INVOICEFLOW_OCR_MEMORY_MIB=3072"):
        OcrSettings(engine="standard", artifacts=artifacts)


def test_the_check_of_the_settings_says_in_a_sentence_what_is_missing(tmp_path: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "invoiceflow_ocr", "--check"],
        env={
            "PATH": os.environ["PATH"],
            "INVOICEFLOW_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
            "INVOICEFLOW_OBJECTS_ENDPOINT": "127.0.0.1:9",
            "INVOICEFLOW_OBJECTS_ACCESS_KEY": "a",
            "INVOICEFLOW_OBJECTS_SECRET_KEY": "b",
            "INVOICEFLOW_OCR_ENGINE": "standard",
            "INVOICEFLOW_OCR_ARTIFACTS": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 2
    assert "Traceback" not in checked.stderr
    assert ("docling-tools models download" if FULL else "invoiceflow-ocr[standard]") in checked.stderr


def test_the_weights_looked_for_are_those_of_the_models_that_docling_takes_by_itself(tmp_path: Path) -> None:
    options = pipeline_options(tmp_path, threads=1)

    assert options.layout_options.model_spec.repo_id.replace("/", "--") == MODEL_FOLDERS[0]
    assert options.table_structure_options.kind == TableStructureModel.get_options_type().kind
    assert TableStructureModel._model_repo_folder == MODEL_FOLDERS[1]


# -- the version -------------------------------------------------------------------------------------------------------


def test_other_weights_are_another_version(artifacts: Path) -> None:
    before = engine_version(artifacts)
    with (artifacts / MODEL_FOLDERS[1] / "model.safetensors").open("r+b") as weights:
        weights.seek(-1, os.SEEK_END)
        weights.write(b"1")

    assert engine_version(artifacts) != before


def test_what_the_download_leaves_behind_is_no_part_of_the_version(artifacts: Path) -> None:
    before = engine_version(artifacts)
    (artifacts / MODEL_FOLDERS[0] / ".cache" / "download.lock").write_text("later")

    assert engine_version(artifacts) == before


# -- what it is told ---------------------------------------------------------------------------------------------------


def test_all_models_come_from_files_that_are_there_and_nothing_from_elsewhere(tmp_path: Path) -> None:
    options = pipeline_options(tmp_path, threads=3)

    recognition = options.ocr_options
    assert options.artifacts_path == tmp_path
    assert not options.enable_remote_services
    assert not options.allow_external_plugins
    assert options.accelerator_options.num_threads == 3
    for file in (recognition.det_model_path, recognition.cls_model_path, recognition.rec_model_path):
        assert Path(file).is_file()


def test_the_cells_of_the_pages_are_kept(tmp_path: Path) -> None:
    assert pipeline_options(tmp_path, threads=1).generate_parsed_pages


# -- what becomes of its results ---------------------------------------------------------------------------------------


def test_a_document_that_was_converted_is_taken() -> None:
    document = make_document()

    assert checked_document(SimpleNamespace(status=ConversionStatus.SUCCESS, document=document)) is document


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (ConversionStatus.PARTIAL_SUCCESS, "document_partly_read"),
        (ConversionStatus.FAILURE, "document_unreadable"),
        (ConversionStatus.SKIPPED, "document_unreadable"),
        (ConversionStatus.STARTED, "document_unreadable"),
    ],
)
def test_all_else_is_no_document(status: ConversionStatus, code: str) -> None:
    with pytest.raises(PermanentError) as refused:
        checked_document(SimpleNamespace(status=status, document=make_document()))

    assert refused.value.code == code


@pytest.mark.parametrize("status", [ConversionStatus.FAILURE, ConversionStatus.PARTIAL_SUCCESS])
def test_a_model_that_got_no_memory_is_not_the_documents_damage(
    status: ConversionStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoiceflow_ocr.engines.standard.conversion.memory_is_short", lambda: True)

    with pytest.raises(MemoryError):
        checked_document(SimpleNamespace(status=status, document=make_document()))


class PreparedConverter:
    """Converts everything to the same document."""

    def __init__(self, converted: Converted) -> None:
        self._converted = converted

    def warm_up(self) -> None: ...

    def convert(self, data: bytes, kind: str, progress: Progress) -> Converted:  # noqa: ARG002 - the port asks for it
        return self._converted


def test_words_tables_and_e_invoices_of_a_pdf_come_together() -> None:
    document = make_document()
    add_table(document, (45, 95, 200, 115), [[("Invoice", (48, 98, 92, 112)), ("4711", (92, 98, 122, 112))]])
    words = [printed("Invoice", (50, 100, 90, 110)), printed("4711", (94, 100, 120, 110))]
    known = known_text(parsed_page(words=words, lines=[printed("Invoice 4711", (50, 100, 120, 110))]), WIDTH, HEIGHT)
    engine = DoclingEngine("standard", "1", PreparedConverter(Converted(document, {1: known})), ReadingLimits())
    pdf = attach(make_pdf(text_at(50, 690, "Invoice 4711")), "factur-x.xml", b"<Invoice/>")

    reading = engine.read(pdf, "application/pdf", lambda _done, _total: None)

    assert texts(reading) == ["Invoice 4711"]
    assert [cell.text for cell in reading.pages[0].tables[0].cells] == ["Invoice", "4711"]
    assert [attachment.name for attachment in reading.attachments] == ["factur-x.xml"]


# -- with the full package ---------------------------------------------------------------------------------------------


@needs_the_full_docling
@pytest.mark.filterwarnings("default")  # libraries that these tests do not answer for
def test_weights_that_cannot_be_loaded_are_told_at_the_start(artifacts: Path) -> None:
    from invoiceflow_ocr.engines.standard import create  # noqa: PLC0415

    with pytest.raises(Exception, match="docling-layout-heron"):
        create(artifacts=str(artifacts), max_pages=1, max_pixels=1_000_000, threads=1, children=1)


@pytest.mark.slow
@needs_the_full_docling
@pytest.mark.filterwarnings("default")
@pytest.mark.skipif(
    "INVOICEFLOW_OCR_ARTIFACTS" not in os.environ,
    reason="INVOICEFLOW_OCR_ARTIFACTS names no folder with docling's weights, so no document is converted",
)
def test_a_pdf_is_read_with_the_boxes_of_its_words() -> None:
    from invoiceflow_ocr.engines.standard import create  # noqa: PLC0415

    engine: Any = create(
        artifacts=os.environ["INVOICEFLOW_OCR_ARTIFACTS"], max_pages=9, max_pixels=10**8, threads=2, children=1
    )
    told: list[tuple[int, int]] = []
    pdf = make_pdf(text_at(50, 700, "Invoice number 4711"), text_at(50, 700, "Total due 42.00"))

    reading = engine.read(pdf, "application/pdf", lambda done, total: told.append((done, total)))

    assert [texts(reading, page) for page in (0, 1)] == [["Invoice number 4711"], ["Total due 42.00"]]
    assert reading.pages[0].lines[0].words[2].box.x0 == pytest.approx(0.226, abs=0.01)
    assert told[-1] == (2, 2)
