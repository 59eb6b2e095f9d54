from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from access.models import Invitation
from accounts.models import Person


class JoinForm(forms.Form):
    """What somebody tells when they accept an invitation: of themselves, if they are new; of the studio they found."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="A password",
        required=False,
        strip=False,
        help_text="At least twelve characters. Without one, you sign in with a code by e-mail, or a passkey later.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    studio_name = forms.CharField(
        label="What your studio is called",
        max_length=120,
        help_text="A company, or just you: your own name will do.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )

    terms = forms.BooleanField(required=False)
    terms_number = forms.IntegerField(required=False, min_value=1, max_value=10**6)

    def __init__(self, *args, invitation: Invitation, is_new: bool, **kwargs) -> None:
        super().__init__(*args, initial={"name": invitation.name}, **kwargs)
        self.email = invitation.email
        unasked = ([] if is_new else ["name", "password"]) + ([] if invitation.founder_names else ["studio_name"])
        for name in unasked:
            del self.fields[name]

    @property
    def asked(self) -> list[forms.BoundField]:
        """The fields to fill in; the terms have a place of their own."""
        return [self[name] for name in ("studio_name", "name", "password") if name in self.fields]

    @property
    def accepted(self) -> int | None:
        """The version of the terms that was on the page, if they said that they accept it."""
        return self.cleaned_data["terms_number"] if self.cleaned_data["terms"] else None

    def keep_password(self) -> None:
        """Show the form again without having the password typed again."""
        if "password" in self.fields:
            self.fields["password"].widget.render_value = True

    def clean(self) -> None:
        password = self.cleaned_data.get("password")
        if not password:
            return
        try:
            validate_password(password, Person(email=self.email, name=self.cleaned_data.get("name", "")))
        except ValidationError as weak:
            self.add_error("password", weak)


class AddressForm(forms.Form):
    """Who comes by a link says where to write to."""

    email = forms.EmailField(label="Your e-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"}))
