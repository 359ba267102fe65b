import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from invoiceflow_standalone.cli.client import Client
from invoiceflow_standalone.cli.errors import UnreachableError
from invoiceflow_standalone.cli.sending import UPLOADS, Batch, send_files


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for number in range(5):
        (tmp_path / f"{number}.pdf").write_bytes(f"document {number}".encode())
    return tmp_path


@pytest.fixture
def batch(files: Path) -> Batch:
    return Batch(sorted(files.iterdir()))


def lines(result: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_sending_prints_what_was_extracted_in_the_order_of_the_files(invoiceflow: Any, files: Path) -> None:
    result = invoiceflow("send", files)
    assert result.exit_code == 0, result.output
    rows = [line for line in result.stdout.splitlines() if "Acme GmbH" in line]
    assert [row.split()[0] for row in rows] == [f"{number}.pdf" for number in range(5)]
    for expected in ("N-0", "2026-01-17", "1,000.00", "190.00", "1,190.00", "EUR"):
        assert expected in rows[0]
    assert ": 5 extracted." in result.stderr


def test_scripts_get_a_json_object_a_line(invoiceflow: Any, files: Path) -> None:
    rows = lines(invoiceflow("send", "--json", files / "3.pdf", files / "1.pdf"))
    assert [Path(row["file"]).name for row in rows] == ["3.pdf", "1.pdf"]
    assert rows[0]["outcome"] == "extracted"
    assert rows[0]["invoice"]["totals"]["gross"] == "1190.00"


def test_many_files_keep_their_order(invoiceflow: Any, tmp_path: Path) -> None:
    for number in range(121):
        (tmp_path / f"{number:03}.pdf").write_bytes(str(number).encode())
    rows = lines(invoiceflow("send", "--json", tmp_path))
    assert [row["invoice"]["number"] for row in rows] == [f"N-{number:03}" for number in range(121)]


def test_the_same_bytes_again_are_known_and_all_is_well(invoiceflow: Any, files: Path) -> None:
    invoiceflow("send", files)
    result = invoiceflow("send", "--json", files)
    assert result.exit_code == 0
    assert {row["outcome"] for row in lines(result)} == {"known"}


def test_low_confidence_and_findings_are_named(invoiceflow: Any, api: Any, files: Path) -> None:
    api.invoices["0.pdf"] = {
        "needs_review": True,
        "evidence": {
            "/totals/net": {"method": "local", "text": "1.000,00", "confidence": 0.3},
            "/number": {"method": "local", "text": "N-0", "confidence": 0.99},
        },
        "findings": [
            {"rule": "IF-9", "severity": "info", "message": "Worth knowing."},
            {"rule": "BR-CO-15", "severity": "error", "message": "The sums do not close."},
        ],
    }
    result = invoiceflow("send", files / "0.pdf")
    row = next(line for line in result.stdout.splitlines() if "0.pdf" in line)
    assert "totals.net" in row
    assert "number" not in row
    assert "BR-CO-15, IF-9" in row
    assert "1 to review" in result.stderr


def test_a_document_that_fails_says_why_and_the_exit_code_tells(invoiceflow: Any, api: Any, files: Path) -> None:
    api.scripts["1.pdf"] = [
        {"status": "failed", "stage": "ocr", "error": {"code": "pdf_encrypted", "message": "Remove the password."}}
    ]
    result = invoiceflow("send", files)
    assert result.exit_code == 1
    assert "1.pdf: pdf_encrypted. Remove the password." in result.stdout
    assert ": 4 extracted, 1 failed." in result.stderr


def test_a_file_that_is_refused_does_not_stop_the_others(invoiceflow: Any, api: Any, files: Path) -> None:
    api.refuse["2.pdf"] = (415, "unsupported_media_type", "Send a PDF.")
    result = invoiceflow("send", "--json", files)
    assert result.exit_code == 1
    assert [row["outcome"] for row in lines(result)] == ["extracted"] * 2 + ["refused"] + ["extracted"] * 2
    assert lines(result)[2]["error"] == {"code": "unsupported_media_type", "detail": "Send a PDF."}


def test_a_busy_server_is_asked_again(invoiceflow: Any, api: Any, files: Path) -> None:
    api.refuse["2.pdf"] = (503, "broker_unavailable", "Try again.")

    def relent() -> None:
        if api.uploads.count("2.pdf"):
            api.refuse.clear()

    api.on_upload = relent
    result = invoiceflow("send", files / "2.pdf")
    assert result.exit_code == 0, result.output
    assert api.uploads == ["2.pdf", "2.pdf"]


def test_a_broken_event_stream_is_taken_up_after_the_last_event(invoiceflow: Any, api: Any, files: Path) -> None:
    api.break_streams = 2
    result = invoiceflow("send", files / "0.pdf")
    assert result.exit_code == 0, result.output
    assert api.resumed_from[0] == "1"


def test_without_event_streams_the_state_is_asked_for(invoiceflow: Any, api: Any, files: Path) -> None:
    api.no_streams = True
    assert invoiceflow("send", files / "0.pdf").exit_code == 0


def test_a_document_the_read_model_has_not_heard_of_yet_is_waited_for(invoiceflow: Any, api: Any, files: Path) -> None:
    api.unknown_reads = 2
    assert invoiceflow("send", files / "0.pdf").exit_code == 0


def test_what_is_not_done_in_time_is_unfinished_with_the_next_step(invoiceflow: Any, api: Any, files: Path) -> None:
    api.script = [{"status": "processing", "stage": "ocr", "pages_done": 1, "pages_total": 9}]
    result = invoiceflow("send", "--timeout", "0.5", files / "0.pdf")
    assert result.exit_code == 1
    assert "invoiceflow status" in result.stdout


def test_not_waiting_ends_when_everything_is_accepted(invoiceflow: Any, api: Any, files: Path) -> None:
    api.script = [{"status": "processing", "stage": "ocr"}]
    result = invoiceflow("send", "--no-wait", "--json", files)
    assert result.exit_code == 0
    assert {row["outcome"] for row in lines(result)} == {"sent"}


def test_uploads_are_bounded(invoiceflow: Any, api: Any, tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number:02}.pdf").write_bytes(str(number).encode())
    invoiceflow("send", "--no-wait", tmp_path)
    assert len(api.uploads) == 40
    assert 1 <= api.most_in_flight <= UPLOADS


async def test_a_server_that_goes_away_for_good_leaves_the_rest_unfinished(batch: Batch) -> None:
    async with Client("http://127.0.0.1:1") as client:
        with pytest.raises(UnreachableError, match="make run"):
            await send_files(client, batch, lambda _: None, patience=0.3)
    assert {shipment.outcome for shipment in batch.shipments} == {"unfinished"}


async def test_a_server_that_stays_busy_is_not_waited_for_without_end(api: Any, batch: Batch) -> None:
    api.refuse = {f"{number}.pdf": (503, "broker_unavailable", "Try again in a moment.") for number in range(5)}
    async with Client(api.url) as client:
        await send_files(client, batch, lambda _: None, patience=0.3)
    assert {(each.outcome, each.problem and each.problem.code) for each in batch.shipments} == {
        ("refused", "broker_unavailable")
    }


async def test_a_file_that_cannot_be_read_is_its_own_failure(api: Any, files: Path) -> None:
    batch = Batch([files / "0.pdf", files / "gone.pdf"])
    async with Client(api.url) as client:
        await send_files(client, batch, lambda _: None)
    assert [shipment.outcome for shipment in batch.shipments] == ["extracted", "refused"]
    problem = batch.shipments[1].problem
    assert problem is not None
    assert problem.code == "file_unreadable"


def test_ctrl_c_says_that_the_work_goes_on(api: Any, files: Path) -> None:
    api.script = [{"status": "processing", "stage": "ocr"}]
    command = [sys.executable, "-c", "from invoiceflow_standalone.cli import main; main()", "send", str(files)]
    process = subprocess.Popen(
        [*command, "--url", api.url],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A run in the background ignores ctrl-C, and children inherit that; a person's terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    deadline = time.monotonic() + 30
    while len(api.uploads) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "processed all the same" in err
    assert "unfinished" in out


def test_without_a_server_the_sentence_says_how_to_start_it(invoiceflow: Any, files: Path) -> None:
    result = invoiceflow("send", files, "--url", "http://127.0.0.1:1")
    assert result.exit_code == 2
    assert "Start the server with `make run`" in result.stderr
    assert "Traceback" not in result.output


def test_a_missing_key_is_asked_for_before_anything_is_sent(invoiceflow: Any, api: Any, files: Path) -> None:
    api.key = "secret"
    result = invoiceflow("send", files)
    assert result.exit_code == 2
    assert "--api-key" in result.stderr
    assert api.uploads == []
    assert invoiceflow("send", files, "--api-key", "secret").exit_code == 0


def test_a_hostile_name_in_a_document_does_nothing_to_the_terminal(invoiceflow: Any, api: Any, files: Path) -> None:
    api.invoices["0.pdf"] = {"invoice": {"number": "[bold]1[/]", "seller": {"name": "\x1b[2JAcme"}}}
    result = invoiceflow("send", files / "0.pdf")
    assert "[bold]1[/]" in result.stdout
    assert "\x1b[2J" not in result.stdout
