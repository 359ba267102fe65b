"""The service's settings and wiring."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from invoiceflow_contracts.events import EVENTS, DocumentSubmittedV1
from invoiceflow_query.adapters.mongodb import MongoReadModel
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.main import create_read_model
from invoiceflow_query.settings import QuerySettings
from invoiceflow_query.subscribers import CONSUMED, subscriptions
from invoiceflow_query.testing import MONTH


def test_consumes_every_event_of_a_document() -> None:
    assert set(CONSUMED) == set(EVENTS) - {DocumentSubmittedV1}


def test_never_fails_a_document() -> None:
    made = subscriptions(None, None, young=MONTH)  # type: ignore[arg-type]
    assert not any(subscription.fails_document for subscription in made)


def test_keeps_the_read_model_where_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICEFLOW_QUERY_SQLITE_PATH", str(tmp_path / "db.sqlite"))
    assert isinstance(create_read_model(QuerySettings()), SqliteReadModel)
    monkeypatch.delenv("INVOICEFLOW_QUERY_SQLITE_PATH")
    monkeypatch.setenv("INVOICEFLOW_QUERY_MONGODB_URI", "mongodb://someone:secret@db")
    assert isinstance(create_read_model(QuerySettings()), MongoReadModel)
    assert "secret" not in repr(QuerySettings())


@pytest.mark.parametrize("given", [{}, {"sqlite_path": "db", "mongodb_uri": "mongodb://db"}])
def test_wants_exactly_one_store(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="set exactly one"):
        QuerySettings(**given)  # type: ignore[arg-type]
