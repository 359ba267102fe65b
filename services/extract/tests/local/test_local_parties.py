import pytest
from grids import layout_of

from invoiceflow_extract.local import read_layout
from invoiceflow_extract.local.names import has_legal_form

WINDOW = """
                                                          Nordlicht Bürobedarf AG

     Nordlicht Bürobedarf AG · Hauptstraße 177 · 23552 Lübeck
     Sonnleitner GmbH                                     Rechnung Nr.     202300547
     Lindenallee 129                                      Rechnungsdatum   24.01.2023
     50667 Köln                                           Ihre USt-IdNr.   DE811907980

     Bezeichnung                    Menge    Einzelpreis    Gesamtpreis
     Dübel 10 mm                    50       9,22           461,00
                                             Summe netto    461,00


     Nordlicht Bürobedarf AG    IBAN: DE89 3704 0044 0532 0130 00    USt-IdNr.: DE136695976
"""


def test_the_window_holds_the_buyer_and_the_line_above_it_the_seller() -> None:
    invoice = read_layout(layout_of(WINDOW)).invoice
    assert invoice.seller.name == "Nordlicht Bürobedarf AG"
    assert invoice.buyer.name == "Sonnleitner GmbH"
    assert invoice.buyer.address.city == "Köln"
    assert invoice.buyer.address.postcode == "50667"


def test_your_vat_id_is_the_buyers_and_the_one_in_the_footer_the_sellers() -> None:
    invoice = read_layout(layout_of(WINDOW)).invoice
    assert invoice.seller.vat_id == "DE136695976"
    assert invoice.buyer.vat_id == "DE811907980"
    assert invoice.seller.address.country == "DE"


@pytest.mark.parametrize(
    ("seller", "buyer"),
    [
        ("From", "Bill to"),
        ("Verkäufer", "Rechnung an"),
        ("Émetteur", "Facturé à"),
        ("Sprzedawca", "Nabywca"),
        ("Fornecedor", "Faturar a"),
    ],
)
def test_labels_in_any_language_tell_the_parties_apart_whatever_their_order(seller: str, buyer: str) -> None:
    invoice = read_layout(
        layout_of(f"""
     INVOICE 4711

     {buyer:30}{seller}
     Gyro Gearloose                Scrooge McDuck
     Inventor Drive 23             Killmotor Hill 1
     12345 Duckburg                12345 Duckburg
""")
    ).invoice
    assert (invoice.buyer.name, invoice.seller.name) == ("Gyro Gearloose", "Scrooge McDuck")


def test_the_delivery_address_is_neither_party() -> None:
    invoice = read_layout(
        layout_of("""
     Contoso Ltd.
     12 Harbour Road
     London E1 7AW

     Bill to:                 Ship to:
     Wingtip Toys Ltd         Wingtip Warehouse
     5 High Street            9 Dock Lane
     Leeds LS1 5AB            Hull HU1 1AA
""")
    ).invoice
    assert invoice.seller.name == "Contoso Ltd."
    assert invoice.buyer.name == "Wingtip Toys Ltd"


def test_the_address_at_the_domain_of_the_mail_is_the_sellers() -> None:
    invoice = read_layout(
        layout_of("""
     Adatum Corporation                          Cronus Trading
     Station Road 21                             Hofstraße 12
     48436 Düsseldorf                            20097 Hamburg

     Invoice no. 103767                          info@cronustrading.example
""")
    ).invoice
    assert (invoice.seller.name, invoice.buyer.name) == ("Cronus Trading", "Adatum Corporation")


@pytest.mark.parametrize("title", ["Cash Sale Receipt", "Service Invoice", "Elektronische Rechnung"])
def test_a_documents_title_is_no_party(title: str) -> None:
    invoice = read_layout(layout_of(f"\n     {title}\n\n     Number: 12\n")).invoice
    assert (invoice.seller.name, invoice.buyer.name) == (None, None)


def test_a_slogan_is_no_party() -> None:
    invoice = read_layout(layout_of("\n     Thank you for your business!\n\n     Invoice number: 12\n")).invoice
    assert invoice.seller.name is None
    assert invoice.buyer.name is None


def test_a_name_over_two_rows_is_joined_where_the_page_shows_it_in_one() -> None:
    page = """
     Suministros de Oficina              Facturar a
     Bermúdez S.L.                       Formación Lozano S.L.
     Camino Real 4                       Calle Cervantes 51
     33003 Oviedo                        41001 Sevilla

     Número de factura: A000642
{foot}
"""
    footer = "     Suministros de Oficina Bermúdez S.L. | info@bermudez.example"
    assert (
        read_layout(layout_of(page.format(foot=footer))).invoice.seller.name == "Suministros de Oficina Bermúdez S.L."
    )
    assert read_layout(layout_of(page.format(foot=""))).invoice.seller.name != "Suministros de Oficina Bermúdez S.L."


def test_a_party_may_be_a_list_of_labelled_values() -> None:
    invoice = read_layout(
        layout_of("""
     Sprzedawca                        Nabywca
     NIP: 5261040828                   NIP: 1132191233
     Nazwa: ABC Handel S.A.            Nazwa: Jan Kowalski
     Adres: ul. Sadowa 1, 00-002 Kraków
""")
    ).invoice
    assert (invoice.seller.name, invoice.buyer.name) == ("ABC Handel S.A.", "Jan Kowalski")


