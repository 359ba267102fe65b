from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_contracts.invoice import Invoice, InvoiceLine
from invoiceflow_evaluation.folding import fold_name
from invoiceflow_evaluation.scoring import Counts, Outcome, line_is_right, score
from invoiceflow_evaluation.truth import Truth, TruthLine, TruthRow


def row(truth: dict[str, object], kind: str = "pdf-text", printed: dict[str, bool] | None = None) -> TruthRow:
    return TruthRow.model_validate(
        {"file": "a.pdf", "kind": kind, "layout": "a", "truth": truth, "printed": printed or {}}
    )


def line(**values: object) -> InvoiceLine:
    return InvoiceLine.model_validate(values)


def outcome(truth: dict[str, object], invoice: dict[str, object], **more: object) -> Outcome:
    (result,) = score(row(truth, **more), Invoice.model_validate(invoice)).fields.values()  # type: ignore[arg-type]
    return result.outcome


@pytest.mark.parametrize(
    ("truth", "invoice", "expected"),
    [
        ({"grand_total": "110"}, {"totals": {"gross": "110.00"}}, Outcome.CORRECT),
        ({"grand_total": "110.00"}, {"totals": {"gross": "110.01"}}, Outcome.WRONG),
        ({"grand_total": "110.00"}, {}, Outcome.MISSING),
        ({"issue_date": "2024-02-01"}, {"issue_date": "2024-02-01"}, Outcome.CORRECT),
        ({"issue_date": "2024-02-01"}, {"issue_date": "2024-01-02"}, Outcome.WRONG),
        ({"invoice_number": None}, {"number": "1245"}, Outcome.SPURIOUS),
        ({"invoice_number": None}, {}, Outcome.ABSENT),
        ({"invoice_number": "RE 2024-1"}, {"number": "re2024-1"}, Outcome.CORRECT),
        ({"invoice_number": "RE 2024-1"}, {"number": "RE 20241"}, Outcome.WRONG),
        ({"seller_name": "CONTOSO, LTD."}, {"seller": {"name": "Contoso Limited"}}, Outcome.CORRECT),
        ({"seller_name": "Contoso"}, {"seller": {"name": ""}}, Outcome.MISSING),
        ({"seller_vat_id": "DE 123 456 789"}, {"seller": {"vat_id": "DE123456789"}}, Outcome.CORRECT),
        ({"currency": "EUR"}, {"currency": "EUR"}, Outcome.CORRECT),
        ({"order_reference": "PO-1"}, {"purchase_order": "PO-1"}, Outcome.CORRECT),
        ({"line_total": "1"}, {"totals": {"lines_net": "1"}}, Outcome.CORRECT),
        ({"tax_basis_total": "1"}, {"totals": {"net": "1"}}, Outcome.CORRECT),
        ({"tax_total": "0"}, {"totals": {"tax": "0.00"}}, Outcome.CORRECT),
        ({"due_payable": "-5"}, {"totals": {"payable": "-5.00"}}, Outcome.CORRECT),
        ({"due_payable": "see below"}, {"totals": {"payable": "5"}}, Outcome.WRONG),
        ({"type_code": "381"}, {"type": "credit_note"}, Outcome.CORRECT),
        (
            {"tax_breakdown": [{"rate": "7.00", "basis": "9", "tax": "0.63"}]},
            {"taxes": [{"rate": "7", "basis": "9.00", "amount": "0.63"}]},
            Outcome.CORRECT,
        ),
    ],
)
def test_a_field_is_judged_by_its_meaning(
    truth: dict[str, object], invoice: dict[str, object], expected: Outcome
) -> None:
    assert outcome(truth, invoice) is expected


def test_a_wrong_value_costs_precision_and_a_missing_one_only_recall() -> None:
    labels = row({"invoice_number": "1", "currency": "EUR", "issue_date": "2024-01-01"})
    header = score(labels, Invoice(number="2", currency="EUR")).header
    assert header == Counts(correct=1, given=2, expected=3)
    assert header.precision == 0.5
    assert header.recall == pytest.approx(1 / 3)
    assert header.f1 == pytest.approx(2 / 5)


def test_what_is_not_printed_counts_only_in_xml() -> None:
    truth: dict[str, object] = {"currency": "EUR"}
    assert not score(row(truth, printed={"currency": False}), Invoice()).fields
    assert score(row(truth, "image", {"currency": False}), Invoice()).fields == {}
    assert "currency" in score(row(truth, "xml-cii", {"currency": False}), Invoice()).fields


def test_what_is_not_labelled_is_not_judged() -> None:
    result = score(row({"currency": "EUR"}), Invoice(currency="EUR", number="7", lines=(line(net="1"),)))
    assert set(result.fields) == {"currency"}
    assert result.lines is None
    assert result.all_right


