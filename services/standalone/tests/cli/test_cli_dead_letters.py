import json
from typing import Any

import pytest


def test_open_letters_are_listed_with_their_reason(invoiceflow: Any, api: Any) -> None:
    row = api.letter("a")
    api.letter("b", state="redriven")
    result = invoiceflow("dead-letters", "list")
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stdout.splitlines() if row["id"][:8] in line]
    for expected in (
        "open",
        "document.uploaded",
        "invoiceflow-ocr",
        "schema_violation",
        "2026-01-17 12:00:00",
        "1,234",
    ):
        assert expected in line
    assert "redriven" not in result.stdout


def test_filters_are_passed_on_and_scripts_get_a_letter_a_line(invoiceflow: Any, api: Any) -> None:
    rows = [api.letter("a"), api.letter("b", code="not_json")]
    arguments = ("--topic", "document.uploaded", "--document", "4711", "--state", "all", "--json")
    result = invoiceflow("dead-letters", "list", *arguments)
    assert [json.loads(line) for line in result.stdout.splitlines()] == rows
    query = api.queries[-1]
    assert (query["topic"], query["document_id"], query["state"]) == ("document.uploaded", "4711", "all")


def test_that_nothing_was_given_up_is_said(invoiceflow: Any) -> None:
    assert "Nothing was given up." in invoiceflow("dead-letters", "list").stderr
    assert "There is no such dead letter." in invoiceflow("dead-letters", "list", "--code", "not_json").stderr


def test_a_letter_is_shown_by_the_beginning_of_its_id(invoiceflow: Any, api: Any) -> None:
    row = api.letter("a", state="redriven")
    result = invoiceflow("dead-letters", "show", row["id"][:8])
    assert result.exit_code == 0, result.output
    for expected in (
        "document.uploaded 1-42",
        "schema_violation. A field is missing.",
        "4711",
        "base64: /w==",
        "1,234",
    ):
        assert expected in result.stdout
    assert json.loads(invoiceflow("dead-letters", "show", row["id"], "--json").stdout)["body"] == {"text": "{}"}


def test_an_id_that_none_or_several_have_is_said(invoiceflow: Any, api: Any) -> None:
    api.letter("a")
    missing = invoiceflow("dead-letters", "show", "zzz")
    assert (missing.exit_code, "no dead letter" in missing.stderr) == (1, True)
    api.letter("b")
    several = invoiceflow("dead-letters", "show", "")
    assert (several.exit_code, "2 dead letters" in several.stderr) == (2, True)


def test_a_single_letter_is_redriven_without_a_question(invoiceflow: Any, api: Any) -> None:
    row, _ = api.letter("a"), api.letter("b")
    result = invoiceflow("dead-letters", "redrive", row["id"][:8])
    assert result.exit_code == 0, result.output
    assert api.redriven == [row["id"]]
    assert "Redrove 1 of 1." in result.stderr


def test_several_letters_are_redriven_only_when_that_is_confirmed(invoiceflow: Any, api: Any) -> None:
    rows = [api.letter(str(number)) for number in range(230)]
    api.letter("done", state="redriven")
    api.letter("other", code="not_json")
    refused = invoiceflow("dead-letters", "redrive", "--code", "schema_violation")
    assert (refused.exit_code, api.redriven) == (2, [])
    result = invoiceflow("dead-letters", "redrive", "--code", "schema_violation", "--yes", "--json")
    assert result.exit_code == 0, result.output
    assert api.redriven == [row["id"] for row in rows]
    assert len(result.stdout.splitlines()) == 230


@pytest.mark.parametrize("count", [0, 2])
def test_a_dry_run_redrives_nothing(invoiceflow: Any, api: Any, count: int) -> None:
    for number in range(count):
        api.letter(str(number))
    result = invoiceflow("dead-letters", "redrive", "--topic", "document.uploaded", "--dry-run")
    assert (result.exit_code, api.redriven) == (0, [])
    assert ("2 would be redriven." if count else "No open dead letter fits.") in result.stderr


def test_a_redrive_that_does_not_say_of_what_is_refused(invoiceflow: Any) -> None:
    result = invoiceflow("dead-letters", "redrive")
    assert (result.exit_code, "Say which" in result.stderr) == (2, True)
