"""Both charts on the cluster that KUBECONFIG names, in namespaces of their own, once for all tests of this folder."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "faults"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from clustersuite.figures import Figures
from clustersuite.installation import Installation
from clustersuite.kube import require_cluster
from clustersuite.watch import PodWatch
from faultsuite.oracle import judge
from faultsuite.run import Run
from faultsuite.world import World

FIGURES = pytest.StashKey[Figures]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()
    config.pluginmanager.register(config.stash[FIGURES])


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory, figures: Figures) -> Iterator[Installation]:
    """Both charts, installed as the README says."""
    require_cluster()
    made = Installation(tmp_path_factory.mktemp("cluster"), figures)
    try:
        made.install()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="package")
def world(installation: Installation) -> Iterator[World]:
    """The installation with what the oracle has seen of it."""
    seen = World(installation)
    try:
        yield seen
    finally:
        seen.topics.close()


UnderLoad = Callable[..., AbstractContextManager[Run]]


@pytest.fixture
def under_load(installation: Installation, world: World, figures: Figures) -> UnderLoad:
    """Return a block in which documents are handed in; after it everything comes to rest, and the oracle judges."""

    @contextmanager
    def loaded(name: str, **load: float) -> Iterator[Run]:
        run = Run(world, name, 1, watching=PodWatch, **load)
        begun = time.monotonic()
        run.load.start()
        try:
            yield run
            history = run.rest()
        finally:
            world.remember(run.load.finish(), run.altered)
        violations = judge(history)
        if violations:
            world.write_off(run.load.receipts)  # what follows is judged by what follows
        receipts = run.load.receipts
        figures.add(
            f"{name}: {len(receipts.documents)} documents, {receipts.acknowledged.total()} receipts, "
            f"{len(receipts.poison)} poison, refused meanwhile {dict(receipts.refusals) or 'none'}, "
            f"{len(violations)} violations, {time.monotonic() - begun:.0f} s with rest"
        )
        told = "\n    ".join(map(str, violations))
        assert not violations, f"{name}: after a load with {dict(receipts.refusals)}\n    {told}"

    return loaded
