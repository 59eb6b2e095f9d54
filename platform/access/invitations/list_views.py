"""The lab's pages for inviting by list: read, look, send."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.errors import InvalidInvitation
from access.invitations import lists
from access.invitations.forms import ListForm
from access.invitations.reading import COLUMNS, Unreadable
from access.lab import acting, lead, person_of
from access.models import ImportBatch
from accounts import notices
from accounts.paging import LONGEST_CURSOR, Page

PAGE = 100


@require_http_methods(["GET", "HEAD", "POST"])
@lead
def read(request: HttpRequest) -> HttpResponse:
    form = ListForm(request.POST, request.FILES) if request.method == "POST" else ListForm()
    if form.is_valid():
        try:
            batch = lists.read(lines=form.lines(), by=person_of(request), note=form.cleaned_data["note"])
        except Unreadable as problem:
            form.add_error(None, problem.message)
        else:
            return redirect("invitation_list", batch.pk)
    context = {"form": form, "columns": ",".join(COLUMNS)}
    return render(request, "access/invitations/list_new.html", context, status=422 if form.errors else 200)


@require_safe
@lead
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """The list as it was read. `?show=` bad or good; the bad rows first, where there are any."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    bad = batch.rows.filter(is_good=False).count()
    good = batch.rows.filter(is_good=True).count()
    shown = request.GET.get("show", "")
    shown = shown if shown in ("bad", "good") else "bad" if bad and not batch.sent_at else "good"
    after = request.GET.get("after", "")
    rows = batch.rows.filter(is_good=shown == "good").select_related("studio", "tier").order_by("line")
    if after.isdecimal() and len(after) < LONGEST_CURSOR:
        rows = rows.filter(line__gt=int(after))
    found = list(rows[: PAGE + 1])
    context = {
        "batch": batch,
        "bad": bad,
        "good": good,
        "sent": batch.rows.filter(invitation__isnull=False).count(),
        "failed": batch.rows.exclude(failed="").count(),
        "shown": shown,
        "found": Page(found[:PAGE], str(found[PAGE - 1].line) if len(found) > PAGE else None),
    }
    return render(request, "access/invitations/list_shown.html", context)


@require_POST
@lead
def send(request: HttpRequest, pk: int) -> HttpResponse:
    batch = get_object_or_404(ImportBatch.objects.select_related("made_by"), pk=pk)
    try:
        batch = lists.send(
            batch=batch, actor=acting(request), although_some_are_bad=bool(request.POST.get("although_some_are_bad"))
        )
    except InvalidInvitation as problem:
        notices.refused(request, problem.message)
        return redirect("invitation_list", pk)
    lists.send_some(batch)  # a short list is done when the page answers; the clock does the rest of a long one
    notices.done(request, "The letters are being written.")
    return redirect("invitation_list", pk)
