"""The parts of the documentation that are made from the code, so that they cannot say anything else."""

from reference_pages.blocks import BlockError, block_names, filled
from reference_pages.cli import cli_blocks
from reference_pages.contracts import contract_blocks
from reference_pages.http_api import http_blocks
from reference_pages.languages import language_blocks
from reference_pages.project import ROOT, markdown_files
from reference_pages.rules import rule_blocks
from reference_pages.settings import settings_blocks

__all__ = ["BlockError", "outdated", "write_pages"]


def _pages() -> dict[str, tuple[str, str]]:
    """Return each page that has blocks as it is and as it must be, by its path.

    Raises:
        BlockError: a page's blocks are not well-formed, or a block that is made stands on no page.
    """
    contents = {
        **settings_blocks(),
        **contract_blocks(),
        **rule_blocks(),
        **language_blocks(),
        **http_blocks(),
        **cli_blocks(),
    }
    pages: dict[str, tuple[str, str]] = {}
    shown: set[str] = set()
    for path in markdown_files():
        name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        try:
            if blocks := block_names(text):
                shown.update(blocks)
                pages[name] = text, filled(text, contents)
        except BlockError as error:
            raise BlockError(f"{name}: {error}") from error
    if nowhere := sorted(contents.keys() - shown):
        raise BlockError(
            f"on no page: {', '.join(nowhere)}. Put <!-- made: NAME --> and <!-- end: NAME --> where it belongs."
        )
    return pages


def outdated() -> list[str]:
    """Return a sentence for each page that is not as it must be."""
    return [
        f"{name} is out of date; run python tests/documentation/generate.py"
        for name, (now, wanted) in _pages().items()
        if now != wanted
    ]


def write_pages() -> None:
    """Bring every page up to date."""
    for name, (now, wanted) in _pages().items():
        if now != wanted:
            (ROOT / name).write_text(wanted, encoding="utf-8")
