"""Reading a page the way the content security policy does."""

from html.parser import HTMLParser

FORBIDDEN = ("javascript:", "http", "//")
DATA_BLOCKS = {"application/json"}


class _Inline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") not in DATA_BLOCKS):
            self.found.append(f"<{tag}>")
        self.found += [
            f"{tag}[{name}]" for name in given if name == "style" or name.startswith("on") or name.startswith("hx-on")
        ]
        addresses = [given.get(name) or "" for name in ("href", "src", "action") if name in given]
        self.found += [
            f"{tag} → {address}" for address in addresses if address.startswith(("javascript:", "http", "//"))
        ]
        if tag == "a":
            self.links += addresses


def inline_things(html: str) -> list[str]:
    """Everything on the page that the policy would refuse: inline styles, scripts and handlers, foreign addresses."""
    reader = _Inline()
    reader.feed(html)
    return reader.found


def links(html: str) -> list[str]:
    """The addresses that the page's links lead to within the house, without fragments and queries."""
    reader = _Inline()
    reader.feed(html)
    inside = (link.partition("#")[0].partition("?")[0] for link in reader.links)
    return sorted({link for link in inside if link.startswith("/")})
