"""What models are told, as files that are never changed: a name, and the hash of the text.

A new wording is a new file beside the old ones, so that the prompt of any stored answer can be read. Which one is in use
stands in ``CURRENT``.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

__all__ = ["CURRENT", "Prompt", "hash_of", "load"]

CURRENT: Final = MappingProxyType({"fields": "525ac2d04fe0", "lines": "3784db8d512c"})
"""The hash of the prompt in use, by its name."""


@dataclass(frozen=True)
class Prompt:
    """What a model is told before it is shown the document."""

    name: str
    version: str
    """Name and hash, as it stands on record."""
    text: str


def hash_of(text: str) -> str:
    """Return what a prompt's file is called by: the first 12 digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@lru_cache(maxsize=16)
def load(name: str, version: str | None = None) -> Prompt:
    """Return the prompt in use, or the version with this hash.

    Raises:
        ValueError: the file does not hold what its name says.
    """
    wanted = version or CURRENT[name]
    text = files("invoiceflow_extract.llm.prompts").joinpath(f"{name}-{wanted}.md").read_text("utf-8")
    if hash_of(text) != wanted:
        raise ValueError(f"The prompt {name}-{wanted} was changed: a new wording is a new file with its own hash.")
    return Prompt(name, f"{name}-{wanted}", text)
