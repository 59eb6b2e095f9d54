from django import forms

from accounts.models import Person


class ProfileForm(forms.ModelForm):
    class Meta:
        model = Person
        fields = ["name"]
        labels = {"name": "Your name"}
        help_texts = {"name": "What your studio and the lab see beside what you make."}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}
