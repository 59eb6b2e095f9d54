from django.apps import AppConfig


class TakesConfig(AppConfig):
    name = "takes"
