"""The read model of the running stack made anew, while it is asked and written."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest

from invoiceflow_samples import Kind, generate

pytestmark = [pytest.mark.engine, pytest.mark.slow]

END_SECONDS, REBUILD_SECONDS = 240, 300
"""Patience, not a measure."""


def send(stack: Any, seed: int) -> str:
    (sample,) = islice(generate(seed=seed, count=1, kinds=[Kind.XML_UBL]), 1)
    with stack.http() as http:
        answer = http.post("/v1/documents", files={"file": (sample.name, sample.data)})
        document: str = answer.json()["documents"][0]["document_id"]
    return document


def extracted(stack: Any, document: str) -> dict[str, Any]:
    deadline = time.monotonic() + END_SECONDS
    with stack.http() as http:
        while (answer := http.get(f"/v1/invoices/{document}")).status_code != 200:
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)
        invoice: dict[str, Any] = answer.json()
    return invoice


@contextmanager
def asking(stack: Any, document: str) -> Iterator[list[int]]:
    """Ask for an invoice again and again for as long as the block lasts; give the answers' status codes."""
    done, answers = threading.Event(), list[int]()

    def ask() -> None:
        with stack.http() as http:
            while not done.wait(0.05):
                answers.append(http.get(f"/v1/invoices/{document}").status_code)

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield answers
    finally:
        done.set()
        asker.join()


@pytest.mark.parametrize("source", ["both", "stored", "topics"])
def test_the_read_model_is_made_anew_while_it_is_asked_and_written(stack: Any, source: str) -> None:
    seed = {"both": 101, "stored": 103, "topics": 105}[source]
    first = send(stack, seed)
    before = extracted(stack, first)
    with asking(stack, first) as answers:
        rebuilding = threading.Thread(
            target=lambda: ended.append(
                stack.compose("run", "--rm", "rebuild", "rebuild", "--from", source, seconds=REBUILD_SECONDS)
            )
        )
        ended: list[Any] = []
        rebuilding.start()
        meanwhile = send(stack, seed + 1)
        extracted(stack, meanwhile)
        rebuilding.join()
    (rebuilt,) = ended
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "Going live" in rebuilt.stderr
    assert set(answers) == {200}
    assert extracted(stack, first) == before
    assert extracted(stack, meanwhile)["id"] == meanwhile
