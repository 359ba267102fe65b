"""Pages that people write, with blocks in them that are made from the code.

A block stands between ``<!-- made: NAME -->`` and ``<!-- end: NAME -->``; what is written between is replaced.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["BlockError", "block_names", "filled", "table"]

_BLOCK = re.compile(r"(<!-- made: (?P<name>[\w.-]+) -->\n)(?P<body>.*?)(<!-- end: (?P=name) -->)", re.DOTALL)
_MARK = re.compile(r"<!-- (?:made|end): [\w.-]+ -->")


class BlockError(Exception):
    """A page's blocks are not as they must be; the message says which."""


def block_names(text: str) -> list[str]:
    """Return the names of a page's blocks in their order.

    Raises:
        BlockError: a mark has no counterpart.
    """
    blocks = list(_BLOCK.finditer(text))
    if len(_MARK.findall(text)) != 2 * len(blocks):
        raise BlockError("a block begins or ends without the other")
    return [block["name"] for block in blocks]


def filled(text: str, contents: Mapping[str, str]) -> str:
    """Return the page with every block as ``contents`` has it.

    Args:
        text: the page.
        contents: what each block holds, by its name; ends with a line break.

    Raises:
        BlockError: nothing makes a block of that name.
    """
    for name in block_names(text):
        if name not in contents:
            raise BlockError(f"nothing makes the block {name}")
    return _BLOCK.sub(lambda block: "".join((block[1], "\n", contents[block["name"]], "\n", block[4])), text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"
