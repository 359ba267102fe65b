"""From the engine's scores to chances: of the values at 0.9, nine in ten are right."""

from invoiceflow_extract.calibration.model import Calibration, Passing, shipped

__all__ = ["Calibration", "Passing", "shipped"]
