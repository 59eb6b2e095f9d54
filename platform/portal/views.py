"""Pages that span the apps: the front page, health, and the errors' faces."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Duty


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "portal/front.html", {"applications_open": settings.APPLICATIONS_OPEN})
    if request.seat is None and Duty.Kind.ACCESS_LEAD in request.duties:
        return redirect("lab")
    if request.seat is None:
        return render(request, "accounts/no_seat.html")
    return redirect("takes:projects")


@login_not_required
@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """200 when this process can ask its database, for whoever balances load or watches."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return JsonResponse({"status": "ok"})
