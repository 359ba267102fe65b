from decimal import Decimal

import pytest
from grids import layout_of

from invoiceflow_contracts.invoice import InvoiceLine
from invoiceflow_contracts.layout import Box, Engine, Layout, Line, Page, Word
from invoiceflow_extract.local import read_layout


def lines_of(*pages: str) -> tuple[InvoiceLine, ...]:
    return read_layout(layout_of(*pages)).invoice.lines


def seen(lines: tuple[InvoiceLine, ...]) -> list[tuple[str | None, str | None, str | None]]:
    return [
        (
            line.description,
            None if line.quantity is None else str(line.quantity),
            None if line.net is None else str(line.net),
        )
        for line in lines
    ]


def test_columns_are_read_by_their_headings() -> None:
    (line,) = lines_of("""
     Pos   Article no.   Description           Qty   Unit    Unit price    VAT %    Amount
     1     A-100         Oak table               2   pcs         150.00      20%    300.00
""")
    assert line.id == "1"
    assert line.item_code == "A-100"
    assert line.description == "Oak table"
    assert (line.quantity, line.unit, line.unit_price) == (Decimal(2), "pcs", Decimal("150.00"))
    assert (line.net, line.tax_rate) == (Decimal("300.00"), Decimal(20))


@pytest.mark.parametrize(
    "head",
    [
        "     Bezeichnung            Menge      Einzelpreis     Gesamtpreis",
        "     Désignation            Quantité   Prix unitaire   Montant",
        "     Omschrijving           Aantal     Prijs           Bedrag",
        "     Descripción            Cantidad   Precio          Importe",
        "     Descrizione            Quantità   Prezzo          Importo",
        "     Descrição              Quantidade Preço           Valor",
        "     Nazwa towaru           Ilość      Cena netto      Wartość",
        "     Benämning              Antal      À-pris          Belopp",
        "     Beskrivelse            Antal      Pris            Beløb",
        "     Kuvaus                 Määrä      A-hinta         Yhteensä",
        "     Popis                  Množství   Cena za MJ      Celkem",
    ],
)
def test_a_table_is_read_in_any_language(head: str) -> None:
    assert seen(lines_of(f"\n{head}\n     Kabel 10 m             3          15,50           46,50\n")) == [
        ("Kabel 10 m", "3", "46.50")
    ]


def test_columns_may_stand_in_any_order() -> None:
    assert seen(
        lines_of("""
     Amount     Unit price    Quantity    Description
     46.50      15.50         3           Cable
     20.00      10.00         2           Plug
""")
    ) == [("Cable", "3", "46.50"), ("Plug", "2", "20.00")]


def test_a_heading_may_take_two_rows() -> None:
    assert seen(
        lines_of("""
                                  Unit
     Description           Qty    price       Amount
     Cable                   3    15.50        46.50
""")
    ) == [("Cable", "3", "46.50")]


def test_a_wrapped_description_is_joined_and_a_paragraph_kept_apart() -> None:
    first, second = lines_of("""
     Description                      Qty    Unit price    Amount
     Consulting on the replacement      2        100.00    200.00
     of the accounting system
     Training                           1         50.00     50.00
     On site
""")
    assert first.description == "Consulting on the replacement of the accounting system"
    assert second.description == "Training\nOn site"


def test_a_table_goes_on_over_pages_with_and_without_a_repeated_heading() -> None:
    first = """
     Description             Qty    Unit price    Amount
     Cable                     3         15.50     46.50
     Plug                      2         10.00     20.00
                               Carried forward     66.50
"""
    second = """
     Description             Qty    Unit price    Amount
                               Brought forward     66.50
     Switch                    1          8.00      8.00
"""
    third = """
     Socket                    4          5.00     20.00
                               Total               94.50
"""
    assert [line.description for line in lines_of(first, second, third)] == ["Cable", "Plug", "Switch", "Socket"]


