from django.db import migrations

STARTING = [
    {
        "slug": "first-ten",
        "name": "First ten",
        "rank": 10,
        "models": ["starter-1"],
        "max_pixels": 512 * 288,
        "max_seconds": 5,
        "references": False,
        "api": False,
        "concurrency": 2,
        "queue_weight": 1,
        "monthly_credits": 600,
        "daily_takes": 60,
    },
    {
        "slug": "studio",
        "name": "Studio",
        "rank": 20,
        "models": ["*"],
        "max_pixels": 1280 * 720,
        "max_seconds": 10,
        "references": True,
        "api": True,
        "concurrency": 6,
        "queue_weight": 2,
        "monthly_credits": 3000,
        "daily_takes": 400,
    },
    {
        "slug": "lab",
        "name": "Lab",
        "rank": 30,
        "models": ["*"],
        "max_pixels": 1920 * 1088,
        "max_seconds": 20,
        "references": True,
        "api": True,
        "concurrency": 12,
        "queue_weight": 4,
        "monthly_credits": 20_000,
        "daily_takes": None,
    },
]


def create(apps, schema_editor) -> None:
    tiers = apps.get_model("access", "Tier").objects
    for tier in STARTING:
        tiers.get_or_create(slug=tier["slug"], defaults=tier)


def remove_unused(apps, schema_editor) -> None:
    standing = apps.get_model("access", "Standing").objects.values("tier")
    slugs = [tier["slug"] for tier in STARTING]
    apps.get_model("access", "Tier").objects.filter(slug__in=slugs).exclude(pk__in=standing).delete()


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]

    operations = [migrations.RunPython(create, remove_unused)]
