"""The rules, for anybody to read: a refusal names one, and a rule that nobody can read is no rule."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from screening import policy as policies


@login_not_required
@require_safe
def policy(request: HttpRequest, version: int | None = None) -> HttpResponse:
    try:
        shown = policies.in_force() if version is None else policies.version(version)
    except OSError as error:  # no such file, or a number too long to name one
        raise Http404(f"There never was a policy {version}.") from error
    context = {
        "policy": shown,
        "is_in_force": shown == policies.in_force(),
        "layout": "base.html" if request.user.is_authenticated else "entrance.html",
    }
    return render(request, "screening/policy.html", context)
