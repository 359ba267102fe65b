"""Asking a language model for what the local engine leaves open, and believing it only what the page shows."""

from invoiceflow_extract.llm.settings import LlmSettings

__all__ = ["LlmSettings"]