def test_a_subtotal_in_the_middle_does_not_end_the_table() -> None:
    lines = lines_of("""
     Description             Qty    Unit price    Amount
     Cable                     3         15.50     46.50
                                    Subtotal       46.50
     Plug                      2         10.00     20.00
                                    Total          66.50
""")
    assert [line.description for line in lines] == ["Cable", "Plug"]


def test_totals_and_the_footer_are_no_lines() -> None:
    lines = lines_of("""
     Description             Qty    Unit price    Amount
     Cable                     3         15.50     46.50
                                    Net            46.50
                                    VAT 20%         9.30
                                    Total          55.80

     Phone 020 7946 0018                     Page 1 of 1
""")
    assert [line.description for line in lines] == ["Cable"]


def test_header_fields_beside_the_table_stay_out_of_it() -> None:
    lines = lines_of("""
     Invoice number:           Description            Qty    Unit price    Amount
     SI00142                   Cable                    3         15.50     46.50
     Due date:                 Plug                     2         10.00     20.00
     15 August 2024            Socket                   4          5.00     20.00
""")
    assert [line.description for line in lines] == ["Cable", "Plug", "Socket"]


def test_values_beside_the_table_stay_out_of_it_though_their_labels_stand_in_other_rows() -> None:
    lines = lines_of("""
                               Description            Qty    Unit price    Amount
     Invoice number
     SI00142                   Cable                    3         15.50     46.50
     Due date
     15 August 2024            Plug                     2         10.00     20.00
     Buyer reference
     CC-650                    Socket                   4          5.00     20.00
""")
    assert [line.description for line in lines] == ["Cable", "Plug", "Socket"]


def test_a_quantity_under_an_unknown_heading_is_told_by_arithmetic() -> None:
    assert seen(
        lines_of("""
     Description             Xyzzy    Unit price    Amount
     Cable                       3         15.50     46.50
     Plug                        2         10.00     20.00
""")
    ) == [("Cable", "3", "46.50"), ("Plug", "2", "20.00")]


def test_a_discount_between_price_and_amount_is_understood() -> None:
    reading = read_layout(
        layout_of("""
     Description             Qty    Unit price    Discount    Amount
     Cable                     4         10.00         25%     30.00
""")
    )
    (line,) = reading.invoice.lines
    assert (line.unit_price, line.net, line.discount) == (Decimal("10.00"), Decimal("30.00"), Decimal("10.00"))
    assert reading.evidence["/lines/0/net"].confidence > 0.9


def test_lines_without_a_heading_are_read_where_their_sums_prove_them() -> None:
    assert seen(
        lines_of("""
     Oak table            2       150.00       300.00
     Chair                4        45.50       182.00
                          Total                482.00
""")
    ) == [("Oak table", "2", "300.00"), ("Chair", "4", "182.00")]


def test_rows_with_amounts_that_prove_nothing_are_no_lines() -> None:
    assert (
        lines_of("""
     Opening hours of the counter      9.00
     Late fee per reminder             5.00
""")
        == ()
    )


def test_what_was_tendered_at_the_till_is_no_line() -> None:
    assert (
        lines_of("""
     Total                17.50
     Tendered in notes    17.50
""")
        == ()
    )


def test_a_quantity_the_recognition_missed_is_computed_and_says_so() -> None:
    page = """
     Description             Qty    Unit price    Amount
     Cable                                8.00      8.00
     Plug                      2         10.00     20.00
"""
    reading = read_layout(layout_of(page, source="ocr"))
    assert reading.invoice.lines[0].quantity == Decimal(1)
    evidence = reading.evidence["/lines/0/quantity"]
    assert evidence.page is None
    assert "computed" in evidence.text
    assert read_layout(layout_of(page)).invoice.lines[0].quantity is None


