import json
from typing import Any


def behind(api: Any) -> None:
    api.lag = {
        "topics": [
            {
                "group": "invoiceflow-ocr",
                "topic": "document.uploaded",
                "partitions": 4,
                "committed": 1200,
                "end": 1234,
                "lag": 34,
                "oldest_waiting": "2026-01-17T12:00:00Z",
                "seconds": 61.5,
            }
        ],
        "oldest_waiting": "2026-01-17T12:00:00Z",
        "oldest_unfinished": {
            "id": api.add("slow.pdf"), "filename": "slow.pdf", "status": "processing", "received_at": "2026-01-17T12:00:00Z",
        },
    }  # fmt: skip


def test_lag_tells_for_each_topic_how_much_waits_and_how_long(invoiceflow: Any, api: Any) -> None:
    behind(api)
    result = invoiceflow("lag")
    assert result.exit_code == 0, result.output
    row = next(line for line in result.stdout.splitlines() if "invoiceflow-ocr" in line)
    assert row.split() == ["invoiceflow-ocr", "document.uploaded", "1,200", "1,234", "34", "61.5", "s", "4"]
    assert "slow.pdf (processing, received" in result.stdout


def test_lag_for_scripts_is_the_answer_itself(invoiceflow: Any, api: Any) -> None:
    behind(api)
    assert json.loads(invoiceflow("lag", "--json").stdout) == api.lag


def test_nothing_unfinished_is_said(invoiceflow: Any, api: Any) -> None:
    assert "No document is unfinished." in invoiceflow("lag").stdout
