from django.apps import AppConfig


class TakesConfig(AppConfig):
    name = "takes"

    def ready(self) -> None:
        from takes import metrics, withdrawals  # noqa: F401 (receivers connect when imported)

        metrics.register_all()
