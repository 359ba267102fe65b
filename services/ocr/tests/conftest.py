"""What the tests of the ocr service share."""

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from invoiceflow_ocr.engines.native import NativeEngine
from invoiceflow_ocr.ports import Reading
from invoiceflow_ocr.workers import EngineSpec, Limits, WorkerPool

# For the helpers that test modules import, and for the children, who take over their parent's path.
sys.path.insert(0, str(Path(__file__).parent / "support"))


@pytest.fixture(scope="session")
def engine() -> NativeEngine:
    """One engine for all tests, as its models take a second to load."""
    return NativeEngine(threads=2)


@pytest.fixture
def read(engine: NativeEngine) -> Callable[..., Reading]:
    """Read a document in this process."""

    def read_document(data: bytes, media_type: str = "application/pdf") -> Reading:
        return engine.read(data, media_type, lambda _done, _total: None)

    return read_document


@pytest.fixture
def obedient() -> EngineSpec:
    """An engine that does what the document says."""
    return EngineSpec("hostile_engines:ObedientEngine")


@pytest.fixture
async def pool(obedient: EngineSpec) -> AsyncIterator[WorkerPool]:
    """One child, little memory, little time."""
    pool = WorkerPool(obedient, workers=1, limits=Limits(seconds=20, memory_bytes=512 << 20, documents=100))
    await pool.start()
    yield pool
    await pool.stop()
