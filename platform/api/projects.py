"""Projects, their references, and what the models of the house can do."""

import uuid

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api import shapes
from api.base import SeatView, idempotency_key, page, paged
from generation import catalogue
from takes import project_actions, queries

AFTER = OpenApiParameter("after", str, description="The `next` of the page before.")
IDEMPOTENCY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True)


class Projects(SeatView):
    reads, writes = "takes:read", "takes:write"

    @extend_schema(operation_id="list_projects", parameters=[AFTER], responses=paged(shapes.ProjectOut))
    def get(self, request: Request) -> Response:
        found = queries.projects_for(self.seat, after=request.query_params.get("after"))
        return Response(page(shapes.ProjectOut, list(found.rows), found))

    @extend_schema(
        operation_id="create_project",
        parameters=[IDEMPOTENCY],
        request=shapes.ProjectIn,
        responses={201: shapes.ProjectOut},
    )
    def post(self, request: Request) -> Response:
        sent = self.sent(shapes.ProjectIn)
        project = project_actions.create_project(
            seat=self.seat, name=sent["name"], key=idempotency_key(request), api_key=self.key
        )
        return Response(shapes.ProjectOut(project).data, status=201)


class Project(SeatView):
    reads = "takes:read"

    @extend_schema(operation_id="get_project", responses=shapes.ProjectOut)
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(shapes.ProjectOut(queries.project_for(self.seat, pk)).data)


class References(SeatView):
    writes = "takes:write"

    @extend_schema(
        operation_id="add_reference",
        request={"multipart/form-data": shapes.ReferenceIn},
        responses={201: shapes.ReferenceOut},
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        project = queries.project_for(self.seat, pk)
        file = self.sent(shapes.ReferenceIn)["file"]
        reference = project_actions.add_reference(
            seat=self.seat, project=project, upload=file, name=file.name or "", api_key=self.key
        )
        return Response(shapes.ReferenceOut(reference).data, status=201)


class Models(SeatView):
    reads = "takes:read"

    @extend_schema(operation_id="list_models", responses=shapes.ModelOut(many=True))
    def get(self, request: Request) -> Response:
        """Every model of the house. A tier may open fewer; a preflight tells."""
        return Response([shapes.ModelOut(entry).data for entry in catalogue.entries().values()])
