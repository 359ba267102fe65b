"""Words that are no labels but tell names, addresses and countries; see ``vocabulary.yaml``."""

from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files

import yaml

__all__ = ["Vocabulary", "vocabulary"]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The word lists, by what they are for."""

    legal_forms: frozenset[str]
    short_legal_forms: frozenset[str]
    salutations: frozenset[str]
    forms_of_address: frozenset[str]
    mail_hosts: frozenset[str]
    street_words: frozenset[str]
    street_endings: frozenset[str]
    us_states: frozenset[str]
    yours: frozenset[str]
    page_words: frozenset[str]
    page_of: frozenset[str]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Return the word lists, read once."""
    text = files("invoiceflow_extract.local").joinpath("vocabulary.yaml").read_text("utf-8")
    # The base loader keeps every scalar a string, "no" among them.
    lists: dict[str, list[str]] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    return Vocabulary(**{field.name: frozenset(lists[field.name]) for field in fields(Vocabulary)})
