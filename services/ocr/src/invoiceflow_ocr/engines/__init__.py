"""The engines that read documents, each behind ``invoiceflow_ocr.ports.Engine``."""
