"""The log's last door: what lets somebody in never goes through it, whoever logged it."""

import logging
import re

# Codes of invitations and applications, tokens of sign-in links, keys of password resets, secrets of API keys.
_SECRETS = re.compile(r"(/join/|/apply/|sesame=|/password/[0-9A-Za-z]+-|sd_[a-z0-9]{10}_)[\w%:.~-]+")


class Console(logging.StreamHandler):
    """Writes each line without the secrets in it: Django logs the address of every request that it turns away."""

    def format(self, record: logging.LogRecord) -> str:
        return _SECRETS.sub(r"\1…", super().format(record))
