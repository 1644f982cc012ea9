"""Who a patient is to the platform: a keyed pseudonym, never the registry's own number."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from il6_platform.registry.values import plain


class Pseudonyms:
    """HMAC-SHA-256 pseudonyms under a key file that stays with the site.

    The key is made on first use, readable by its owner only. Without it a pseudonym cannot be
    traced to a patient, nor a guessed number be confirmed (RFC 2104).
    """

    def __init__(self, key_file: Path) -> None:
        key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "w") as stream:
                stream.write(secrets.token_hex(32))
        self._key = bytes.fromhex(key_file.read_text())

    def of(self, patient_id: str) -> str:
        """Return the pseudonym of a registry number: 16 hexadecimal digits.

        A number in full-width digits is the same number.
        """
        number = plain(patient_id)
        return hmac.new(self._key, number.encode(), hashlib.sha256).hexdigest()[:16]
