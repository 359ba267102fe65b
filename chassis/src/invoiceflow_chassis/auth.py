"""Who is asking: API keys and the tenant of a request.

Keys are random, so a plain SHA-256 of them may be kept; the key itself is nowhere in the settings.
``python -m invoiceflow_chassis.auth [TENANT]`` makes a key and prints what to set.
"""

import hashlib
import hmac
import re
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from invoiceflow_chassis.problems import problem_response
from invoiceflow_contracts.identity import DEFAULT_TENANT

__all__ = ["ApiKey", "ApiKeyMiddleware", "CurrentTenant", "current_tenant"]

OPEN_PATHS = frozenset({"/livez", "/readyz", "/metrics"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "testserver"})
_FORM = re.compile(r"^([0-9a-f]{64})(?::([a-z0-9][a-z0-9-]{0,62}))?$")


@dataclass(frozen=True)
class ApiKey:
    """The SHA-256 of a key, and the tenant whose data it opens."""

    sha256: str
    tenant: str = DEFAULT_TENANT

    @classmethod
    def parse(cls, text: str) -> "ApiKey":
        """Read ``<sha256>`` or ``<sha256>:<tenant>``."""
        match = _FORM.match(text)
        if match is None:
            msg = "an API key is given as the SHA-256 of the key in hexadecimal, optionally followed by :tenant"
            raise ValueError(msg)
        return cls(match[1], match[2] or DEFAULT_TENANT)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.parse(str(value))
        )


def tenant_of(presented: str, keys: Sequence[ApiKey]) -> str | None:
    """Return the tenant of the presented key, or None; the time taken does not depend on how much of it is right."""
    digest = hashlib.sha256(presented.encode()).hexdigest()
    found = None
    for key in keys:
        if hmac.compare_digest(digest, key.sha256):
            found = key.tenant
    return found


def _host_name(host: str) -> str:
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


class ApiKeyMiddleware:
    """Sets ``request.state.tenant``, or answers 401.

    Without keys (loopback only) every request is the default tenant's; requests that a web page of another site
    made the browser send are refused then, since nothing else would tell them apart.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[ApiKey]) -> None:
        self._app = app
        self._keys = tuple(keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        tenant: str | None
        if self._keys:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            presented = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
            tenant = tenant_of(presented, self._keys)
            if tenant is None:
                response = problem_response(
                    401,
                    "api_key_required",
                    "Send a valid API key as `Authorization: Bearer <key>`.",
                    headers={"WWW-Authenticate": "Bearer"},
                )
                await response(scope, receive, send)
                return
        else:
            foreign = headers.get("sec-fetch-site") == "cross-site"
            if foreign or _host_name(headers.get("host", "")) not in LOOPBACK_NAMES:
                response = problem_response(
                    403,
                    "foreign_origin",
                    "Without API keys only programs on this machine may ask. Set INVOICEFLOW_API_KEYS.",
                )
                await response(scope, receive, send)
                return
            tenant = DEFAULT_TENANT
        scope.setdefault("state", {})["tenant"] = tenant
        await self._app(scope, receive, send)


async def current_tenant(request: Request) -> str:
    """Return the tenant that the API key of the request belongs to."""
    # Not that anything is waited for: FastAPI would hand a plain function to a thread, at each request.
    tenant: str = request.state.tenant
    return tenant


CurrentTenant = Annotated[str, Depends(current_tenant)]
"""The tenant, as a parameter of a route."""


def main(arguments: Sequence[str]) -> None:
    """Print a new key and the setting that lets it in."""
    tenant = arguments[0] if arguments else DEFAULT_TENANT
    key = secrets.token_urlsafe(32)
    stored = ApiKey.parse(f"{hashlib.sha256(key.encode()).hexdigest()}:{tenant}")
    print(f"The key, shown only now:  {key}")  # noqa: T201
    print(f"INVOICEFLOW_API_KEYS='[\"{stored.sha256}:{stored.tenant}\"]'")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
