"""Names of files that may be shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_ingest.filenames import clean_filename


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("/var/spool/invoice.pdf", "invoice.pdf"),
        ("C:\\Users\\me\\invoice.pdf", "invoice.pdf"),
        ("a/b\\c.pdf", "c.pdf"),
        ("in\0vo\x1bi\r\nce.pdf", "invoi ce.pdf"),
        ("  two   words .pdf ", "two words .pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("zero\u200bwidth.pdf", "zerowidth.pdf"),
        ("cafe\u0301.pdf", "café.pdf"),
        ("請求書 2024.pdf", "請求書 2024.pdf"),
        ("", "document"),
        ("..", "document"),
        ("folder/", "document"),
        ("\n\t", "document"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("x" * 300, "x" * 255),
        ("." + "x" * 300, "." + "x" * 254),
    ],
)
def test_what_becomes_of_a_name(raw: str, clean: str) -> None:
    assert clean_filename(raw) == clean


@given(st.text())
def test_any_name_becomes_one_that_is_safe_to_show(raw: str) -> None:
    name = clean_filename(raw)

    assert 1 <= len(name) <= 255
    assert not set(name) & {"/", "\\"}
    assert not any(unicodedata.category(character).startswith("C") for character in name)
    assert name not in {".", ".."}
    assert clean_filename(name) == name
