"""Signatures, by the examples of the Amazon S3 API Reference (Signature Calculations for the Authorization Header)."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from invoiceflow_chassis.objects.signing import EMPTY_SHA256, Signer, encoded_path, encoded_query

DAY = datetime(2013, 5, 24, tzinfo=UTC)
HOST = {"host": "examplebucket.s3.amazonaws.com"}
SIGNER = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


@pytest.mark.parametrize(
    ("request_line", "headers", "payload", "signature"),
    [
        (
            ("GET", "/test.txt", {}),
            {"range": "bytes=0-9"},
            b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            ("PUT", "/test$file.text", {}),
            {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            ("GET", "/", {"lifecycle": ""}),
            {},
            b"",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            ("GET", "/", {"prefix": "J", "max-keys": "2"}),
            {},
            b"",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_the_reference_examples(
    request_line: tuple[str, str, dict[str, str]], headers: dict[str, str], payload: bytes, signature: str
) -> None:
    method, path, query = request_line
    signed = SIGNER.headers(
        method,
        encoded_path(path),
        encoded_query(query),
        {**HOST, **headers},
        payload_sha256=sha256(payload).hexdigest(),
        region="us-east-1",
        now=DAY,
    )
    assert signed["authorization"].endswith(f",Signature={signature}")
    assert signed.items() >= {**HOST, **headers, "x-amz-date": "20130524T000000Z"}.items()


def test_a_key_serves_for_its_day_and_region_only() -> None:
    def signature(day: datetime, region: str) -> str:
        signed = SIGNER.headers("GET", "/a", "", HOST, payload_sha256=EMPTY_SHA256, region=region, now=day)
        return signed["authorization"].rpartition("=")[2]

    made = [
        signature(day, region)
        for day in (DAY, datetime(2013, 5, 25, tzinfo=UTC))
        for region in ("us-east-1", "eu-west-1")
    ]
    assert len(set(made)) == 4


def test_what_is_reserved_in_an_address_is_escaped() -> None:
    assert encoded_path("/b/t/a+b=c?d#e %20/ä~.pdf") == "/b/t/a%2Bb%3Dc%3Fd%23e%20%2520/%C3%A4~.pdf"
    assert encoded_query({"versionId": "a b/+", "a": ""}) == "a=&versionId=a%20b%2F%2B"
