"""Names of files as people may see them, from names as senders write them. Pure."""

import re
import unicodedata

__all__ = ["clean_filename"]

_MAX = 255
"""Characters; what ``document.uploaded`` holds."""
_LONGEST_EXTENSION = 16
_NAMELESS = "document"


def clean_filename(raw: str) -> str:
    """Return the last part of ``raw`` without what could mislead a reader or a file system.

    Folders are dropped (of either kind of slash), as are control characters and those that turn the direction of
    text, with which ``fdp.exe`` is made to look like ``exe.pdf``. The name only ever labels the document: no file is opened by it.
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", raw)[-1])
    name = "".join(" " if character.isspace() else character for character in name)
    # Cc: control, Cf: invisible formatting, Cs: half of a character, Co and Cn: without a meaning.
    name = "".join(character for character in name if unicodedata.category(character)[0] != "C")
    name = re.sub(r" {2,}", " ", name).strip(" ")
    if not name.strip("."):
        return _NAMELESS
    if len(name) > _MAX:
        stem, dot, extension = name.rpartition(".")
        if not stem or len(extension) > _LONGEST_EXTENSION:
            return name[:_MAX].rstrip(" ")
        name = stem[: _MAX - len(dot + extension)].rstrip(" ") + dot + extension
    return name
