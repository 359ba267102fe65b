"""Which files the arguments of ``invoiceflow send`` mean."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from invoiceflow_standalone.cli.errors import CommandError

__all__ = ["DOCUMENT_SUFFIXES", "Selection", "Skipped", "select_files"]

DOCUMENT_SUFFIXES = frozenset(
    {".pdf", ".xml", ".p7m", ".html", ".htm", ".eml", ".zip"}
    | {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"}
    | {".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp"}
)
"""What is taken out of a folder. A file that is named itself is sent whatever it is called: the server looks
at the content."""


@dataclass(frozen=True)
class Skipped:
    """A file in a folder that is not sent."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Selection:
    """The files to send, in the order of the arguments and sorted within a folder; each once."""

    files: tuple[Path, ...]
    skipped: tuple[Skipped, ...] = ()


def select_files(arguments: Sequence[str]) -> Selection:
    """Find the files that ``arguments`` (files, folders, patterns the shell left alone) stand for.

    Raises:
        CommandError: an argument names nothing, or there is nothing to send.
    """
    files: dict[Path, Path] = {}
    skipped: dict[Path, Skipped] = {}
    for argument in arguments:
        for path in _expand(argument):
            for found in _walk(path) if path.is_dir() else (path,):
                if isinstance(found, Skipped):
                    skipped.setdefault(found.path, found)
                else:
                    files.setdefault(found.resolve(), found)
    if not files:
        hint = f" ({len(skipped)} skipped)" if skipped else ""
        raise CommandError(
            f"There is no document to send in {', '.join(arguments)}{hint}. Name a file, such as invoice.pdf."
        )
    return Selection(tuple(files.values()), tuple(skipped.values()))


def _expand(argument: str) -> list[Path]:
    path = Path(argument).expanduser()
    if path.exists():
        return [path]
    if not glob.has_magic(argument):
        raise CommandError(
            f"There is no file or folder {argument}. Check the spelling; the current folder is {Path.cwd()}."
        )
    matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - Path.glob takes no absolute pattern
    if not matches:
        raise CommandError(f"No file matches {argument}. Check the pattern; the current folder is {Path.cwd()}.")
    return matches


def _walk(folder: Path) -> Iterator[Path | Skipped]:
    unreadable: list[Skipped] = []
    walk = os.walk(folder, onerror=lambda error: unreadable.append(Skipped(Path(error.filename), "cannot be read")))
    for parent, folders, names in walk:
        hidden = sorted(name for name in folders if name.startswith("."))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Skipped(Path(parent, name), "hidden folder") for name in hidden)
        for name in sorted(names):
            path = Path(parent, name)
            if name.startswith("."):
                yield Skipped(path, "hidden")
            elif path.suffix.lower() not in DOCUMENT_SUFFIXES:
                yield Skipped(path, "does not look like a document; name it to send it anyway")
            elif not path.is_file():
                yield Skipped(path, "not a regular file")
            else:
                yield path
    yield from unreadable
