import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_extract.local.addresses import country_code, is_address_line, parse_address
from invoiceflow_extract.local.identifiers import find_bics, find_ibans, find_vat_ids, iban_is_valid, vat_is_valid
from invoiceflow_extract.local.names import has_legal_form


@pytest.mark.parametrize(
    ("text", "vat_id"),
    [
        ("USt-IdNr.: DE 136 695 976", "DE136695976"),
        ("BTW NL810433941B01", "NL810433941B01"),
        ("TVA: FR44732829320 Paris", "FR44732829320"),
        ("NIF: (PT) 501964843", "PT501964843"),
        ("MWST-Nr. CHE-107.787.577 MWST", "CHE107787577MWST"),
    ],
)
def test_a_vat_id_is_found_however_it_is_spaced(text: str, vat_id: str) -> None:
    ((found, _, _, valid),) = find_vat_ids(text)
    assert (found, valid) == (vat_id, True)


def test_what_says_that_a_number_is_registered_for_vat_stays_though_the_check_digit_is_wrong() -> None:
    ((found, _, _, valid),) = find_vat_ids("CHE-112.203.184 MWST")
    assert (found, valid) == ("CHE112203184MWST", False)


def test_a_vat_id_with_wrong_check_digits_is_found_and_called_so() -> None:
    ((found, _, _, valid),) = find_vat_ids("VAT no. DE123456789")
    assert (found, valid) == ("DE123456789", False)
    assert not vat_is_valid(found)


def test_an_iban_ends_where_its_country_says() -> None:
    text = "IBAN: DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX"
    ((iban, start, end, valid),) = find_ibans(text)
    assert (iban, valid) == ("DE89370400440532013000", True)
    assert text[start:end] == "DE89 3704 0044 0532 0130 00"


def test_a_letter_o_read_for_a_zero_is_repaired_because_the_checksum_proves_it() -> None:
    ((iban, *_, valid),) = find_ibans("IBAN DE89 37O4 0044 O532 0130 00")
    assert (iban, valid) == ("DE89370400440532013000", True)


def test_an_iban_that_no_repair_makes_right_is_left_as_printed() -> None:
    ((iban, *_, valid),) = find_ibans("IBAN DE89 3704 0044 0532 0130 01")
    assert (iban, valid) == ("DE89370400440532013001", False)


def test_a_bic_names_an_existing_country() -> None:
    assert [bic for bic, *_ in find_bics("BIC: COBADEFFXXX")] == ["COBADEFFXXX"]
    assert [bic for bic, *_ in find_bics("PLEADQXX")] == []


@given(text=st.text(max_size=300))
def test_hostile_text_yields_identifiers_only(text: str) -> None:
    assert all(iban_is_valid(iban) or not valid for iban, *_, valid in find_ibans(text))
    assert all(vat_is_valid(vat_id) or not valid for vat_id, *_, valid in find_vat_ids(text))


@pytest.mark.parametrize(
    "line",
    [
        "60486 Frankfurt",
        "1 Makebelieve Avenue",
        "Kerkstraat 160",
        "Rua das Flores 200",
        "York, YO1 7HH",
        "Deutschland",
        "New York, NY 10001",
    ],
)
def test_streets_towns_and_countries_are_address_lines(line: str) -> None:
    assert is_address_line(line)


@pytest.mark.parametrize("line", ["Acme GmbH", "The Phone Company", "Jane Doe", "Thank you for your business"])
def test_names_and_sentences_are_no_address_lines(line: str) -> None:
    assert not is_address_line(line)


def test_an_address_falls_into_its_parts() -> None:
    address = parse_address(["Am Steinbruch 1", "D-60486 Frankfurt"])
    assert (address.street, address.postcode, address.city, address.country) == (
        "Am Steinbruch 1",
        "60486",
        "Frankfurt",
        "DE",
    )


def test_a_country_is_known_in_every_language() -> None:
    assert {country_code(name) for name in ("Germany", "Deutschland", "Allemagne", "Duitsland", "Niemcy")} == {"DE"}


def test_a_company_is_known_by_its_legal_form() -> None:
    assert all(
        map(has_legal_form, ("Acme GmbH", "Obelix GmbH & Co. KG", "Biz España S.L.", "Jan sp. z o.o.", "Yritys Oy"))
    )
    assert not has_legal_form("John Doe")
