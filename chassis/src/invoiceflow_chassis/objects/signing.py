"""AWS Signature Version 4 for requests to S3 whose payload is at hand.

Source: "Authenticating Requests: Using the Authorization Header", Amazon S3 API Reference; its examples are the tests.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, urlencode

__all__ = ["EMPTY_SHA256", "Signer", "encoded_path", "encoded_query"]

EMPTY_SHA256 = sha256(b"").hexdigest()
"""Of a request without a payload."""

_ALGORITHM = "AWS4-HMAC-SHA256"


def encoded_path(path: str) -> str:
    """Return ``path`` as it is sent and signed: everything but unreserved characters and slashes is escaped."""
    return quote(path, safe="/-._~")


def encoded_query(query: Mapping[str, str]) -> str:
    """Return ``query`` as it is sent and signed, in the order of its names."""
    return urlencode(sorted(query.items()), quote_via=quote, safe="-._~")


class Signer:
    """Signs with one pair of keys."""

    def __init__(self, access_key: str, secret_key: str) -> None:
        self._access_key = access_key
        # A key is good for a day in a region: to derive it anew would be half the work of a signature.
        self._key = lru_cache(maxsize=16)(lambda day, region: _signing_key(secret_key, day, region))

    def headers(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        *,
        payload_sha256: str,
        region: str,
        now: datetime,
    ) -> dict[str, str]:
        """Return ``headers`` and those that authenticate the request.

        Args:
            method: of HTTP.
            path: as ``encoded_path`` gives it.
            query: as ``encoded_query`` gives it.
            headers: everything else that is to be signed, by names in lower case, ``host`` among them.
            payload_sha256: of the body, in lower-case hexadecimal.
            region: the bucket's.
            now: in UTC; the server refuses what is minutes off.
        """
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/{region}/s3/aws4_request"
        signed = {**headers, "x-amz-content-sha256": payload_sha256, "x-amz-date": stamp}
        names = sorted(signed)
        canonical = "\n".join(
            (
                method,
                path,
                query,
                *(f"{name}:{signed[name]}" for name in names),
                "",
                ";".join(names),
                payload_sha256,
            )
        )
        to_sign = "\n".join((_ALGORITHM, stamp, scope, sha256(canonical.encode()).hexdigest()))
        signature = _hmac(self._key(stamp[:8], region), to_sign).hex()
        signed["authorization"] = (
            f"{_ALGORITHM} Credential={self._access_key}/{scope},SignedHeaders={';'.join(names)},Signature={signature}"
        )
        return signed


def _signing_key(secret_key: str, day: str, region: str) -> bytes:
    return _hmac(_hmac(_hmac(_hmac(f"AWS4{secret_key}".encode(), day), region), "s3"), "aws4_request")


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.digest(key, message.encode(), "sha256")
