"""What the embedded default is told by its environment."""

from pathlib import Path

from pydantic import Field

from invoiceflow_chassis.settings import HttpSettings

__all__ = ["StandaloneSettings"]


class StandaloneSettings(HttpSettings):
    """Environment variables that begin with ``INVOICEFLOW_``: where it listens, who may ask, where data is kept."""

    data_dir: Path = Field(default=Path("var"), description="Documents and the read model; one process at a time.")

    @property
    def objects_dir(self) -> Path:
        """The object store's folder."""
        return self.data_dir / "objects"

    @property
    def read_model_file(self) -> Path:
        """The SQLite database."""
        return self.data_dir / "read-model.sqlite3"
