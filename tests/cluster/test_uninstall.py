"""Comes last of this folder, by its name: it takes away what the others share."""

import pytest
from clustersuite.installation import Installation

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def test_nothing_is_left_but_the_data_and_a_later_release_finds_them(installation: Installation) -> None:
    with installation.http() as http:
        known = {one["id"] for one in http.get("/v1/documents", params={"limit": 200}).json()["items"]}
    installation.uninstall()
    assert installation.everything() == installation.before_release
    installation.install_release()
    with installation.http() as http:
        found = {one["id"] for one in http.get("/v1/documents", params={"limit": 200}).json()["items"]}
    assert found == known
    installation.uninstall()
    installation.uninstall_backing()
    left = installation.everything() - installation.at_first
    # The Secrets are those that the data can be read with; `helm uninstall` says that it keeps them.
    assert {one.partition("/")[0] for one in left} == {"persistentvolumeclaim", "secret"}, left
