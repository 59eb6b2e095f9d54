from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from generation import catalogue
from generation.errors import InvalidCatalogue


class GenerationConfig(AppConfig):
    name = "generation"


@checks.register
def operators_catalogue_can_be_read(**options: Any) -> list[checks.CheckMessage]:
    """One error for each file in `settings.CATALOGUE` that describes no model."""
    found: list[checks.CheckMessage] = []
    for file in sorted(Path(settings.CATALOGUE).glob("*.toml")):
        try:
            catalogue.read(file)
        except InvalidCatalogue as error:
            found.append(checks.Error(str(error), id="generation.E001"))
    return found
