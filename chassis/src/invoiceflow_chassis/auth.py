"""Who is asking: API keys, the tenant of a request, and whether an operator asks.

Keys are random, so a plain SHA-256 of them may be kept; the key itself is nowhere in the settings.
``python -m invoiceflow_chassis.auth [TENANT] [--operator]`` makes a key and prints what to set.
"""

import argparse
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from invoiceflow_chassis.problems import ProblemError, problem_response
from invoiceflow_contracts.identity import DEFAULT_TENANT

__all__ = ["ApiKey", "ApiKeyMiddleware", "CurrentTenant", "current_tenant", "require_operator"]

OPEN_PATHS = frozenset({"/livez", "/readyz", "/metrics"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "testserver"})
_FORM = re.compile(r"^([0-9a-f]{64})(?::([a-z0-9][a-z0-9-]{0,62})(:operator)?)?$")


@dataclass(frozen=True)
class ApiKey:
    """The SHA-256 of a key, and the tenant whose data it opens."""

    sha256: str
    tenant: str = DEFAULT_TENANT
    operator: bool = False
    """Whether it also opens what belongs to no single tenant: lag and dead letters."""

    @classmethod
    def parse(cls, text: str) -> "ApiKey":
        """Read ``<sha256>``, ``<sha256>:<tenant>`` or ``<sha256>:<tenant>:operator``."""
        match = _FORM.match(text)
        if match is None:
            msg = "an API key is given as the SHA-256 of the key in hexadecimal, optionally followed by :tenant or :tenant:operator"
            raise ValueError(msg)
        return cls(match[1], match[2] or DEFAULT_TENANT, operator=match[3] is not None)

    def __str__(self) -> str:
        return f"{self.sha256}:{self.tenant}{':operator' if self.operator else ''}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.parse(str(value))
        )


def known_key(presented: str, keys: Sequence[ApiKey]) -> ApiKey | None:
    """Return the key that was presented, or None; the time taken does not depend on how much of it is right."""
    digest = hashlib.sha256(presented.encode()).hexdigest()
    found = None
    for key in keys:
        if hmac.compare_digest(digest, key.sha256):
            found = key
    return found


def _host_name(host: str) -> str:
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


class ApiKeyMiddleware:
    """Sets ``tenant`` and ``operator`` of ``request.state``, or answers 401.

    Without keys (loopback only) every request is the default tenant's and an operator's; requests that a web page of another site
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
        tenant, operator = DEFAULT_TENANT, True
        if self._keys:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            presented = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
            key = known_key(presented, self._keys)
            if key is None:
                response = problem_response(
                    401,
                    "api_key_required",
                    "Send a valid API key as `Authorization: Bearer <key>`.",
                    headers={"WWW-Authenticate": "Bearer"},
                )
                await response(scope, receive, send)
                return
            tenant, operator = key.tenant, key.operator
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
        scope.setdefault("state", {}).update(tenant=tenant, operator=operator)
        await self._app(scope, receive, send)


async def current_tenant(request: Request) -> str:
    """Return the tenant that the API key of the request belongs to."""
    # Not that anything is waited for: FastAPI would hand a plain function to a thread, at each request.
    tenant: str = request.state.tenant
    return tenant


CurrentTenant = Annotated[str, Depends(current_tenant)]
"""The tenant, as a parameter of a route."""


def require_operator(request: Request) -> None:
    """Let only operators pass: what the route shows or does belongs to no single tenant.

    Raises:
        ProblemError: 403 ``operator_required``.
    """
    if not request.state.operator:
        raise ProblemError(
            403,
            "operator_required",
            "This is for operators of the deployment. Use a key that is set as <sha256>:<tenant>:operator.",
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a new key and the setting that lets it in."""
    parser = argparse.ArgumentParser(
        prog="python -m invoiceflow_chassis.auth", description="Make an API key and print what to set for it."
    )
    parser.add_argument("tenant", nargs="?", default=DEFAULT_TENANT, help=f"whose data it opens ({DEFAULT_TENANT})")
    parser.add_argument("--operator", action="store_true", help="let it see lag and dead letters, of all tenants")
    options = parser.parse_args(arguments)
    key = secrets.token_urlsafe(32)
    role = ":operator" if options.operator else ""
    try:
        stored = ApiKey.parse(f"{hashlib.sha256(key.encode()).hexdigest()}:{options.tenant}{role}")
    except ValueError:
        parser.error(f"{options.tenant!r} is no tenant: lower-case letters, digits and hyphens, 63 at most")
    print(f"The key, shown only now:  {key}")  # noqa: T201
    print(f"INVOICEFLOW_API_KEYS='[\"{stored}\"]'")  # noqa: T201


if __name__ == "__main__":
    main()
