"""The standalone process: starting, stopping, dying."""

import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from invoiceflow_samples import Kind, Sample

pytestmark = pytest.mark.slow

Samples = Callable[..., list[Sample]]


def test_what_was_under_way_at_a_kill_ends_after_the_next_start_and_nothing_twice(
    standalone: Any, samples: Samples
) -> None:
    # The scans come last: reading one takes longer than taking all of them in.
    sent = samples(Kind.PDF_TEXT, Kind.XML_UBL, count=6, seed=41) + samples(Kind.PDF_SCAN, count=6, seed=42)
    server = standalone()
    server.start()
    accepted = server.upload(*sent)
    ended = [row for row in server.all("/v1/documents") if row["status"] in {"extracted", "failed"}]
    assert len(ended) < len(accepted)
    server.kill()
    server.start()
    ends = [server.end_of(each["document_id"]) for each in accepted]
    assert {end["status"] for end in ends} == {"extracted"}
    listed = Counter(row["id"] for row in server.all("/v1/invoices"))
    assert listed == Counter(each["document_id"] for each in accepted)


def test_data_survives_a_restart(standalone: Any, samples: Samples) -> None:
    server = standalone()
    server.start()
    (accepted,) = server.upload(*samples(Kind.XML_UBL, count=1, seed=42))
    before = server.end_of(accepted["document_id"]), server.invoice(accepted["document_id"])
    assert server.stop() in {0, -signal.SIGTERM}
    server.start()
    assert (server.end_of(accepted["document_id"]), server.invoice(accepted["document_id"])) == before
    assert server.http.get(f"/v1/documents/{accepted['document_id']}/file").status_code == 200


def test_ctrl_c_ends_it_well_while_someone_is_watching(standalone: Any, samples: Samples) -> None:
    server = standalone()
    server.start()
    sent = samples(Kind.PDF_SCAN, count=2, seed=43)
    accepted = server.upload(*sent)
    with server.http.stream("GET", f"/v1/documents/{accepted[-1]['document_id']}/events"):
        assert server.stop(signal.SIGINT) == 0
    assert "Traceback" not in server.log


def test_without_api_keys_it_listens_to_this_machine_only(standalone: Any) -> None:
    server = standalone(INVOICEFLOW_HOST="0.0.0.0")
    assert server.launch().wait(60) == 2
    assert "INVOICEFLOW_API_KEYS" in server.log
    assert "Traceback" not in server.log


def test_a_data_directory_is_one_process_own(standalone: Any) -> None:
    standalone().start()
    second = standalone()
    assert second.launch().wait(60) == 2
    assert "Another Invoiceflow" in second.log
    assert "INVOICEFLOW_DATA_DIR" in second.log


def test_a_port_that_is_taken_is_a_sentence(standalone: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = standalone()
    first.start()
    other = standalone(
        INVOICEFLOW_PORT=first.url.rpartition(":")[2],
        INVOICEFLOW_DATA_DIR=str(tmp_path_factory.mktemp("other")),
    )
    assert other.launch().wait(60) == 2
    assert "INVOICEFLOW_PORT" in other.log
