"""What a run hands in follows from its seed alone, and holds everything that a scenario relies on."""

from collections import Counter

import pytest
from faultsuite.documents import documents, poison
from faultsuite.selection import chosen_numbers, chosen_seeds

from invoiceflow_contracts.topics import TOPICS


def test_a_seed_makes_the_same_documents_each_time_and_another_seed_others() -> None:
    first, again, other = (list(documents(seed, 10)) for seed in ("3/1", "3/1", "3/2"))
    assert [one.name for one in first] == [one.name for one in again]
    readable = [one for one in first if one.failure is None]
    assert {one.sha256 for one in readable} <= {one.sha256 for one in again}
    assert not {one.id for one in first} & {one.id for one in other}


def test_the_documents_are_mixed() -> None:
    made = list(documents("12/1", 24))
    assert len({one.id for one in made}) == 24
    assert Counter(one.failure for one in made if one.failure) == Counter(
        ["pdf_encrypted", "document_unreadable", "not_an_einvoice"]
    )
    assert sum(one.number is not None and one.name.endswith(".xml") for one in made) >= 3  # to be altered
    assert any("pdf-scan" in one.name for one in made)  # to be recognised


def test_there_is_poison_of_every_kind_for_every_topic_and_a_mebibyte_for_one() -> None:
    made = list(poison("12/1"))
    assert {one.topic for one in made} == {*TOPICS, *(topic.retry for topic in TOPICS.values())}
    kinds = {"missing_attribute", "invalid_attribute", "empty_value", "not_json", "unknown_version"}
    assert all({one.reason for one in made if one.topic == topic} == kinds for topic in TOPICS)
    assert [len(one.value or b"") for one in made].count(1 << 20) == 1
    assert any(value is None for one in made for _, value in one.headers)


@pytest.mark.parametrize(
    ("text", "numbers"), [("", [1, 2]), ("all", [1, 2, 3, 12]), ("1-3", [1, 2, 3]), ("12,1-2", [1, 2, 12])]
)
def test_scenarios_are_chosen_by_numbers_and_ranges(
    monkeypatch: pytest.MonkeyPatch, text: str, numbers: list[int]
) -> None:
    monkeypatch.setenv("INVOICEFLOW_FAULTS_SCENARIOS", text)
    assert chosen_numbers([1, 2, 3, 12], quick=[1, 2]) == numbers


def test_a_scenario_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICEFLOW_FAULTS_SCENARIOS", "1,99")
    with pytest.raises(ValueError, match="99"):
        chosen_numbers([1, 2], quick=[1])


@pytest.mark.parametrize(("text", "seeds"), [("", [1]), ("3", [1, 2, 3]), ("4-6", [4, 5, 6])])
def test_seeds_are_counted_from_one_or_given_as_a_range(
    monkeypatch: pytest.MonkeyPatch, text: str, seeds: list[int]
) -> None:
    monkeypatch.setenv("INVOICEFLOW_FAULTS_SEEDS", text)
    assert chosen_seeds() == seeds
