"""Pictures of pages for models that see, drawn in a child process."""

from invoiceflow_extract.llm.pictures.painter import Painter

__all__ = ["Painter"]
