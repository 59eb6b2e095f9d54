"""Terms: for anybody to read, for people to accept, for the lab to write."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from access.errors import InvalidTerms, TermsNotAccepted
from access.models import TermsVersion
from access.terms import actions, queries
from access.terms.forms import AcceptForm, WriteForm
from access.terms.rules import blocks
from accounts import notices
from accounts.decorators import duty_required
from accounts.models import Person
from accounts.paging import newest_first
from audit.actors import Actor

PAGE = 50


@login_not_required
@require_safe
def terms(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """The version in force, or any that ever was."""
    in_force = queries.in_force()
    shown = in_force
    if number is not None:
        shown = TermsVersion.objects.filter(number=number, published_at__isnull=False).first()
        if shown is None:
            raise Http404(f"There never was a version {number} of the terms.")
    context = {
        "version": shown,
        "blocks": list(blocks(shown.text)) if shown else [],
        "in_force": in_force,
        "layout": "base.html" if request.user.is_authenticated else "entrance.html",
    }
    return render(request, "access/terms/read.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def accept(request: HttpRequest) -> HttpResponse:
    """Asks for the version in force, and leads on to `next`."""
    back, problem = _back(request), ""
    if request.method == "POST":
        form = AcceptForm(request.POST)
        try:
            number = form.cleaned_data["number"] if form.is_valid() else None
            actions.accept(person=_person(request), number=number, seat=request.seat)
        except TermsNotAccepted as refusal:
            problem = refusal.message
    asked = queries.in_force()
    if asked is None or queries.has_accepted(_person(request), asked.number):
        return redirect(back)
    context = {
        "problem": problem,
        "version": asked,
        "blocks": list(blocks(asked.text)),
        "before": queries.accepted_before(_person(request)),
        "next": back,
    }
    return render(request, "access/terms/accept.html", context, status=422 if problem else 200)


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else reverse("home")


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


# --- The lab's pages -------------------------------------------------------------------------------------------------


@require_safe
@duty_required("access_lead")
def listing(request: HttpRequest) -> HttpResponse:
    context = {
        "found": newest_first(queries.versions(), request.GET.get("after"), PAGE),
        "draft": queries.draft(),
        "in_force": queries.in_force(),
    }
    return render(request, "access/terms/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@duty_required("access_lead")
def draft(request: HttpRequest) -> HttpResponse:
    """Write the next version. It begins with the text in force."""
    here = queries.draft() or queries.in_force()
    begun = (
        {"title": here.title, "text": here.text, "summary": "" if here.published_at else here.summary} if here else None
    )
    form = WriteForm(request.POST) if request.method == "POST" else WriteForm(initial=begun)
    if form.is_valid():
        try:
            written = actions.write(**form.cleaned_data, actor=Actor.of_person(_person(request)))
        except InvalidTerms as problem:
            form.add_error(None, problem.message)
        else:
            notices.done(request, "The draft is saved. Nobody is asked before you publish it.")
            return redirect("lab_terms_version", written.number)
    return render(request, "access/terms/draft.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@duty_required("access_lead")
def version(request: HttpRequest, number: int) -> HttpResponse:
    """One version as people read it, and who accepted it."""
    shown = get_object_or_404(queries.versions(), number=number)
    context = {
        "version": shown,
        "blocks": list(blocks(shown.text)),
        "found": newest_first(queries.acceptances_of(shown), request.GET.get("after"), PAGE),
    }
    return render(request, "access/terms/version.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@duty_required("access_lead")
def publish(request: HttpRequest, number: int) -> HttpResponse:
    """Says how many people will be asked, and publishes the text that was shown."""
    shown = get_object_or_404(TermsVersion, number=number)
    if request.method == "POST":
        try:
            actions.publish(
                version=shown, actor=Actor.of_person(_person(request)), sha256=request.POST.get("sha256", "")
            )
        except InvalidTerms as problem:
            notices.refused(request, problem.message)
        else:
            notices.done(request, f"Version {number} is in force. Everybody is asked when they next open a page.")
        return redirect("lab_terms_version", number)
    if shown.published_at is not None or not shown.text:
        return redirect("lab_terms_version", number)
    context = {
        "version": shown,
        "sha256": actions.fingerprint(shown),
        "people": queries.to_be_asked(),
        "grace_days": settings.TERMS_GRACE_DAYS,
    }
    return render(request, "access/terms/publish.html", context)