def test_a_failed_document_misses_everything() -> None:
    result = score(row({"type_code": "380", "currency": "EUR", "lines": [{"line_total": "1"}]}), None)
    assert {field.outcome for field in result.fields.values()} == {Outcome.MISSING}
    assert result.lines == Counts(expected=1)
    assert not result.all_right


@pytest.mark.parametrize(
    ("expected", "given_line", "right"),
    [
        ({"description": "Steel rod(s)", "quantity": "2.00", "line_total": "50.00"},
         {"description": "STEEL ROD S", "quantity": "2", "net": "50"}, True),
        ({"description": "Chair", "quantity": "2", "line_total": "50"}, {"description": "Chair", "net": "50"}, False),
        ({"description": "Chair", "quantity": None, "line_total": "50"}, {"description": "Chair", "net": "50"}, True),
        ({"description": "Chair", "line_total": "50"}, {"description": "Chair", "quantity": "7", "net": "50"}, True),
        ({"description": "Chair", "line_total": "50"}, {"description": "Chair", "net": "51"}, False),
        ({"description": "Chair", "line_total": "50"}, {"description": "Table", "net": "50"}, False),
        ({"description": "Chair", "line_total": "50"}, {"description": "Chain", "net": "50"}, True),
        ({"description": "Office chair", "line_total": "50"}, {"description": "Office table", "net": "50"}, False),
        ({"description": "Office chair", "line_total": "50"},
         {"description": "Office chair\nwith arm rests, grey, five castors", "net": "50"}, True),
        ({"description": "Office chair", "line_total": "50"}, {"net": "50"}, False),
        ({"line_total": "50"}, {"net": "50.00"}, True),
    ],
)  # fmt: skip
def test_a_line_is_right_when_quantity_net_and_description_are(
    expected: dict[str, str | None], given_line: dict[str, str], *, right: bool
) -> None:
    assert line_is_right(TruthLine.model_validate(expected), line(**given_line)) is right


def test_lines_are_matched_one_to_one_in_any_order() -> None:
    labels = [{"description": "Training", "line_total": "5"}] * 2 + [{"description": "Travel", "line_total": "9"}]
    given_lines = tuple(line(description=text, net=net) for text, net in [("Travel", 9), ("Training", 5), ("Noise", 1)])
    result = score(row({"lines": labels}), Invoice(lines=given_lines))
    assert result.lines == Counts(correct=2, given=3, expected=3)
    assert [label.description for label in result.unmatched_lines] == ["Training"]
    assert [surplus.description for surplus in result.surplus_lines] == ["Noise"]


def test_an_ambiguous_line_does_not_take_another_lines_place() -> None:
    # The first label fits both lines, the second only the first of them.
    labels = [{"line_total": "5"}, {"line_total": "5", "description": "Training"}]
    given_lines = (line(description="Training", net=5), line(description="Other", net=5))
    assert score(row({"lines": labels}), Invoice(lines=given_lines)).lines == Counts(2, 2, 2)


amounts = st.decimals(min_value=0, max_value=10**9, places=2)
lines = st.lists(
    st.fixed_dictionaries({"description": st.text("abc def", min_size=1), "quantity": amounts, "net": amounts}),
    min_size=1,
    max_size=8,
)


@given(lines, st.randoms())
def test_the_document_itself_scores_full_marks_in_any_line_order(
    given_lines: list[dict[str, object]], random: object
) -> None:
    shuffled = list(given_lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    labels = [
        {"description": one["description"], "quantity": str(one["quantity"]), "line_total": str(one["net"])}
        for one in given_lines
    ]
    result = score(row({"lines": labels}), Invoice(lines=tuple(line(**one) for one in shuffled)))
    assert result.lines == Counts(len(labels), len(labels), len(labels))


@given(amounts, st.integers(0, 4))
def test_trailing_zeros_do_not_matter(amount: Decimal, zeros: int) -> None:
    truth: dict[str, object] = {"grand_total": f"{amount}{'0' * zeros}"}
    assert outcome(truth, {"totals": {"gross": amount}}) is Outcome.CORRECT


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Contoso, Ltd.", "CONTOSO LTD"),
        ("Müller & Söhne GmbH & Co. KG", "MÜLLER & SÖHNE"),
        ("ACME s.r.o.", "Acme"),
        ("ACME Sp. z o.o.", "ACME SP.ZO.O."),
        ("SARL Dupont", "Dupont S.A.R.L."),
        ("Wood Pty. Ltd.", "WOOD PTY LTD"),
        ("Blue Sky", "BlueSky"),
        ("Ferrari S.p.A.", "FERRARI"),
    ],
)
def test_names_differ_neither_by_case_nor_by_legal_form(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@pytest.mark.parametrize(("one", "other"), [("Contoso", "Fabrikam"), ("AG", "SE"), ("Asa Ltd", "Lisa Ltd"), ("Co", "")])
def test_different_names_stay_different(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)


def test_a_null_label_is_a_label() -> None:
    assert "invoice_number" in Truth.model_validate({"invoice_number": None}).model_fields_set
