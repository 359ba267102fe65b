"""Answers kept under the hash of their question, in the tenant's own part of the object store."""

import json
import logging
from collections import OrderedDict

from invoiceflow_chassis.errors import InvoiceflowError
from invoiceflow_chassis.objects.sealing import keep, recall
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_extract.llm.ports import Reply

__all__ = ["KeptAnswers", "MemoryAnswers"]

_log = logging.getLogger(__name__)


class KeptAnswers:
    """``Answers`` in an object store: a bucket, a directory or memory. What is damaged counts as not there."""

    def __init__(self, objects: ObjectStore, bucket: str) -> None:
        self._objects = objects
        self._bucket = bucket

    async def find(self, tenant: str, key: str) -> Reply | None:
        try:
            data = await recall(self._objects, tenant, self._bucket, _name(key))
        except InvoiceflowError as error:
            _log.warning("Kept answers cannot be looked up; the model is asked.", extra={"code": error.code})
            return None
        return Reply(json.loads(data)["text"]) if data is not None else None

    async def keep(self, tenant: str, key: str, reply: Reply) -> None:
        try:
            await keep(self._objects, tenant, self._bucket, _name(key), json.dumps({"text": reply.text}).encode())
        except InvoiceflowError as error:
            _log.warning("An answer could not be kept.", extra={"code": error.code})


def _name(key: str) -> str:
    return f"answers/{key[:2]}/{key}.json"


class MemoryAnswers:
    """``Answers`` that end with the process: the newest ``limit`` of them."""

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._kept: OrderedDict[tuple[str, str], Reply] = OrderedDict()

    async def find(self, tenant: str, key: str) -> Reply | None:
        return self._kept.get((tenant, key))

    async def keep(self, tenant: str, key: str, reply: Reply) -> None:
        self._kept[tenant, key] = reply
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)
