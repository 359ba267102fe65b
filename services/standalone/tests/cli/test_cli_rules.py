import json
from typing import Any


def test_every_rule_is_listed_with_its_severity(invoiceflow: Any) -> None:
    listed = json.loads(invoiceflow("rules", "--json").stdout)
    assert {"id": "BR-16", "severity": "error", "title": "An invoice has at least one line (BG-25)"} in listed


def test_rules_are_chosen_by_how_they_begin(invoiceflow: Any) -> None:
    result = invoiceflow("rules", "if-row")
    assert result.exit_code == 0
    assert "IF-ROWS-UNREAD" in result.stdout
    assert "BR-16" not in result.stdout


def test_a_rule_that_does_not_exist_is_said(invoiceflow: Any) -> None:
    result = invoiceflow("rules", "XX")
    assert result.exit_code != 0
    assert "No rule's identifier begins with 'XX'" in result.output + getattr(result, "stderr", "")
