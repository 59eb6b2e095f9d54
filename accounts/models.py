"""People, the studios they work in, and the seats that join the two. Every right, cost and trace hangs on a seat."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, email: str | None) -> "Person":
        return self.get(email__iexact=email)

    def create_person(self, email: str, name: str, password: str | None = None) -> "Person":
        """A new person; without a password they sign in by link, e-mailed code or passkey."""
        person = self.model(email=self.normalize_email(email).lower(), name=name)
        person.set_password(password)
        person.save()
        return person


class Person(AbstractBaseUser):
    """Somebody who can sign in. The e-mail address is their name to the machine, `name` to other people."""

    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)

    objects = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="person_email_once_in_any_case"),
            models.CheckConstraint(condition=~Q(email="") & ~Q(name=""), name="person_has_email_and_name"),
        ]
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.name


class Duty(models.Model):
    """What a person does for the lab that runs this house. A person may have several; most have none."""

    class Kind(models.TextChoices):
        ACCESS_LEAD = "access_lead", "Access lead"
        REVIEWER = "reviewer", "Reviewer"
        RESEARCHER = "researcher", "Researcher"
        OPERATOR = "operator", "Operator"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="duties")
    kind = models.CharField(max_length=20, choices=Kind)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "kind"], name="duty_once_per_person"),
            models.CheckConstraint(
                condition=Q(kind__in=["access_lead", "reviewer", "researcher", "operator"]), name="duty_kind_is_known"
            ),
        ]
        verbose_name_plural = "duties"


class Studio(models.Model):
    """A company, or one person working alone. Quotas, tiers and projects belong to a studio."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    is_solo = models.BooleanField("a studio of one", default=False)
    suspended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(slug="") & ~Q(name=""), name="studio_has_a_name")]

    def __str__(self) -> str:
        return self.name


class Seat(models.Model):
    """One person's membership in a studio."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        PRODUCER = "producer", "Producer"
        ARTIST = "artist", "Artist"
        GUEST = "guest", "Guest"

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="seats")
    studio = models.ForeignKey(Studio, on_delete=models.PROTECT, related_name="seats")
    role = models.CharField(max_length=10, choices=Role)
    created_at = models.DateTimeField(default=timezone.now)
    # A seat is ended, never deleted: what was done from it must stay traceable to it.
    ended_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "studio"], condition=Q(ended_at=None), name="seat_once_per_studio"
            ),
            models.CheckConstraint(
                condition=Q(role__in=["owner", "producer", "artist", "guest"]), name="seat_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} at {self.studio}"

    @property
    def is_open(self) -> bool:
        """Whether its person may work from it now: neither ended nor suspended, in a studio that is not suspended."""
        return self.ended_at is None and self.suspended_at is None and self.studio.suspended_at is None


class ApiKey(models.Model):
    """A program's way in, on behalf of one seat. Only a hash of the secret is kept; the prefix is what people see."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)  # a sorted list of accounts.actions.SCOPES, e.g. ["takes:read"]
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["seat", "-created_at"], name="key_by_seat")]
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(secret_hash=""), name="key_has_name_and_hash"),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")), name="key_expires_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"

    @property
    def has_ended(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and not self.has_ended

    @property
    def opens(self) -> bool:
        """Whether it lets a program in now: it is live, and so is everything it hangs on."""
        return self.is_live and self.seat.is_open and self.seat.person.is_active
