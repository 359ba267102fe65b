"""Which docling, and which weights, a result was made by."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from invoiceflow_ocr.engines.docling_document import MAPPING
from invoiceflow_ocr.prerequisites import MODEL_FOLDERS, weight_files

__all__ = ["engine_version"]

SAMPLE = 65536
"""Bytes at the beginning and at the end of a file that stand for all of it."""


def engine_version(artifacts: Path) -> str:
    """Return a version that differs wherever the same bytes may give another result: by docling, or by the weights."""
    weights = hashlib.sha256()
    for name in MODEL_FOLDERS:
        for file in weight_files(artifacts / name):
            weights.update(f"{file.relative_to(artifacts)} {file.stat().st_size}\n".encode())
            with file.open("rb") as stream:
                weights.update(stream.read(SAMPLE))
                stream.seek(max(0, file.stat().st_size - SAMPLE))
                weights.update(stream.read(SAMPLE))
    return f"{MAPPING}-docling{version('docling-slim')}-{weights.hexdigest()[:12]}"
