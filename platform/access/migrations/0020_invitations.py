import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


ALLOWANCES = {"first-ten": 0, "studio": 5, "lab": 20}


def carry_over(apps, schema_editor) -> None:
    """Who came in so far becomes a use, at the seat that acceptance gave; who invited becomes their seat."""
    invitations, uses = (apps.get_model("access", name).objects for name in ("Invitation", "InvitationUse"))
    seats = apps.get_model("accounts", "Seat").objects
    for one in invitations.exclude(accepted_at=None).iterator():
        # An acceptance makes its seat in the same transaction, a moment before it writes down its own time.
        given = seats.filter(person_id=one.accepted_by_id, created_at__lte=one.accepted_at, came_by=None)
        if one.studio_id:
            given = given.filter(studio_id=one.studio_id)
        if seat := given.order_by("-created_at", "-pk").first():
            uses.create(invitation_id=one.pk, person_id=one.accepted_by_id, seat_id=seat.pk, at=one.accepted_at)
        invitations.filter(pk=one.pk).update(uses=1)
    for one in invitations.exclude(created_by=None).exclude(studio=None).iterator():
        seat = seats.filter(person_id=one.created_by_id, studio_id=one.studio_id, created_at__lte=one.created_at)
        invitations.filter(pk=one.pk).update(invited_by_seat=seat.order_by("-created_at", "-pk").first())
    for slug, people in ALLOWANCES.items():
        apps.get_model("access", "Tier").objects.filter(slug=slug).update(invitation_allowance=people)
    settle(schema_editor)


def carry_back(apps, schema_editor) -> None:
    """What the former version cannot say is taken back: links, and studios that their founders name."""
    invitations = apps.get_model("access", "Invitation").objects
    now = django.utils.timezone.now()
    invitations.filter(email="", revoked_at=None).update(revoked_at=now)
    invitations.filter(founder_names=True).update(founder_names=False, studio_name="A new studio", uses_allowed=1, uses=0)
    settle(schema_editor)


def settle(schema_editor) -> None:
    # PostgreSQL alters no table while checks of its rows are still to come.
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0010_applications'),
        ('accounts', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ImportBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('note', models.CharField(blank=True, max_length=1000)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ImportRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveIntegerField()),
                ('email', models.CharField(blank=True, max_length=254)),
                ('name', models.CharField(blank=True, max_length=120)),
                ('studio_name', models.CharField(blank=True, max_length=120)),
                ('role', models.CharField(blank=True, max_length=10)),
                ('days', models.PositiveSmallIntegerField(default=14)),
                ('problems', models.JSONField(default=list)),
                ('is_good', models.BooleanField()),
                ('failed', models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name='InvitationUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='invitation',
            name='invitation_to_one_studio',
        ),
        migrations.AddField(
            model_name='invitation',
            name='codes',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='invitation',
            name='domain',
            field=models.CharField(blank=True, max_length=253),
        ),
        migrations.AddField(
            model_name='invitation',
            name='founder_names',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='invitation',
            name='invited_by_seat',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invitations_made', to='accounts.seat'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='key',
            field=models.CharField(blank=True, max_length=120, null=True, unique=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='link',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='personal', to='access.invitation'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='note',
            field=models.CharField(blank=True, max_length=1000),
        ),
        migrations.AddField(
            model_name='invitation',
            name='of_allowance',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='invitation',
            name='reminded_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='uses',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='invitation',
            name='uses_allowed',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='tier',
            name='invitation_allowance',
            field=models.PositiveSmallIntegerField(default=0, help_text='People from outside that one seat may bring in within a year.'),
        ),
        migrations.AddField(
            model_name='tier',
            name='invitation_tier',
            field=models.ForeignKey(blank=True, help_text='Where the studios they found will stand; empty for the lowest tier.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='access.tier'),
        ),
        migrations.AlterField(
            model_name='invitation',
            name='email',
            field=models.EmailField(blank=True, max_length=254),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(fields=['invited_by_seat', '-created_at'], name='invitation_by_seat'),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(condition=models.Q(('accepted_at', None), ('reminded_at', None), ('revoked_at', None)), fields=['expires_at'], name='invitation_to_remind'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('founder_names', False), ('studio', None), models.Q(('studio_name', ''), _negated=True)), models.Q(('founder_names', False), ('studio__isnull', False), ('studio_name', '')), models.Q(('founder_names', True), ('studio', None), ('studio_name', '')), _connector='OR'), name='invitation_to_one_studio'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('email', ''), ('domain', ''), _connector='OR'), name='invitation_bound_to_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('uses__gte', 0), ('uses__lte', models.F('uses_allowed')), ('uses_allowed__gte', 1), ('uses_allowed__lte', 10000)), name='invitation_uses_within_limit'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('uses_allowed', 1), models.Q(('email', ''), ('studio_name', '')), _connector='OR'), name='invitation_many_use_is_a_link'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('email', ''), _negated=True), ('duties', []), _connector='OR'), name='invitation_duties_need_an_address'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('link', None), models.Q(('email', ''), _negated=True), _connector='OR'), name='invitation_by_link_is_personal'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('of_allowance', False), ('invited_by_seat__isnull', False), _connector='OR'), name='invitation_allowance_has_seat'),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='importrow',
            name='batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='access.importbatch'),
        ),
        migrations.AddField(
            model_name='importrow',
            name='invitation',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.invitation'),
        ),
        migrations.AddField(
            model_name='importrow',
            name='studio',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.studio'),
        ),
        migrations.AddField(
            model_name='importrow',
            name='tier',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.tier'),
        ),
        migrations.AddField(
            model_name='invitationuse',
            name='invitation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='access.invitation'),
        ),
        migrations.AddField(
            model_name='invitationuse',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='invitationuse',
            name='seat',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='came_by', to='accounts.seat'),
        ),
        migrations.AddIndex(
            model_name='importbatch',
            index=models.Index(condition=models.Q(('done_at', None), ('sent_at__isnull', False)), fields=['sent_at'], name='import_batch_to_send'),
        ),
        migrations.AddConstraint(
            model_name='importbatch',
            constraint=models.CheckConstraint(condition=models.Q(('done_at', None), ('sent_at__isnull', False), _connector='OR'), name='import_batch_is_sent_before_done'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.UniqueConstraint(fields=('batch', 'line'), name='import_row_once_per_line'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.CheckConstraint(condition=models.Q(('is_good', False), ('tier__isnull', False), _connector='OR'), name='import_row_good_has_tier'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.CheckConstraint(condition=models.Q(('invitation', None), models.Q(('failed', ''), ('is_good', True)), _connector='OR'), name='import_row_sent_was_good'),
        ),
        migrations.AddConstraint(
            model_name='invitationuse',
            constraint=models.UniqueConstraint(fields=('invitation', 'person'), name='invitation_used_once_per_person'),
        ),
        migrations.RunPython(carry_over, carry_back),
    ]
