"""The blocks of a page that are marked to be run: ``<!-- run -->`` or ``<!-- run: NAME -->`` before a fenced block."""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Marked", "marked_blocks"]

_BLOCK = re.compile(
    r"^<!-- run(?:: (?P<name>[\w-]+))? -->\n```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Marked:
    """A block: ``name`` is empty where it needs none."""

    name: str
    language: str
    text: str


def marked_blocks(page: Path) -> list[Marked]:
    """Return the marked blocks of a page in their order.

    Raises:
        ValueError: a mark has no fenced block after it.
    """
    text = page.read_text(encoding="utf-8")
    blocks = [Marked(found["name"] or "", found["language"], found["text"]) for found in _BLOCK.finditer(text)]
    if len(blocks) != len(re.findall(r"^<!-- run", text, re.MULTILINE)):
        raise ValueError(f"{page}: a mark to run has no block after it")
    return blocks
