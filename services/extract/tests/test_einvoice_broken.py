"""However a file is broken, it is read or refused in a sentence, and what was read can be checked and handed on."""

import copy
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_extract.checks import Origin, Subject, check
from invoiceflow_extract.einvoice import read

FILES = sorted((Path(__file__).parent / "einvoices").glob("*.xml"))
TEXTS = ("", "  ", "-1", "1e5", "9" * 29, "0", f"{'9' * 15}.{'9' * 15}", "2026-13-45", "20261345", "é" * 400, "#AAA#x")


def broken(data: bytes, seed: int) -> bytes:
    """Return the file with some elements taken out, doubled, moved, or with another text or no attributes."""
    rng = Random(seed)
    root = etree.fromstring(data)
    for _ in range(rng.randint(1, 6)):
        elements = list(root.iterdescendants())
        element = rng.choice(elements)
        above = element.getparent()
        assert above is not None
        match rng.randrange(5):
            case 0:
                above.remove(element)
            case 1:
                above.append(copy.deepcopy(element))
            case 2:
                rng.choice(elements).append(copy.deepcopy(element))
            case 3:
                element.text = rng.choice(TEXTS)
            case _:
                element.attrib.clear()
    return etree.tostring(root)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_file_is_read_or_refused(path: Path) -> None:
    data = path.read_bytes()
    for seed in range(150):
        try:
            einvoice = read(broken(data, seed))
        except PermanentError:
            continue
        invoice = einvoice.reading.invoice
        check(Subject(invoice, Origin.EN16931))
        assert type(invoice).model_validate_json(invoice.model_dump_json()) == invoice
