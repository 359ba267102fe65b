"""PDFs and pictures by docling's standard pipeline.

All models are loaded from files at the start; nothing is ever fetched. They run on the processor: a child process has
a limit on its memory, which does not go with that of a graphics card; a docling-serve with one is the engine `remote`.
"""

import logging
import os
import sys
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_ocr.engines.docling_document.cells import known_text
from invoiceflow_ocr.engines.docling_document.ports import Converted
from invoiceflow_ocr.engines.native.networks import DETECTOR, READER, silence_telemetry
from invoiceflow_ocr.ports import Progress
from invoiceflow_ocr.processors import memory_is_short

__all__ = ["StandardConverter", "checked_document", "pipeline_options"]

CLASSIFIER = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"
"""Of RapidOCR's models the one that tells whether a line is upside down."""


class StandardConverter:
    """docling's ``DocumentConverter`` with its models loaded.

    Raises:
        Exception: of docling's own kinds, where a model cannot be loaded.
    """

    def __init__(self, artifacts: Path, *, threads: int, max_pixels: int) -> None:
        # Read when the libraries are imported.
        os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
        silence_telemetry()
        # What docling logs of an exception may quote the document; which of its parts failed is told without that.
        logging.getLogger("docling").setLevel(logging.CRITICAL)
        from docling.datamodel.backend_options import PdfBackendOptions  # noqa: PLC0415
        from docling.datamodel.base_models import InputFormat  # noqa: PLC0415
        from docling.document_converter import DocumentConverter, ImageFormatOption, PdfFormatOption  # noqa: PLC0415

        # The same options for both, so that both use the same pipeline, and the models are loaded once.
        options = pipeline_options(artifacts, threads=threads)
        self._converter = DocumentConverter(
            allowed_formats=[InputFormat.PDF, InputFormat.IMAGE],
            format_options={
                InputFormat.PDF: PdfFormatOption(pipeline_options=options),
                InputFormat.IMAGE: ImageFormatOption(
                    pipeline_options=options, backend_options=PdfBackendOptions(max_image_pixels=max_pixels)
                ),
            },
        )
        self._converter.initialize_pipeline(InputFormat.PDF)

    def warm_up(self) -> None:
        """There is nothing left to load."""

    def convert(self, data: bytes, kind: Literal["pdf", "image"], progress: Progress) -> Converted:
        from docling.datamodel.base_models import DocumentStream  # noqa: PLC0415
        from docling.datamodel.progress import PageCompletedProgress  # noqa: PLC0415

        def tell(event: Any) -> None:
            if isinstance(event, PageCompletedProgress):
                progress(event.completed_pages, event.total_pages)

        name = "document.pdf" if kind == "pdf" else "document.tiff"
        source = DocumentStream(name=name, stream=BytesIO(data))
        result = self._converter.convert(source, raises_on_error=False, progress_callback=tell)
        for error in result.errors:
            sys.stderr.write(f"docling: {error.module_name} failed ({error.component_type.value})\n")
        document = checked_document(result)
        texts = {
            page.page_no: known_text(page.parsed_page, page.size.width, page.size.height)
            for page in result.pages
            if page.parsed_page is not None and page.size is not None
        }
        return Converted(document, texts)


def pipeline_options(artifacts: Path, *, threads: int) -> Any:
    """Return docling's ``PdfPipelineOptions``: layout, tables, and RapidOCR with the models of its own package."""
    import rapidocr  # noqa: PLC0415
    from docling.datamodel.accelerator_options import AcceleratorDevice, AcceleratorOptions  # noqa: PLC0415
    from docling.datamodel.pipeline_options import PdfPipelineOptions, RapidOcrOptions  # noqa: PLC0415

    models = Path(rapidocr.__file__).parent / "models"
    return PdfPipelineOptions(
        artifacts_path=artifacts,
        accelerator_options=AcceleratorOptions(num_threads=threads, device=AcceleratorDevice.CPU),
        allow_external_plugins=False,
        enable_remote_services=False,
        do_ocr=True,
        ocr_options=RapidOcrOptions(
            backend="openvino",
            det_model_path=str(models / DETECTOR),
            cls_model_path=str(models / CLASSIFIER),
            rec_model_path=str(models / READER),
            # Pinned, the children of one host would all compute on the same first processors.
            rapidocr_params={"EngineConfig.openvino.enable_cpu_pinning": False, "Global.log_level": "error"},
        ),
        do_table_structure=True,
        # Without these a page's words would be gone once its document is put together.
        generate_parsed_pages=True,
    )


def checked_document(result: Any) -> Any:
    """Return the document of a ``ConversionResult``, if all of it was converted.

    Raises:
        PermanentError: ``document_unreadable``, or ``document_partly_read``.
        MemoryError: something failed, and the process has hardly any memory left.
    """
    from docling.datamodel.base_models import ConversionStatus  # noqa: PLC0415

    # Whatever a model raises, docling notes and goes on; so does a model that got no memory.
    if result.status is not ConversionStatus.SUCCESS and memory_is_short():
        raise MemoryError
    if result.status is ConversionStatus.PARTIAL_SUCCESS:
        raise PermanentError(
            "document_partly_read",
            "Only a part of the document could be read. Save it anew and send it again.",
        )
    if result.status is not ConversionStatus.SUCCESS:
        raise PermanentError(
            "document_unreadable",
            "The document could not be read. It may be damaged: save it anew and send it again. If others fail as well, the service's log says what failed.",
        )
    return result.document
