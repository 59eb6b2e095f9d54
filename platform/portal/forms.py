from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import Person


class JoinForm(forms.Form):
    """What somebody new tells of themselves when they accept an invitation."""

    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="A password",
        required=False,
        strip=False,
        help_text="At least twelve characters. Without one, you sign in with a code by e-mail, or a passkey later.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args, email: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> None:
        password = self.cleaned_data.get("password")
        if not password:
            return
        try:
            validate_password(password, Person(email=self.email, name=self.cleaned_data.get("name", "")))
        except ValidationError as weak:
            self.add_error("password", weak)
