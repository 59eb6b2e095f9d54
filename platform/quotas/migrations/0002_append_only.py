from django.db import migrations

from audit.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("quotas", "0001_initial"), ("audit", "0002_append_only")]

    operations = [AppendOnly("entry")]
