"""respx for the openai package, which speaks through httpcore2: `respx.mock(using="httpcore2")`.

Importing this module registers the mocker, once for a whole run.
"""

from __future__ import annotations

from typing import Any

import httpcore2
import httpx
from respx.mocks import HTTPCoreMocker

__all__ = ["HTTPCore2Mocker"]


class HTTPCore2Mocker(HTTPCoreMocker):
    """The mocker of respx, with httpcore2 in the place of httpcore."""

    name = "httpcore2"
    targets = [target.replace("httpcore.", "httpcore2.") for target in HTTPCoreMocker.targets]  # noqa: RUF012 (respx's own shape)

    @classmethod
    def from_sync_httpx_response(cls, httpx_response: httpx.Response, target: Any, **kwargs: Any) -> Any:
        return httpcore2.Response(
            status=httpx_response.status_code,
            headers=httpx_response.headers.raw,
            content=httpx_response.stream,
            extensions=httpx_response.extensions,
        )
