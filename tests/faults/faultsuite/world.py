"""A stack with what the oracle has seen of it."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import httpx
from minio.error import S3Error

from faultsuite.documents import Document
from faultsuite.load import Receipts, Upstream
from faultsuite.oracle import Container, DocumentHistory, History, Look
from faultsuite.stack import FaultStack
from faultsuite.topics import TopicReader, readers_of
from invoiceflow_contracts.identity import DEFAULT_TENANT

__all__ = ["ORIGINALS", "World"]

ORIGINALS = "invoiceflow-originals"


class World:
    """A stack with what the oracle remembers of it from run to run.

    Any installation that has a FaultStack's ``bootstrap``, ``objects``, ``http``, ``get`` and ``close`` can be looked at,
    be it of compose or of Kubernetes; only sabotage needs the fault points that compose mounts.
    """

    def __init__(self, stack: FaultStack) -> None:
        self.stack = stack
        self.topics = TopicReader(stack.bootstrap)
        self.upstream = Upstream(stack.bootstrap, stack.objects)
        self.receipts = Receipts()
        """Of all runs on this stack."""
        self.altered: set[str] = set()
        self.written_off: set[str] = set()
        """Documents of runs that were sabotaged or broke a rule, of which nothing is expected any more."""
        self.others: set[str] = set()
        """Documents that others have handed in, of which nothing is expected either."""
        self._sabotaged: set[str] = set()

    def close(self) -> None:
        self.topics.close()
        self.stack.close()

    def sabotage(self, *names: str, services: Iterable[str] = ()) -> None:
        """Have ``services`` do without what ``names`` say, and all others work as they should."""
        changed = self._sabotaged | set(services)
        self._sabotaged = set(services)
        self.stack.sabotage(*names)
        self.stack.restart(*changed)

    def remember(self, receipts: Receipts, altered: set[str]) -> None:
        """Expect of every later look that these documents are still as they should be."""
        self.receipts.documents |= receipts.documents
        self.receipts.acknowledged += receipts.acknowledged
        self.receipts.new += receipts.new
        self.receipts.poison |= receipts.poison
        self.altered |= altered

    def write_off(self, receipts: Receipts) -> None:
        """Expect nothing more of these documents."""
        self.written_off |= receipts.documents.keys()

    def history(self, receipts: Receipts, altered: set[str], containers: Sequence[Container]) -> History:
        """Look at everything, and closely at what ``receipts`` are for.

        Args:
            receipts: of the run that is to be judged.
            altered: those of its documents whose stored bytes were changed.
            containers: what was seen of them.
        """
        self.topics.read()
        closely = receipts.documents
        with self.stack.http() as http:
            rows, invoice_rows = _rows(http, "/v1/documents", "status"), _rows(http, "/v1/invoices", "id")
            with ThreadPoolExecutor(4) as readers:
                looks = dict(
                    zip(closely, readers.map(lambda one: self._look(http, one), closely.values()), strict=True)
                )
        known = {**self.receipts.documents, **closely}
        histories = [
            DocumentHistory(
                document,
                acknowledged=self.receipts.acknowledged[one] + receipts.acknowledged[one],
                new=self.receipts.new[one] + receipts.new[one],
                extracted=self.topics.extracted(one, with_invoice=one in closely),
                failed=dict(self.topics.failed[one]),
                rows=rows.get(one, []),
                invoice_rows=len(invoice_rows.get(one, [])),
                look=looks.get(one),
                altered=one in self.altered or one in altered,
            )
            for one, document in known.items()
            if one not in self.written_off
        ]
        poison = {**self.receipts.poison, **receipts.poison}
        return History(
            documents=histories,
            strangers=sorted({*self.topics.known, *rows, *invoice_rows} - known.keys() - self.others),
            offsets=self.topics.offsets(),
            dead_letters=sorted(self.topics.dead_letters, key=lambda one: (one.origin, one.group)),
            poison={(origin, group): one.reason for origin, one in poison.items() for group in readers_of(origin[0])},
            containers=containers,
            given_up=receipts.given_up,
        )

    def _look(self, http: httpx.Client, document: Document) -> Look:
        answer, invoice = http.get(f"/v1/documents/{document.id}"), http.get(f"/v1/invoices/{document.id}")
        try:
            original = sha256(self.stack.get(ORIGINALS, f"{DEFAULT_TENANT}/{document.sha256}")).hexdigest()
        except S3Error as error:
            if error.code != "NoSuchKey":
                raise
            original = None
        failed = answer.json().get("error") if answer.status_code == 200 else None
        return Look(
            error=failed and failed["code"],
            invoice=invoice.json()["invoice"] if invoice.status_code == 200 else None,
            original=original,
        )


def _rows(http: httpx.Client, path: str, shown: str) -> dict[str, list[str]]:
    """Return, by id, what each row of a list shows."""
    rows: dict[str, list[str]] = {}
    parameters: dict[str, Any] = {"limit": 200}
    while True:
        page = http.get(path, params=parameters).raise_for_status().json()
        for row in page["items"]:
            rows.setdefault(row["id"], []).append(row[shown])
        if page["next_cursor"] is None:
            return rows
        parameters["cursor"] = page["next_cursor"]