def test_a_table_of_taxes_is_the_breakdown_and_not_lines() -> None:
    invoice = read_layout(
        layout_of("""
     Description             Qty    Unit price    Amount
     Bread                     1         10.00     10.00
     Lamp                      1         50.00     50.00

     VAT rate       Net amount      VAT amount
     10%            10.00           1.00
     20%            50.00           10.00

                                    Net            60.00
                                    Total VAT      11.00
                                    Total          71.00
""")
    ).invoice
    assert len(invoice.lines) == 2
    assert [(tax.rate, tax.basis, tax.amount) for tax in invoice.taxes] == [
        (Decimal(10), Decimal("10.00"), Decimal("1.00")),
        (Decimal(20), Decimal("50.00"), Decimal("10.00")),
    ]
    assert (invoice.totals.net, invoice.totals.tax, invoice.totals.gross) == (
        Decimal("60.00"),
        Decimal("11.00"),
        Decimal("71.00"),
    )


def test_rows_outside_the_columns_are_lines_where_only_with_them_the_sum_closes() -> None:
    page = """
     Description             Qty    Unit price    Amount
     Cable                     3         15.50     46.50
     Plug                      2         10.00     20.00

     Other                                        Amount
     Loading of the van                            30.00

                                    Net            {net}
                                    VAT 20%        {tax}
                                    Total         {gross}
"""
    closing = lines_of(page.format(net="96.50", tax="19.30", gross="115.80"))
    assert [line.description for line in closing] == ["Cable", "Plug", "Loading of the van"]
    complete = lines_of(page.format(net="66.50", tax="13.30", gross="79.80"))
    assert [line.description for line in complete] == ["Cable", "Plug"]


def test_a_heading_of_several_words_is_one_column() -> None:
    assert seen(
        lines_of("""
     Prodotto o servizio       Quantità     Prezzo     Importo
     Direzione di progetto            5     420,00    2.100,00
     Carta per fotocopie              4       3,92       15,68
""")
    ) == [("Direzione di progetto", "5", "2100.00"), ("Carta per fotocopie", "4", "15.68")]


def test_a_unit_may_be_glued_to_the_quantity() -> None:
    assert seen(
        lines_of("""
     Description             Qty    Unit price    Amount
     Consulting              10h         15.50    155.00
""")
    ) == [("Consulting", "10", "155.00")]


def test_goods_that_could_be_a_charge_stand_among_the_lines() -> None:
    lines = lines_of("""
     Date          Description            Amount
     02.03.2025    Rådgivning           1.900,00
     03.03.2025    Emballage               90,00
     04.03.2025    Montering              210,00

                   Subtotal             2.200,00
""")
    assert [line.description for line in lines] == ["Rådgivning", "Emballage", "Montering"]


def test_wrapped_rows_belong_to_the_lines_of_a_table_without_a_heading() -> None:
    assert seen(
        lines_of("""
     2      Steel bracket           12.50      25.00
            galvanised, M8
     10     Licence fee              3.00      30.00
            for a year

            Subtotal                           55.00
""")
    ) == [("Steel bracket galvanised, M8", "2", "25.00"), ("Licence fee\nfor a year", "10", "30.00")]


def test_without_a_heading_the_price_is_the_factor_that_has_its_cents_in_every_line() -> None:
    lines = lines_of("""
     Steel bracket           12.50      2      25.00
     Licence fee              3.00     10      30.00
     Support                 80.00    1.50    120.00
""")
    assert [(str(line.quantity), str(line.unit_price)) for line in lines] == [
        ("2", "12.50"),
        ("10", "3.00"),
        ("1.50", "80.00"),
    ]


def test_a_second_price_at_the_end_is_the_lines_amount() -> None:
    assert seen(
        lines_of("""
     Description            Quantity      Unit price      Price
     Requirements                 12          160.00    1920.00
""")
    ) == [("Requirements", "12", "1920.00")]


def test_numbers_that_stand_right_of_their_headings_are_still_told_apart() -> None:
    (line,) = lines_of("""
     Description           Qty                  Unit price        Total
     Kitchen sink                           8          90.00     720.00
""")
    assert (line.quantity, line.unit_price) == (Decimal(8), Decimal("90.00"))


