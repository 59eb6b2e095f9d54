"""The Celery app: wakes workers, runs periodic work, holds nothing that matters (the database is the queue)."""

from celery import Celery

app = Celery("stagedoor")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
