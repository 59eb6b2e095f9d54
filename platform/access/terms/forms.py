from django import forms


class WriteForm(forms.Form):
    title = forms.CharField(label="Title", max_length=120, initial="Terms of use")
    text = forms.CharField(
        label="Text",
        max_length=100_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24}),
        help_text="An empty line parts paragraphs. A line that begins with # is a heading.",
    )
    summary = forms.CharField(
        label="What is new",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="For whoever accepted the version before.",
    )


class AcceptForm(forms.Form):
    number = forms.IntegerField(min_value=1, max_value=10**6)
    accepted = forms.BooleanField()