def test_a_unit_joined_by_a_space_that_does_not_break_is_no_part_of_the_quantity() -> None:
    (line,) = lines_of("""
     Description            Quantité        Prix unitaire      Montant
     Nougat             5\u00a0Unité(s)              4,10        20,50
""")
    assert (line.quantity, line.unit) == (Decimal(5), "Unité(s)")


def test_a_second_table_counts_where_the_first_ends_in_a_subtotal_only() -> None:
    lines = lines_of(
        """
     Leistung            Stunden      Satz      Betrag
     Planung                  14     20,00      280,00
     Produktion                6     20,00      120,00
     Zwischensumme                              400,00
""",
        """
     Fahrt nach Lutetia                         135,00
     Verladung am Kai                           100,00

     Summe Netto                                635,00
     Umsatzsteuer 19%                           120,65
     Summe Brutto                               755,65
""",
    )
    assert [line.description for line in lines] == ["Planung", "Produktion", "Fahrt nach Lutetia", "Verladung am Kai"]


def test_a_sentence_under_the_table_is_no_line_whatever_number_it_names() -> None:
    assert seen(
        lines_of("""
     Product      Description        Units      Net        VAT        Gross
     10323        MAILBOX              245      3787.70    568.16     4355.86

     Our regulations require that payment is made within 45 days of the date of the invoice
""")
    ) == [("MAILBOX", "245", "3787.70")]


def test_a_digit_misread_as_a_letter_is_repaired_where_the_lines_sum_proves_it() -> None:
    page = """
     Description            Qty      Price      Amount
     Oak table                2     l5O.00      300.00
     Oak chair                4      40.00      16O.00
     Oak shelf                3      10.00      2O.00
"""
    reading = read_layout(layout_of(page, source="ocr"))
    table, chair, *_ = reading.invoice.lines
    assert (table.unit_price, chair.net) == (Decimal("150.00"), Decimal("160.00"))
    assert reading.evidence["/lines/0/unit_price"].text == "l5O.00"
    assert "2 x 150.00 = 300.00" in (reading.evidence["/lines/0/unit_price"].repaired or "")
    assert all(line.net != Decimal("20.00") for line in reading.invoice.lines)


def test_what_a_word_space_parts_is_one_heading() -> None:
    head = [
        ("Name", 31),
        ("Unit", 230),
        ("price", 248),
        ("Qty", 295),
        ("Total", 340),
        ("no", 363),
        ("tax", 375),
        ("Tax", 460),
    ]
    row = [("Cupcakes", 31), ("99", 230), ("876.89", 241), ("2", 300), ("199", 337), ("753.78", 353), ("20%", 460)]
    lines = [
        Line(
            words=tuple(
                Word(text=text, box=Box(x / 600, y, (x + 4.5 * len(text)) / 600, y + 0.01)) for text, x in words
            )
        )
        for y, words in ((0.3, head), (0.33, row))
    ]
    page = Page(number=1, width=600, height=800, source="text", lines=tuple(lines))
    reading = read_layout(Layout(engine=Engine(name="t", version="1"), pages=(page,)))
    assert seen(reading.invoice.lines) == [("Cupcakes", "2", "199753.78")]


def test_charges_behind_a_subtotal_are_no_second_table() -> None:
    lines = lines_of("""
     Description          Qty     Price      Tax        Amount
     Design                 2     85.00       0%        170.00
     Hotel room             1     30.00       0%         30.00
     Subtotal                               0.00        200.00
     Freight costs                10.00      0 %         10.00
     Discount                     -5.00      0 %         -5.00
     Net total                                          205.00
""")
    assert [line.description for line in lines] == ["Design", "Hotel room"]


def test_a_receipt_that_counts_its_goods_under_their_names_is_read() -> None:
    assert seen(
        lines_of("""
     Steel bracket
       2 x 5.00                 10.00
     Licence fee
       1 x 7.50                  7.50

     Total                      17.50
""")
    ) == [("Steel bracket", "2", "10.00"), ("Licence fee", "1", "7.50")]


