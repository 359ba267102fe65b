"""As many varied documents as one asks for, for evaluation and load."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from invoiceflow_samples.language import LANGUAGES
from invoiceflow_samples.pdf.render import TEMPLATES
from invoiceflow_samples.produce import produce
from invoiceflow_samples.sample import Kind, Sample
from invoiceflow_samples.scenario import random_scenario

__all__ = ["generate"]

_NO_MORE_THAN_A_PHOTO_SHOWS = 12


def generate(
    seed: int,
    count: int,
    kinds: Sequence[Kind] = (Kind.PDF_TEXT,),
    languages: Sequence[str] = LANGUAGES,
    templates: Sequence[str] = tuple(TEMPLATES),
) -> Iterator[Sample]:
    """Make ``count`` samples, taking the kinds in turn and everything else by chance.

    Document ``n`` of a seed is the same whatever ``count`` is, byte for byte with the same library versions.
    Documents are made one at a time, so any number can be streamed.
    """
    for number in range(count):
        kind = Kind(kinds[number % len(kinds)])
        rng = Random(f"{seed}/{number}/{kind}")  # noqa: S311 - reproducible fiction, no secret
        scenario = random_scenario(rng, tuple(languages))
        while kind is Kind.IMAGE and scenario.lines > _NO_MORE_THAN_A_PHOTO_SHOWS:  # it has one page
            scenario = random_scenario(rng, tuple(languages))
        if kind is Kind.XML_UBL:  # Peppol wants an order or a buyer reference (PEPPOL-EN16931-R003)
            scenario = replace(scenario, order=True)
        stem = f"{seed}-{number:05d}-{scenario.language}-{kind}"
        yield produce(stem, kind, scenario, rng.choice(list(templates)), rng)
