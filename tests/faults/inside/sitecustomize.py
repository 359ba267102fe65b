"""Fault points inside a service's process; Python imports this module by itself where it finds it on its path.

The services know nothing of it. When one of the modules below has been imported, a few of its functions are wrapped: each
passage asks /faults/plan/plan.json whether something is to happen there, and /faults/marks/<id> appears when it does. Only
the standard library is used, since this runs before everything else, in the child processes of ocr too.

    {"points": [{"id": "a1", "point": "before publish invoice.extracted", "passage": 2, "action": "hold"}],
     "sabotage": ["no-deduplication"]}

``passage`` counts in each process for itself; of all processes only the first to reach its passage is struck. ``hold`` stands
still until the plan no longer names the entry (so that whoever made the plan can kill the process right there),
``sleep`` lasts ``seconds``. Where the wrapped function is a coroutine, either blocks the whole event loop.
"""

import importlib.abc
import importlib.machinery
import json
import socket
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

PLAN = Path("/faults/plan/plan.json")
MARKS = Path("/faults/marks")

Change = Callable[[Any], None]
"""Changes a module that has just been imported."""

_passages: dict[str, int] = {}
_plan: dict[str, Any] = {}
_stamp: tuple[int, int] | None = None


def plan() -> dict[str, Any]:
    """Return what the plan says now."""
    global _plan, _stamp
    try:
        state = PLAN.stat()
        stamp = (state.st_mtime_ns, state.st_ino)
        if stamp != _stamp:
            _plan, _stamp = json.loads(PLAN.read_text()), stamp
    except FileNotFoundError:
        _plan, _stamp = {}, None
    return _plan


def reach(point: str) -> None:
    """Let happen what is planned for this passage of ``point``."""
    for entry in plan().get("points", ()):
        if entry["point"] != point:
            continue
        count = _passages[entry["id"]] = _passages.get(entry["id"], 0) + 1
        if count == entry["passage"] and _strike(entry["id"]):
            _suffer(entry)


def _strike(entry_id: str) -> bool:
    try:
        with (MARKS / entry_id).open("x") as mark:
            mark.write(socket.gethostname())
    except FileExistsError:
        return False
    return True


def _suffer(entry: dict[str, Any]) -> None:
    if entry["action"] == "sleep":
        time.sleep(entry["seconds"])
        return
    while any(other["id"] == entry["id"] for other in plan().get("points", ())):
        time.sleep(0.05)


# -- where ------------------------------------------------------------------------------------------------------------


def _producer(module: Any) -> None:
    send_and_wait = module.AIOKafkaProducer.send_and_wait

    async def observed(self: Any, topic: str, *args: Any, **kwargs: Any) -> Any:
        reach("before publish " + topic)
        acknowledged = await send_and_wait(self, topic, *args, **kwargs)
        reach("after publish " + topic)
        return acknowledged

    module.AIOKafkaProducer.send_and_wait = observed


def _mongodb(module: Any) -> None:
    bulk_write = module.Collection.bulk_write

    def observed(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = bulk_write(self, *args, **kwargs)
        reach("after write " + self.name.partition("_")[0])  # a collection's name ends with its generation
        return result

    module.Collection.bulk_write = observed


def _recogniser(module: Any) -> None:
    read = module.Recogniser.read

    def observed(self: Any, *args: Any, **kwargs: Any) -> Any:
        reach("recognise a page")
        return read(self, *args, **kwargs)

    module.Recogniser.read = observed


def _engine(module: Any) -> None:
    read = module.NativeEngine.read

    def observed(self: Any, *args: Any, **kwargs: Any) -> Any:
        reach("read a document")
        return read(self, *args, **kwargs)

    module.NativeEngine.read = observed


POINTS: dict[str, Change] = {
    "aiokafka.producer.producer": _producer,
    "pymongo.synchronous.collection": _mongodb,
    "invoiceflow_ocr.engines.native.recognition": _recogniser,
    "invoiceflow_ocr.engines.native.engine": _engine,
}

# -- what the suite has to notice ---------------------------------------------------------------------------------------


def _forget_what_was_accepted(module: Any) -> None:
    async def none(*_args: Any, **_kwargs: Any) -> None:
        return None

    _replace(module, "find_accepted", none)


def _new_id_each_time(module: Any) -> None:
    from uuid import uuid4  # noqa: PLC0415

    _replace(module, "event_id", lambda *_args, **_kwargs: uuid4())


def _believe_every_byte(module: Any) -> None:
    _replace(module, "verified", lambda _ref, data: data)


def _commit_at_once(module: Any) -> None:
    from aiokafka.structs import TopicPartition  # noqa: PLC0415

    getone, commit = module.AIOKafkaConsumer.getone, module.AIOKafkaConsumer.commit
    came: dict[Any, int] = {}

    async def observed(self: Any, *partitions: Any) -> Any:
        record = await getone(self, *partitions)
        partition = TopicPartition(record.topic, record.partition)
        came[partition] = record.offset + 1
        await commit(self, {partition: came[partition]})
        return record

    async def never_back(self: Any, offsets: dict[Any, int]) -> None:
        # The service's own commit, of an earlier document that is done, would take back what was committed as later ones came.
        await commit(self, {partition: max(offset, came.get(partition, 0)) for partition, offset in offsets.items()})

    module.AIOKafkaConsumer.getone = observed
    module.AIOKafkaConsumer.commit = never_back


def _replace(module: Any, name: str, value: Any) -> None:
    getattr(module, name)  # a sabotage that hits nothing must not look like one that nobody notices
    setattr(module, name, value)


SABOTAGE: dict[str, dict[str, Change]] = {
    "no-deduplication": {
        "invoiceflow_contracts.identity": _new_id_each_time,
        "invoiceflow_ingest.acceptance": _forget_what_was_accepted,
    },
    "commit-before-publish": {"aiokafka.consumer.consumer": _commit_at_once},
    "no-hash-check": {"invoiceflow_chassis.objects.content": _believe_every_byte},
}


# -- how --------------------------------------------------------------------------------------------------------------


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules as ever, and has them changed as soon as they have run."""

    def __init__(self, changes: dict[str, list[Change]]) -> None:
        self._changes = changes

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        changes = self._changes.pop(name, None)
        if changes is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_change(module: Any) -> None:
                run(module)
                for change in changes:
                    change(module)

            spec.loader.exec_module = run_and_change
        return spec


def install(names: Iterable[str] = ()) -> None:
    """Wrap the points, and do what ``names`` of the sabotage say."""
    changes = {module: [change] for module, change in POINTS.items()}
    for name in names:
        for module, change in SABOTAGE[name].items():
            changes.setdefault(module, []).append(change)
    sys.meta_path.insert(0, _Finder(changes))


if PLAN.parent.is_dir():
    install(plan().get("sabotage", ()))
