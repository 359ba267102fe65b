"""Makes sample invoices with their truth, deterministic by seed.

>>> from invoiceflow_samples import Kind, generate
>>> sample = next(generate(seed=7, count=1, kinds=[Kind.XML_UBL]))
>>> sample.media_type
'application/xml'
"""

from invoiceflow_samples.curated import curated
from invoiceflow_samples.generator import generate
from invoiceflow_samples.language import LANGUAGES
from invoiceflow_samples.sample import Kind, Sample

__all__ = ["LANGUAGES", "Kind", "Sample", "curated", "generate"]
