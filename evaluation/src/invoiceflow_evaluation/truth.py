"""Labelled documents: a folder with ``truth.jsonl``, a row per document."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

__all__ = ["TaxTruth", "Truth", "TruthError", "TruthLine", "TruthRow", "load"]


class TruthError(Exception):
    """The folder is not a folder of labelled documents; the message says what is wrong with it."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class TruthLine(_Frozen):
    """What a line of the invoice says; ``None`` or absent: not printed."""

    description: str | None = None
    quantity: str | None = None
    unit_price: str | None = None
    line_total: str | None = None
    tax_rate: str | None = None


class TaxTruth(_Frozen):
    """A row of the tax breakdown."""

    rate: str | None = None
    basis: str | None = None
    tax: str | None = None


class Truth(_Frozen):
    """What a document says. A name that is absent was not labelled; one that is null is known not to stand there.

    Amounts are decimal strings, dates ISO 8601.
    """

    invoice_number: str | None = None
    issue_date: str | None = None
    due_date: str | None = None
    seller_name: str | None = None
    seller_vat_id: str | None = None
    seller_country: str | None = None
    buyer_name: str | None = None
    buyer_vat_id: str | None = None
    buyer_country: str | None = None
    currency: str | None = None
    order_reference: str | None = None
    buyer_reference: str | None = None
    type_code: str | None = None
    iban: str | None = None
    payment_reference: str | None = None
    line_total: str | None = None
    allowance_total: str | None = None
    charge_total: str | None = None
    tax_basis_total: str | None = None
    tax_total: str | None = None
    grand_total: str | None = None
    prepaid: str | None = None
    due_payable: str | None = None
    tax_breakdown: tuple[TaxTruth, ...] | None = None
    lines: tuple[TruthLine, ...] | None = None


class TruthRow(_Frozen):
    """A document and what it says."""

    file: str = Field(min_length=1, description="Path under the folder.")
    kind: str = Field(
        pattern=r"^[a-z][a-z0-9-]*$", description="pdf-text, pdf-scan, image, xml-cii, xml-ubl, office or another lane."
    )
    language: str = "und"
    layout: str = Field(default="", description="Documents that share a template; the file itself where none is named.")
    truth: Truth
    printed: dict[str, bool | None] = Field(
        default_factory=dict, description="Whether the value stands on the page; absent: it does."
    )
    note: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _own_layout(cls, data: object) -> object:
        if isinstance(data, dict) and not data.get("layout"):
            return {**data, "layout": data.get("file", "")}
        return data

    def counts(self, name: str) -> bool:
        """Whether the field is labelled and, unless the document is XML, stands on the page."""
        labelled = name in self.truth.model_fields_set
        return labelled and (self.kind.startswith("xml") or self.printed.get(name) is not False)


def load(folder: Path) -> list[TruthRow]:
    """Return the rows of ``folder/truth.jsonl`` in their order.

    Raises:
        TruthError: there is no such file, a row is not valid, or a document is missing.
    """
    path = folder / "truth.jsonl"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TruthError(
            f"{path} cannot be read ({error.strerror}). Give a folder that holds a truth.jsonl."
        ) from error
    rows: list[TruthRow] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = TruthRow.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise TruthError(f"{path}, line {number}: {where}: {first['msg']}") from error
        if not (folder / row.file).is_file():
            raise TruthError(f"{path}, line {number}: there is no file {row.file!r} in the folder.")
        rows.append(row)
    if not rows:
        raise TruthError(f"{path} has no rows.")
    return rows
