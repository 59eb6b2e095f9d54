"""Takes: the whole story of a prompt for a program."""

import uuid

from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api import shapes
from api.base import SeatView, idempotency_key, page, paged
from api.projects import AFTER, IDEMPOTENCY
from takes import actions, queries
from takes.errors import Conflict, Invalid
from takes.media import serve
from takes.models import Project, Reference, Take
from takes.wishes import Wish


class ProjectTakes(SeatView):
    reads, writes = "takes:read", "takes:write"

    @extend_schema(operation_id="list_takes", parameters=[AFTER], responses=paged(shapes.TakeOut))
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        found = queries.takes_page(queries.project_for(self.seat, pk), after=request.query_params.get("after"))
        return Response(page(shapes.TakeOut, queries.cards(found.rows), found))

    @extend_schema(
        operation_id="submit_take", parameters=[IDEMPOTENCY], request=shapes.WishIn, responses={201: shapes.TakeOut}
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Send a prompt. A refusal is an answer too: 201 with state `refused`, and nothing is charged."""
        project = queries.project_for(self.seat, pk)
        prompt, wish, reference = self.wished(project)
        take = actions.submit(
            seat=self.seat,
            project=project,
            prompt=prompt,
            wish=wish,
            reference=reference,
            key=idempotency_key(request),
            api_key=self.key,
        )
        return Response(_shown(take), status=201)

    def wished(self, project: Project) -> tuple[str, Wish, Reference | None]:
        sent = self.sent(shapes.WishIn)
        width, height = map(int, sent["size"].split("x")) if "size" in sent else (None, None)
        wish = Wish(sent.get("model"), width, height, sent.get("frames"), sent.get("seed"), sent.get("steps"))
        if not sent.get("reference"):
            return sent["prompt"], wish, None
        reference = project.references.filter(pk=sent["reference"]).first()
        if reference is None:
            raise Invalid("This project has no such reference. Send the image to the project first.", field="reference")
        return sent["prompt"], wish, reference


class Preflight(ProjectTakes):
    """What would happen to a prompt, without sending it."""

    reads, writes = None, "takes:read"
    http_method_names = ("post", "options")

    @extend_schema(operation_id="preflight", request=shapes.WishIn, responses=shapes.PreflightOut)
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        project = queries.project_for(self.seat, pk)
        prompt, wish, reference = self.wished(project)
        told = actions.preflight(seat=self.seat, project=project, prompt=prompt, wish=wish, reference=reference)
        return Response(shapes.PreflightOut(told).data)


class OneTake(SeatView):
    reads = "takes:read"

    @extend_schema(operation_id="get_take", responses=shapes.TakeOut)
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(_shown(queries.take_for(self.seat, pk)))


class Cancel(SeatView):
    writes = "takes:write"

    @extend_schema(operation_id="cancel_take", request=None, responses=shapes.TakeOut)
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Stop a take. Asking twice is the same as asking once."""
        take = actions.cancel(seat=self.seat, take=queries.take_for(self.seat, pk), api_key=self.key)
        return Response(_shown(take))


class Retry(SeatView):
    writes = "takes:write"

    @extend_schema(operation_id="retry_take", parameters=[IDEMPOTENCY], request=None, responses={201: shapes.TakeOut})
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        take = queries.take_for(self.seat, pk)
        again = actions.retry(seat=self.seat, take=take, key=idempotency_key(request), api_key=self.key)
        return Response(_shown(again), status=201)


class Remix(SeatView):
    writes = "takes:write"

    @extend_schema(
        operation_id="remix_take", parameters=[IDEMPOTENCY], request=shapes.RemixIn, responses={201: shapes.TakeOut}
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        take, prompt = queries.take_for(self.seat, pk), self.sent(shapes.RemixIn)["prompt"]
        key = idempotency_key(request)
        made = actions.remix(seat=self.seat, take=take, prompt=prompt, key=key, api_key=self.key)
        return Response(_shown(made), status=201)


class Content(SeatView):
    reads = "takes:read"

    @extend_schema(
        operation_id="get_content",
        parameters=[OpenApiParameter("variant", str, enum=["clip", "poster", "sprite"], default="clip")],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        """The clip itself, its poster, or its sprite sheet."""
        (card,) = queries.cards([queries.take_for(self.seat, pk)])
        variant = request.query_params.get("variant", "clip")
        if card.take.state != Take.State.READY:
            raise Conflict(f"{card.take} has no clip: {card.take.get_state_display().lower()}.", code="not_ready")
        if variant not in card.artifacts:
            raise Invalid(f"Choose a variant: {', '.join(card.artifacts)}.", field="variant")
        artifact = card.artifacts[variant]
        response = serve(
            request._request,
            name=artifact.file,
            media_type=artifact.media_type,
            size=artifact.bytes,
            tag=artifact.sha256,
        )
        response["Content-Disposition"] = content_disposition_header(True, queries.file_name(card.take, artifact))
        return response


def _shown(take: Take) -> dict:
    (card,) = queries.cards([take])
    return shapes.TakeOut(card).data