def test_an_article_number_over_each_name_belongs_to_the_line_under_it() -> None:
    lines = lines_of("""
     Description           Qty      Price      Amount
     ART-1000
     Steel bracket           2       5.00       10.00
     ART-1001
     Licence fee             1       7.50        7.50

     Total                                      17.50
""")
    assert [line.description for line in lines] == ["ART-1000\nSteel bracket", "ART-1001\nLicence fee"]


def test_the_title_of_a_section_is_no_part_of_a_description() -> None:
    lines = lines_of("""
     Description           Qty      Price      Amount
     A. METAL WORK
     Steel bracket           2       5.00       10.00
     B. SOFTWARE
     Licence fee             1       7.50        7.50
     Support hours           1       7.50        7.50
""")
    assert [line.description for line in lines] == ["Steel bracket", "Licence fee", "Support hours"]


def test_totals_side_by_side_under_the_table_are_no_line() -> None:
    reading = read_layout(
        layout_of("""
     Description           Qty      Price      Amount
     Steel bracket           2       5.00       10.00

     Net total           VAT 20%                Total
         10.00              2.00                12.00
""")
    )
    assert len(reading.invoice.lines) == 1
    totals = reading.invoice.totals
    assert [str(value) for value in (totals.net, totals.tax, totals.gross)] == ["10.00", "2.00", "12.00"]


def test_words_between_two_lines_are_not_the_lower_ones_because_titles_stand_over_others() -> None:
    lines = lines_of("""
     Description           Qty      Price      Amount
     Metal work
     Steel bracket           2       5.00       10.00
     galvanised
     Iron bar                1       8.00        8.00

     Subtotal                                   18.00
     Software
     Licence fee             1       7.50        7.50
""")
    assert [line.description for line in lines[1:]] == ["Iron bar", "Licence fee"]


def test_what_stands_under_a_table_does_not_decide_which_column_names_the_goods() -> None:
    assert seen(
        lines_of("""
     Product code      Description        Units      Amount
     10323             MAILBOX              245     3787.70

     Remit payment to Nexgen
     Unit 4 Innovation Drive
     Milton Keynes in England
""")
    ) == [("MAILBOX", "245", "3787.70")]


def test_rows_that_add_nothing_are_no_further_lines() -> None:
    lines = lines_of("""
     Description          Qty     Price       Amount
     Design                 2     85.00       170.00
     Hotel room             1     30.00        30.00
     Subtotal                                 200.00

     VATZ on zero                 100.00        0.00
     VATK on zero                 100.00        0.00
""")
    assert [line.description for line in lines] == ["Design", "Hotel room"]


def test_amounts_of_two_columns_that_touch_are_told_apart() -> None:
    lines = lines_of("""
     Description           Quantity        Price    Total
     Arc reactor                  1    130000.00130000.00
     Assembly                     1        53.33    53.33
""")
    assert [(str(line.unit_price), str(line.net)) for line in lines] == [("130000.00", "130000.00"), ("53.33", "53.33")]


def test_an_amount_that_recognition_parted_is_joined_where_the_total_proves_it() -> None:
    page = """
     Descrizione                    Importo
     Materiale da imballo          2.430,44
     Staffa in acciaio             1.91 1.54

     Imponibile                    {total}
"""
    right = read_layout(layout_of(page.format(total="4.341,98"), source="ocr"))
    assert [str(line.net) for line in right.invoice.lines] == ["2430.44", "1911.54"]
    assert right.evidence["/lines/1/net"].repaired
    wrong = read_layout(layout_of(page.format(total="4.341,99"), source="ocr"))
    assert Decimal("1911.54") not in {line.net for line in wrong.invoice.lines}


def test_a_quantity_under_a_misread_heading_is_told_by_arithmetic_though_lines_have_discounts() -> None:
    lines = lines_of("""
     Lp.    llosc    Nazwa towaru        Cena netto    Rabat %    Wartosc netto
     1         12    Materialy                 0,19          5             2,17
     2        100    Katownik                 71,18          5         6 762,10
""")
    assert [str(line.quantity) for line in lines] == ["12", "100"]
