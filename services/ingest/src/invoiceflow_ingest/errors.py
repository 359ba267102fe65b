"""What ingest finds wrong with a document."""

from invoiceflow_chassis.errors import PermanentError

__all__ = ["BucketNotAllowedError", "ContainerError", "EmptyFileError", "UnsupportedMediaTypeError"]

SUPPORTED = "PDF, PNG, JPEG, TIFF, WebP, BMP, GIF, XML (also signed), HTML, DOCX, XLSX, PPTX, ODT, ODS, plain text, and e-mails and ZIP archives of these"


class EmptyFileError(PermanentError):
    """No bytes at all."""

    def __init__(self) -> None:
        super().__init__("empty_file", "The file is empty. Send it again; the transfer may have failed.")


class UnsupportedMediaTypeError(PermanentError):
    """Bytes of a kind that nothing here can read.

    Args:
        found: what they are, as the beginning of a sentence.
        advice: what to do instead.
    """

    def __init__(self, found: str, advice: str = "Convert it to PDF.") -> None:
        super().__init__("unsupported_media_type", f"{found}. {advice} What can be read: {SUPPORTED}.")


class ContainerError(PermanentError):
    """An e-mail or a ZIP archive that cannot be taken apart."""


class BucketNotAllowedError(PermanentError):
    """A submission refers to a bucket that ingest does not read from."""

    def __init__(self, bucket: str, allowed: tuple[str, ...]) -> None:
        super().__init__(
            "bucket_not_allowed",
            f"Documents are not read from bucket {bucket!r}. Store the file in {' or '.join(allowed) or 'none: no bucket is allowed'} and submit it again.",
        )
