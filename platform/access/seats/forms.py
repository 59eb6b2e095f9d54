from datetime import timedelta

from django import forms
from django.utils import timezone

from access.invitations.forms import KeyedForm
from accounts.actions import SCOPES
from accounts.models import Seat

ROLES = {
    Seat.Role.OWNER: "Owner: everything, seats included",
    Seat.Role.PRODUCER: "Producer: takes, projects, keys, credits",
    Seat.Role.ARTIST: "Artist: takes, keys, credits",
    Seat.Role.GUEST: "Guest: looks on",
}


class InviteForm(KeyedForm):
    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label="As", choices=list(ROLES.items()), initial=Seat.Role.ARTIST)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Seat.Role.choices)


class KeyForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="What will use it, so that you know it again.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=list(SCOPES.items()),
        initial=["takes:read", "takes:write"],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one thing the key may do."},
    )
    days = forms.TypedChoiceField(
        label="It ends after",
        choices=[(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "a year")],
        coerce=int,
        initial=90,
    )

    def expires_at(self):
        return timezone.now() + timedelta(days=self.cleaned_data["days"])
