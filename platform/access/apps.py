from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "access"

    def ready(self) -> None:
        """Let every room that has cards for the lead's first page register them."""
        for room in iter_modules([self.path]):
            if room.ispkg and find_spec(f"access.{room.name}.cards"):
                import_module(f"access.{room.name}.cards")
