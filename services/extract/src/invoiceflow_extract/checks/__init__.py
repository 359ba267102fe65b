"""Checks: pure functions from a read invoice to findings."""

from invoiceflow_extract.checks.registry import CHECKS, check
from invoiceflow_extract.checks.subject import Origin, Subject

__all__ = ["CHECKS", "Origin", "Subject", "check"]
