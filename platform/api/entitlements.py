"""What a seat may do, and the chain of rules that says so, for programs."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from access.explanations import queries
from access.explanations.rules import UnknownAct
from accounts.models import Seat
from accounts.queries import duties_of, seats_in
from api.base import EVERY_SEAT, SeatView
from takes.errors import Invalid
from takes.queries import LONGEST_CURSOR


class StepOut(serializers.Serializer):
    rule = serializers.CharField()
    verdict = serializers.CharField(help_text="go, stop, or empty where the rule has nothing to say")
    words = serializers.CharField()
    decides = serializers.BooleanField()


class ExplanationOut(serializers.Serializer):
    act = serializers.CharField()
    words = serializers.CharField()
    allowed = serializers.BooleanField()
    steps = StepOut(many=True)


class EntitlementsOut(serializers.Serializer):
    seat = serializers.IntegerField()
    data = ExplanationOut(many=True)


class Entitlements(SeatView):
    reads = "entitlements:read"

    @extend_schema(
        operation_id="explain_entitlements",
        parameters=[
            OpenApiParameter(
                "act", str, description="One act, such as submit, api or model:starter-1; all without it."
            ),
            OpenApiParameter("seat", OpenApiTypes.INT, description="Another seat; yours without it."),
        ],
        responses=EntitlementsOut,
    )
    def get(self, request: Request) -> Response:
        """Yes or no, and why. An owner may ask for any seat of the studio, the lab's access leads for any seat."""
        seat, act = self.asked(request.query_params.get("seat", "")), request.query_params.get("act", "")
        try:
            explained = [queries.explanation(seat, act)] if act else queries.everything(seat)
        except UnknownAct as unknown:
            raise Invalid(str(unknown), code="unknown_act", field="act") from unknown
        return Response({"seat": seat.pk, "data": [ExplanationOut(one).data for one in explained]})

    def asked(self, number: str) -> Seat:
        """The seat that is asked for, where the key may ask for it; 404 wherever it may not."""
        if number in ("", str(self.seat.pk)):
            return self.seat
        if EVERY_SEAT & duties_of(self.seat.person):
            reach = Seat.objects.select_related("studio", "person")
        elif self.seat.role == Seat.Role.OWNER:
            reach = seats_in(self.seat.studio)
        else:
            reach = Seat.objects.none()
        found = reach.filter(pk=int(number)).first() if number.isdecimal() and len(number) < LONGEST_CURSOR else None
        if found is None:
            raise NotFound("There is no such seat, or it is not yours to ask for.")
        return found
