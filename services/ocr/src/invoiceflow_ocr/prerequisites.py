"""What the engine `standard` cannot be without: the full docling package and the weights of its models.

Looked for without importing any of it, so that a service says at once what it lacks.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

__all__ = ["MODEL_FOLDERS", "missing", "weight_files"]

PACKAGES = ("docling_ibm_models", "docling_parse", "torch", "torchvision", "transformers")
"""Modules that the full docling brings and docling-slim does not, or not always."""

MODEL_FOLDERS = ("docling-project--docling-layout-heron", "docling-project--docling-models")
"""Folders of the layout and of the table model, as docling-tools names them."""

DOWNLOAD = "docling-tools models download layout tableformer --output-dir"


def missing(artifacts: Path | None) -> str | None:
    """Return a sentence that says what is missing and how to get it, or None where nothing is."""
    absent = [name for name in PACKAGES if find_spec(name) is None]
    if absent:
        return (
            f"The engine `standard` needs the full docling package, of which {', '.join(absent)} cannot be found. "
            "Install invoiceflow-ocr[standard] (requirements/ocr-standard.lock), or build the image with --build-arg ENGINE=standard."
        )
    if artifacts is None:
        return (
            "The engine `standard` needs the weights of docling's models. Set INVOICEFLOW_OCR_ARTIFACTS to the folder "
            f"that `{DOWNLOAD} FOLDER` has made."
        )
    for name in MODEL_FOLDERS:
        if not any(weight_files(artifacts / name)):
            return f"There are no weights in {artifacts / name}. Get them by `{DOWNLOAD} {artifacts}`."
    return None


def weight_files(folder: Path) -> Iterator[Path]:
    """The files of a model in a fixed order, without what the download has left behind in hidden folders."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts):
            yield file
