"""Every error of the flags has OFREP's shape: {"key": …, "errorCode": "INVALID_CONTEXT", "errorDetails": "…"}.

`key` is there where one flag was asked for. What OFREP has no code for is GENERAL.
"""

from typing import Any

from rest_framework.response import Response

from api import errors
from takes.errors import Problem


class Unanswerable(Problem):
    """A question that cannot be answered as it was asked; `code` is OFREP's."""

    status = 400

    def __init__(self, message: str, code: str = "INVALID_CONTEXT", status: int = 400) -> None:
        super().__init__(message, code=code)
        self.status = status


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    response = errors.handler(error, context)
    if response is not None:
        code = error.code if isinstance(error, Unanswerable) else "GENERAL"
        details = response.data["error"]["message"]
        response.data = {**_named(context), "errorCode": code, "errorDetails": details}
    return response


def _named(context: dict[str, Any]) -> dict[str, str]:
    key = context["kwargs"].get("key")
    return {} if key is None else {"key": key}
