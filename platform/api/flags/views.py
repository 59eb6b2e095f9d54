"""OFREP, the OpenFeature Remote Evaluation Protocol 0.3: other systems ask who may use what. docs/flags.md explains."""

import io
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.urls import reverse
from django.utils.http import parse_etags, quote_etag, urlencode
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from access import snapshot
from api.authentication import KeyAuthentication
from api.base import SeatView
from api.flags.errors import Unanswerable, handler
from api.flags.queries import bulk_for, subject_for
from api.flags.rules import FORMS, Target, flag, target_of
from api.parsers import FlatJSONParser
from api.throttling import KeyThrottle

SCOPE = "flags:read"


class EitherHeader(KeyAuthentication):
    """The key as a bearer's, or in X-API-Key: OFREP's own description names both."""

    def sent(self, request: Request) -> str | None:
        return super().sent(request) or request.headers.get("X-API-Key")


class JSONAlways(BaseContentNegotiation):
    """Answers are JSON, whatever a client says it accepts: readers of streams accept text/event-stream alone."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class FlagView(SeatView):
    authentication_classes = (EitherHeader,)
    throttle_classes = (KeyThrottle,)
    parser_classes = (FlatJSONParser,)
    content_negotiation_class = JSONAlways
    schema = None  # the API's own description leaves them out: OFREP has one

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return handler


class OneFlag(FlagView):
    writes = SCOPE

    def post(self, request: Request, key: str) -> Response:
        target = sent_target(request)
        rollout = snapshot.current().by_slug.get(key)
        if rollout is None:
            raise Unanswerable("There is no rollout under this key.", code="FLAG_NOT_FOUND", status=404)
        told = flag(rollout, subject_for(self.key, target))
        return Response(told, status=400 if "errorCode" in told else 200)


class AllFlags(FlagView):
    writes = SCOPE

    def post(self, request: Request) -> Response:
        target = sent_target(request)
        if "flagConfigEtag" in request.query_params:
            # Sent by whoever a stream has told of a change. Another process may have told it than the one that answers.
            snapshot.look_again()
        told, token = bulk_for(subject_for(self.key, target))
        headers = {"ETag": quote_etag(token)}
        if knows(request, token):
            return Response(status=304, headers=headers)
        # What is in `since` need not be told again by the stream; what changed before it was opened is.
        stream = f"{settings.SITE_URL}{reverse('ofrep:events')}?{urlencode({'targetingKey': target, 'since': token})}"
        return Response(told | {"eventStreams": [{"type": "sse", "url": stream}]}, headers=headers)


def knows(request: Request, token: str) -> bool:
    """Whether If-None-Match names this token. OFREP answers 304 to a POST, too."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or quote_etag(token) in {one.removeprefix("W/") for one in known}


def sent_target(request: Request) -> Target:
    """Whom the body's context names. Raises Unanswerable for anything that is not such a body."""
    try:
        body = request._request.body
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig  # one that was sent without saying how long it is
        sent = FlatJSONParser().parse(io.BytesIO(body), parser_context={})
    except RequestDataTooBig:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024
        raise Unanswerable(f"A body has at most {most} KB.", code="PARSE_ERROR") from None
    except ParseError as error:
        raise Unanswerable(f"This is not JSON. {error.detail}", code="PARSE_ERROR") from error
    if not isinstance(sent, dict):
        raise Unanswerable('Send an object: {"context": {"targetingKey": "…"}}.', code="PARSE_ERROR")
    context = sent.get("context")
    if not isinstance(context, dict | None):
        raise Unanswerable("context is an object with a targetingKey.")
    return named(context.get("targetingKey") if context else None)


def named(targeting_key: Any) -> Target:
    if targeting_key is None or targeting_key == "":
        raise Unanswerable(f"Send a targetingKey: {FORMS}.", code="TARGETING_KEY_MISSING")
    target = target_of(targeting_key) if isinstance(targeting_key, str) else None
    if target is None:
        raise Unanswerable(f"A targetingKey is {FORMS}.")
    return target
