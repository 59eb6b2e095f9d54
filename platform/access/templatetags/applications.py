"""How an application's links are shown."""

from django import template

from access.applications import rules

register = template.Library()


@register.filter
def host(link: str) -> str:
    """The host that a link leads to, whatever else it says."""
    return rules.host_of(link)
