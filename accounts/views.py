"""Signing in by link, choosing a studio, one's own profile. What else signing in needs comes from allauth."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST
from sesame import settings as sesame
from sesame.utils import get_user

from accounts import actions, notices
from accounts.forms import ProfileForm
from accounts.middleware import STUDIO_IN_SESSION


@login_not_required
@never_cache
@sensitive_variables("token")
def door(request: HttpRequest) -> HttpResponse:
    """Sign in with a link that works once. Looking at it (as mail programs do) spends nothing: only the button does."""
    token = request.POST.get(sesame.TOKEN_NAME) or request.GET.get(sesame.TOKEN_NAME, "")
    if request.method == "POST" and (person := actions.spend_sign_in_link(token)):
        record_authentication(request, person, method="link")
        return perform_login(request, person)
    known = get_user(token, update_last_login=False) if token and request.method != "POST" else None
    return render(request, "accounts/door.html", {"token": token, "known": known}, status=200 if known else 410)


@require_POST
def switch_studio(request: HttpRequest) -> HttpResponse:
    slug = request.POST.get("studio", "")
    seat = next((seat for seat in request.seats if seat.is_open and seat.studio.slug == slug), None)
    if seat is None:
        raise Http404("You have no open seat in that studio.")
    request.session[STUDIO_IN_SESSION] = seat.studio_id
    return redirect("home")


def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        actions.rename_person(person=form.instance, name=form.cleaned_data["name"])
        notices.done(request, "Your name is saved.")
        return redirect("profile")
    return render(request, "accounts/profile.html", {"form": form})
