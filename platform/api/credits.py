"""The studio's credits, for programs."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from access import queries as access
from api import shapes
from api.base import SeatView, page, paged
from api.projects import AFTER
from quotas import queries
from takes.errors import NotAllowed
from takes.queries import LONGEST_CURSOR, Page

PAGE = 50


class CreditsView(SeatView):
    reads = "credits:read"

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        if not access.entitlements(self.seat).may("see_credits"):
            raise NotAllowed("Your role in this studio does not show you its credits. Ask an owner of the studio.")


class Balance(CreditsView):
    @extend_schema(operation_id="get_credits", responses=shapes.CreditsOut)
    def get(self, request: Request) -> Response:
        return Response(shapes.CreditsOut(queries.balance(self.seat.studio)).data)


class Entries(CreditsView):
    @extend_schema(operation_id="list_credit_entries", parameters=[AFTER], responses=paged(shapes.EntryOut))
    def get(self, request: Request) -> Response:
        after = request.query_params.get("after", "")
        before = int(after) if after.isdecimal() and len(after) < LONGEST_CURSOR else None
        lines = queries.entries(self.seat.studio, before, PAGE + 1)
        found = Page(lines[:PAGE], str(lines[PAGE - 1].pk) if len(lines) > PAGE else None)
        return Response(page(shapes.EntryOut, list(found.rows), found))
