"""Who is asking: the tenant of a request."""

from typing import Annotated

from fastapi import Depends, Request

__all__ = ["CurrentTenant", "current_tenant"]


def current_tenant(request: Request) -> str:
    """Return the tenant that the API key of the request belongs to."""
    tenant: str = request.state.tenant
    return tenant


CurrentTenant = Annotated[str, Depends(current_tenant)]
"""The tenant, as a parameter of a route."""
