"""The checked-in set and a fresh one to hold beside it."""

import json
from pathlib import Path
from typing import Any

import pytest

from invoiceflow_samples import Sample, curated

_SAMPLES = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def documents() -> Path:
    return _SAMPLES / "documents"


@pytest.fixture(scope="session")
def truth() -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in (_SAMPLES / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    return {row["file"]: row for row in rows}


@pytest.fixture(scope="session")
def fresh() -> dict[str, Sample]:
    return {sample.truth["file"]: sample for sample in curated(seed=1)}
