"""What a record is made of, as pure functions: canonical text, leaf hash, commitments.

This form is final. A record's canonical text is RFC 8785 JSON; its leaf hash is that of RFC 6962, so that a sealer can
build the Merkle tree over the leaves as they are. Personal values never enter the text: a salted commitment does.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

import rfc8785

SALT_BYTES = 32
FORM = 1


class NotCanonical(ValueError):
    """The facts cannot be written as canonical JSON; the message names what to change."""


def canonical(content: Mapping[str, Any]) -> str:
    """`content` as RFC 8785 JSON text: one spelling for one meaning, on every machine."""
    try:
        return rfc8785.dumps(dict(content)).decode("utf-8")
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, TypeError, RecursionError) as error:
        raise NotCanonical(
            f"These facts cannot be recorded: {error}. Use text, whole numbers up to 2^53, true, false, null, lists "
            "and objects with text keys; write larger numbers, dates and ids as text."
        ) from error


def leaf_hash(text: str) -> str:
    """RFC 6962's leaf: SHA-256 over a zero byte and the text, as 64 hex digits."""
    return hashlib.sha256(b"\x00" + text.encode("utf-8")).hexdigest()


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, value: str) -> str:
    """SHA-256 over the salt and the value, as 64 hex digits. Without the salt, nobody can tell what the value was."""
    return hashlib.sha256(salt + value.encode("utf-8")).hexdigest()
