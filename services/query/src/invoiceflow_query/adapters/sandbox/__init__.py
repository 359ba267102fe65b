"""Work on files from strangers, done in child processes with limits: pictures of pages, Factur-X files."""

from invoiceflow_query.adapters.sandbox.factur_x import ChildFacturX
from invoiceflow_query.adapters.sandbox.painter import ChildPainter
from invoiceflow_query.adapters.sandbox.runner import Sandbox

__all__ = ["ChildFacturX", "ChildPainter", "Sandbox"]
