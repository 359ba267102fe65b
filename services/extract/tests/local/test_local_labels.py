from importlib.resources import files

import pytest
import yaml

from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_extract.local.dates import LANGUAGES
from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.lexicon import COLUMN_ROLES, FIELD_LABELS, TOTAL_LABELS, lexicon

FOLDER = files("invoiceflow_extract.local.labels")
FILES = sorted(entry.name for entry in FOLDER.iterdir() if entry.name.endswith(".yaml"))
SECTIONS = {
    "titles": frozenset(InvoiceType),
    "labels": FIELD_LABELS,
    "totals": TOTAL_LABELS,
    "columns": COLUMN_ROLES,
}
NEEDED = ("number", "issue_date", "due_date", "seller", "buyer", "vat_id", "iban")


def test_there_is_a_file_for_every_language_the_engine_knows() -> None:
    assert sorted(f"{language}.yaml" for language in LANGUAGES) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_label_file_says_only_what_the_engine_understands(name: str) -> None:
    document = yaml.load(FOLDER.joinpath(name).read_text("utf-8"), Loader=yaml.BaseLoader)
    assert f"{document['language']}.yaml" == name
    assert len(document["words"]) >= 15
    for section, known in SECTIONS.items():
        assert set(document[section]) <= set(known), section
        for meaning, phrases in document[section].items():
            folded = [fold(phrase) for phrase in phrases]
            assert all(folded), (meaning, phrases)
            assert len(folded) == len(set(folded)), (meaning, [key for key in folded if folded.count(key) > 1])
    for meaning in NEEDED:
        assert document["labels"][meaning]
    for meaning in ("net", "tax", "gross", "payable"):
        assert document["totals"][meaning]
    for role in ("description", "quantity", "unit_price", "net"):
        assert document["columns"][role]


def test_labels_are_found_whatever_their_case_accents_and_points() -> None:
    words = lexicon()
    for text in (
        "Invoice No.:",
        "INVOICE NO",
        "Rechnungs-Nr.",
        "Numéro de facture",
        "NUMERO DE FACTURE :",
        "Fakturanr",
    ):
        assert "number" in words.look_up(text, words.fields), text


def test_a_misread_label_is_found_by_likeness_only_where_asked() -> None:
    words = lexicon()
    assert "number" in words.look_up("Rechnungsnurnmer", words.fields, fuzzy=True)
    assert not words.look_up("Rechnungsnurnmer", words.fields)


def test_the_language_is_told_by_its_frequent_words() -> None:
    words = lexicon()
    assert words.language_of("Bitte überweisen Sie den Betrag innerhalb von 14 Tagen auf das Konto")[0][0] == "de"
    assert words.language_of("Please pay the amount within 14 days, thank you for your order")[0][0] == "en"
    assert words.language_of("Prosimy o wpłatę kwoty na konto i za termin dziękujemy")[0][0] == "pl"
