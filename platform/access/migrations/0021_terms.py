import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from audit.append_only import AppendOnly


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0030_lab_people'),
        ('accounts', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TermsVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(unique=True)),
                ('title', models.CharField(max_length=120)),
                ('text', models.TextField()),
                ('summary', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='TermsAcceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('how', models.CharField(choices=[('invitation', 'Coming in'), ('again', 'Asked again')], max_length=10)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='terms_accepted', to=settings.AUTH_USER_MODEL)),
                ('seat', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.seat')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='access.termsversion')),
            ],
        ),
        migrations.AddConstraint(
            model_name='termsversion',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1), models.Q(('title', ''), _negated=True)), name='terms_number_and_title'),
        ),
        migrations.AddConstraint(
            model_name='termsversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('published_at', None), ('published_by', None)), models.Q(('published_at__isnull', False), models.Q(('text', ''), _negated=True)), _connector='OR'), name='terms_published_say_something'),
        ),
        migrations.AddConstraint(
            model_name='termsacceptance',
            constraint=models.UniqueConstraint(fields=('person', 'version'), name='terms_accepted_once'),
        ),
        migrations.AddConstraint(
            model_name='termsacceptance',
            constraint=models.CheckConstraint(condition=models.Q(('how__in', ['invitation', 'again'])), name='terms_accepted_in_a_known_way'),
        ),
        AppendOnly("termsversion", once="published_at"),
        AppendOnly("termsacceptance"),
    ]