def test_what_stands_beside_the_only_address_is_the_buyer() -> None:
    invoice = read_layout(
        layout_of("""
     Northwind Traders                             Invoice number: 17

     Northwind Traders                             Fabrikam Corp.
     12 Sunny Road                                 Jane Roe
     London E1 7AW                                 jane@fabrikam.example

     Payment method                                Check #
     Check                                         1000
""")
    ).invoice
    assert (invoice.seller.name, invoice.buyer.name) == ("Northwind Traders", "Fabrikam Corp.")


def test_a_mail_address_of_the_delivery_address_does_not_make_it_the_seller() -> None:
    invoice = read_layout(
        layout_of("""
                    Le Bon Moulin SARL - 12 chemin des Oliviers - 84340 Malaucène - France
                    contact@lebonmoulin.fr

     Facture FA-17

     Adresse de livraison
     Boutique Jolie                                Boutique Jolie
     35 rue de la Gare                             35 rue de la Gare
     69001 Lyon                                    69001 Lyon
     sav@boutiquejolie.net
""")
    ).invoice
    assert (invoice.seller.name, invoice.buyer.name) == ("Le Bon Moulin SARL", "Boutique Jolie")


def test_a_name_ends_before_the_address_that_runs_on_in_its_line() -> None:
    invoice = read_layout(
        layout_of("""
     Contoso Inc. 851 Fifth
     Avenue, Suite 120

     Invoice number: 12
""")
    ).invoice
    assert invoice.seller.name == "Contoso Inc."


@pytest.mark.parametrize("second", ["Address", "1234 Customer St"])
def test_a_specimen_is_made_out_to_the_word_that_stands_for_a_name(second: str) -> None:
    invoice = read_layout(
        layout_of(f"""
     Contoso Ltd                   Bill to
     12 Harbour Road               Customer name
     London E1 7AW                 {second}
                                   City, State
""")
    ).invoice
    assert invoice.buyer.name == "Customer name"


def test_the_label_of_a_value_beside_it_is_no_specimens_name() -> None:
    invoice = read_layout(
        layout_of("""
     Bill to
     Customer name         Wingtip Toys Ltd
     Address               5 High Street, Leeds LS1 5AB
""")
    ).invoice
    assert invoice.buyer.name != "Customer name"


def test_a_label_of_a_name_is_no_name_itself() -> None:
    invoice = read_layout(
        layout_of("""
     SELLER TRADE NAME
     Moulin du Lac
     12 High Street
     London E1 7AW

     Invoice number: 17
""")
    ).invoice
    assert invoice.seller.name == "Moulin du Lac"


@pytest.mark.parametrize("label", ["Nombre", "Name", "Nome", "Nom"])
def test_the_name_filled_in_at_the_head_is_the_buyers(label: str) -> None:
    invoice = read_layout(
        layout_of(f"""
     CONTOSO LTD.                                  Nº 17
     Calle de Atocha 27
     28001 Madrid

     {label}: JUAN LOPEZ                           15/09/2021
     DIRECCION: SANTA MARIA 45, MADRID 28012
""")
    ).invoice
    assert (invoice.seller.name, invoice.buyer.name) == ("CONTOSO LTD.", "JUAN LOPEZ")


def test_the_only_address_above_is_the_buyers_where_the_foot_names_another_company() -> None:
    page = (
        """
     Bakkerij de Groot B.V.
     Prinsengracht 9
     1016 AA Amsterdam

     Factuur
     Factuurnummer: 2025-17          Factuurdatum: 02-03-2025

     Omschrijving         Aantal     Prijs     Bedrag
     Advies                    2     50,00     100,00
     Totaal                                    100,00
"""
        + 38 * "\n"
    )
    foot = "     Van Dijk Metaal B.V. | Keizersgracht 100 | 1015 CV Amsterdam\n"
    invoice = read_layout(layout_of(page + foot)).invoice
    assert (invoice.seller.name, invoice.buyer.name) == ("Van Dijk Metaal B.V.", "Bakkerij de Groot B.V.")


def test_the_letters_of_a_dutch_postcode_are_no_legal_form() -> None:
    assert has_legal_form("Groot en Zonen CV")
    assert not has_legal_form("1015 CV Amsterdam")


def test_a_form_of_address_is_no_part_of_a_persons_name() -> None:
    invoice = read_layout(
        layout_of("""
     Oficina Moura Lda
     Rua Augusta 77
     1100-053 Lisboa

     Faturar a:
     Sr. Alfonso Avila
     Rua do Ouro 5
     1100-061 Lisboa
""")
    ).invoice
    assert invoice.buyer.name == "Alfonso Avila"


def test_a_labelled_vat_id_that_is_not_the_sellers_is_the_buyers_though_its_digits_are_wrong() -> None:
    invoice = read_layout(
        layout_of("""
     Verkäufer:                        Käufer:
     Lindenhof Technik GmbH            Bäckerei Sommer KG
     Werkstraße 5                      Marktplatz 1
     10115 Berlin                      80331 München

     USt-IdNr.: DE136695976

     Kennungen
     USt-IdNr.: DE111111111
""")
    ).invoice
    assert (invoice.seller.vat_id, invoice.buyer.vat_id) == ("DE136695976", "DE111111111")


def test_an_account_over_two_rows_is_joined_where_its_check_digits_hold() -> None:
    invoice = read_layout(
        layout_of("""
     IBAN                          SWIFT
     DE89 3704 0044 0532           COBADEFF
     0130 00
""")
    ).invoice
    assert invoice.payment.iban == "DE89370400440532013000"
