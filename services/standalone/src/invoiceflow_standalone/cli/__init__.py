"""The ``invoiceflow`` command: a client of the REST API of any deployment.

It knows the contracts and the API, and no service: what it shows is what every other client could show.
"""

__all__ = ["main"]


def main() -> None:
    """Run the command line; leaves the process with its exit code."""
    from invoiceflow_standalone.cli.app import run  # noqa: PLC0415 - so that importing the package costs nothing

    run()
