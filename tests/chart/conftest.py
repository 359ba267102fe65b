"""The charts, rendered once for each set of values."""

import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))

from charts import CHARTS, Object, Render, template


@pytest.fixture(scope="session")
def render() -> Render:
    """Return the objects that a chart makes with a values file and ``--set`` pairs; ValueError is what helm says instead."""

    def rendered(values: str, *sets: str, chart: str = "invoiceflow") -> list[Object]:
        pairs = [part for one in sets for part in ("--set", one)]
        files = ["--values", str(CHARTS / f"invoiceflow/values-{values}.yaml")] if chart == "invoiceflow" else []
        return [one for one in yaml.safe_load_all(template(chart, *files, *pairs)) if one]

    return rendered
