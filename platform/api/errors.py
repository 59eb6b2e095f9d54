"""Every error of the API has one shape, the one that clients of the field's video APIs read:

{"error": {"message": "…", "type": "invalid_request_error", "param": "size", "code": "not_allowed"}}
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from takes.errors import Problem, TooLarge

_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}


def body(message: str, *, status: int, code: str, param: str | None = None) -> dict[str, Any]:
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Give any error its shape and status. What is not expected stays None, and becomes Django's 500."""
    if isinstance(error, RequestDataTooBig):
        error = TooLarge(f"A body has at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024} KB, beside files.")
    if isinstance(error, Problem):
        return Response(
            body(error.message, status=error.status, code=error.code, param=error.field), status=error.status
        )
    if isinstance(error, ObjectDoesNotExist | Http404):
        error = exceptions.NotFound("There is nothing here under that name, or it is not your studio's.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is not None and isinstance(error, exceptions.APIException):
        message, param = _first(error.detail)
        code = error.get_codes()
        response.data = body(
            message, status=response.status_code, code=code if isinstance(code, str) else "invalid", param=param
        )
    return response


def _first(detail: Any, param: str | None = None) -> tuple[str, str | None]:
    """The first message in a serializer's nested errors, and the field it is about."""
    while isinstance(detail, dict | list):
        if isinstance(detail, list):
            detail = detail[0]
        else:
            name, detail = next(iter(detail.items()))
            param = None if name == "non_field_errors" else f"{param}.{name}" if param else name
    return str(detail), param


def not_found(request: HttpRequest, *_: Any, **__: Any) -> JsonResponse:
    """For addresses below /api/ that nothing answers."""
    message = f"There is nothing at {request.path}. The API is described at /api/v1/openapi.json."
    return JsonResponse(body(message, status=404, code="not_found"), status=404)
