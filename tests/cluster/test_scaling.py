"""KEDA on the cluster: documents that wait bring more of ocr, none that wait takes them away, and no result is lost or repeated."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Self

import pytest
from clustersuite.figures import Figures
from clustersuite.installation import Installation
from clustersuite.kube import kubectl, until
from faultsuite.run import Run

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

UnderLoad = Callable[..., AbstractContextManager[Run]]

SCALING_SECONDS = 600.0
DOCUMENTS = 300


@pytest.fixture(scope="module")
def scaled_by_keda(installation: Installation) -> Installation:
    if kubectl("get", "crd", "scaledobjects.keda.sh", check=False).returncode != 0:
        if os.environ.get("INVOICEFLOW_REQUIRE_KEDA"):
            pytest.fail("INVOICEFLOW_REQUIRE_KEDA is set, but the cluster has no KEDA")
        pytest.skip("the cluster has no KEDA")
    return installation


class Replicas:
    """When how many pods of a service were ready."""

    def __init__(self, installation: Installation, service: str) -> None:
        self._installation, self._service = installation, service
        self._done = threading.Event()
        self.seen: list[tuple[float, int]] = []
        self._thread = threading.Thread(target=self._watch, name="replicas", daemon=True)

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def most(self) -> int:
        return max(number for _, number in self.seen)

    @property
    def story(self) -> str:
        return ", ".join(f"{number} at {at:.0f} s" for at, number in self.seen)

    def _watch(self) -> None:
        done = False
        while not done:
            done = self._done.wait(1)
            ready = len(self._installation.ready(self._service))
            if not self.seen or self.seen[-1][1] != ready:
                self.seen.append((time.monotonic() - self._begun, ready))


@pytest.mark.parametrize("least", [1, 0], ids=["from one", "from zero"])
def test_documents_that_wait_bring_more_of_ocr_and_none_that_wait_takes_them_away(
    scaled_by_keda: Installation, under_load: UnderLoad, figures: Figures, least: int
) -> None:
    installation = scaled_by_keda
    installation.upgrade(ocr_least=least)
    until(lambda: len(installation.ready("ocr")) == least, f"ocr rests at {least}", SCALING_SECONDS)
    with Replicas(installation, "ocr") as replicas:
        with under_load(f"{DOCUMENTS} documents with ocr from {least}", count=DOCUMENTS, seconds=20):
            until(lambda: len(installation.ready("ocr")) > max(least, 1), "there is more of ocr", SCALING_SECONDS)
        until(lambda: len(installation.ready("ocr")) == least, f"ocr is back at {least}", SCALING_SECONDS)
    figures.add(f"pods of ocr ready: {replicas.story}")
    assert replicas.most > 1


def test_without_keda_the_load_of_the_processors_is_asked_for(installation: Installation) -> None:
    if kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes", check=False).returncode != 0:
        pytest.skip("the cluster has no metrics API, so nothing knows the load")
    installation.upgrade(ocr_least=1, keda=False)

    def active() -> bool:
        scalers = installation.kube.get("horizontalpodautoscalers")
        active = {"type": "ScalingActive", "status": "True"}
        conditions = [one["status"].get("conditions", ()) for one in scalers]
        return len(scalers) == 3 and all(any(active.items() <= part.items() for part in parts) for parts in conditions)

    until(active, "ocr, extract and query are scaled by what they use", SCALING_SECONDS)
