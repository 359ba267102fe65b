"""The reference says what the code does."""

import re

import pytest
from reference_pages import BlockError, outdated
from reference_pages.blocks import block_names, filled, table
from reference_pages.error_codes import error_codes
from reference_pages.project import ROOT, markdown_files
from reference_pages.settings import settings_blocks, superfluous_meanings, variable_names

ERRORS = ROOT / "docs/reference/errors.md"
CLIENT_AND_TEST_VARIABLES = {
    "INVOICEFLOW_URL",
    "INVOICEFLOW_API_KEY",
    "INVOICEFLOW_REQUIRE_ENGINE",
    "INVOICEFLOW_E2E_URL",
    "INVOICEFLOW_E2E_API_KEY",
    "INVOICEFLOW_REQUIRE_CLUSTER",
    "INVOICEFLOW_REQUIRE_HELM",
    "INVOICEFLOW_REQUIRE_KEDA",
    "INVOICEFLOW_CLUSTER_KEEP",
    "INVOICEFLOW_CLUSTER_OUTSIDE",
}


def test_what_is_made_from_the_code_is_up_to_date() -> None:
    assert outdated() == []


def test_every_error_code_is_documented_and_none_that_no_longer_exists() -> None:
    places: dict[str, list[str]] = {}
    for code, place in error_codes():
        places.setdefault(code, []).append(place)
    documented = re.findall(r"^\| `([a-z0-9_]+)` \|", ERRORS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(documented) == sorted(set(documented)), "a code is documented twice"
    assert {code: where for code, where in places.items() if code not in documented} == {}, "not documented"
    assert sorted(set(documented) - places.keys()) == [], "documented, and nowhere in the code"


def test_codes_are_found_in_whatever_form_they_are_given() -> None:
    codes = {code for code, _ in error_codes()}
    assert {
        "empty_file",  # an error class that gives it to its base
        "pdf_encrypted",  # an argument
        "invalid_cursor",  # the second argument of a problem
        "time_limit",  # what becomes of an error that is not ours
        "method_not_allowed",  # chosen from a table
        "not_json",  # a reason not to decode
    } <= codes


def test_every_setting_has_a_meaning() -> None:
    empty = [row for text in settings_blocks().values() for row in text.splitlines() if row.rstrip().endswith("|  |")]
    assert empty == []


def test_no_meaning_is_given_here_that_the_settings_give_themselves() -> None:
    assert superfluous_meanings() == set()


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    known = variable_names() | CLIENT_AND_TEST_VARIABLES
    unknown = [
        (path.name, name)
        for path in markdown_files()
        for name in re.findall(r"\bINVOICEFLOW_[A-Z0-9_]*[A-Z0-9]\b(?![_*<]*[*<])", path.read_text(encoding="utf-8"))
        if name not in known
    ]
    assert unknown == []


def test_a_block_is_replaced_and_what_is_around_it_stays() -> None:
    page = "before\n<!-- made: one -->\nold\n<!-- end: one -->\nafter\n"
    made = filled(page, {"one": "new\n"})
    assert made == "before\n<!-- made: one -->\n\nnew\n\n<!-- end: one -->\nafter\n"
    assert filled(made, {"one": "new\n"}) == made


@pytest.mark.parametrize(
    "page", ["<!-- made: one -->\nno end", "<!-- end: one -->\n", "<!-- made: a -->\n<!-- end: b -->"]
)
def test_a_mark_without_its_counterpart_is_refused(page: str) -> None:
    with pytest.raises(BlockError):
        block_names(page)


def test_a_block_that_nothing_makes_is_refused() -> None:
    with pytest.raises(BlockError, match="two"):
        filled("<!-- made: two -->\n<!-- end: two -->\n", {"one": ""})


def test_a_cell_cannot_break_its_table() -> None:
    assert table(("a",), [("x | y\nz",)]).splitlines()[2] == "| x \\| y z |"
