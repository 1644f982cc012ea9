"""Telling people of alerts: by webhook or mail, each once, whoever ran the refresh.

    IL6_HOME/told.json    topic -> hash of what was last said of it

Belongs here: sending, and remembering what was sent. Does not belong here: what is worth an alert
(`alerts`, the checks of the assets, `freshness`). What is sent holds no patient.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from il6_platform.files import write_whole
from il6_platform.settings import read_settings

NAME = "told.json"
MOST = 500
"""Topics that are remembered."""


def can_tell() -> bool:
    """Say whether the environment names somebody to tell."""
    settings = read_settings()
    return bool(settings.alert_webhook or settings.alert_email)


def tell_once(home: Path, topic: str, title: str, sentences: Sequence[str]) -> bool:
    """Send an alert where it says something else than the last one on its topic.

    Parameters
    ----------
    topic
        What it is about, such as a study's refresh.
    sentences
        Nothing to say ends the topic: the same words are news when they come again.

    Returns
    -------
    bool
        Whether it was sent.

    Raises
    ------
    OSError
        Where nobody takes it; it counts as not sent.
    """
    if not can_tell():
        return False
    # most looks for news have nothing to say, and nobody to tell it
    from filelock import FileLock

    with FileLock(home / f"{NAME}.lock", mode=0o600):
        told = _told(home / NAME)
        said = hashlib.sha256("\n".join(sentences).encode()).hexdigest()
        if told.get(topic) == said or (not sentences and topic not in told):
            return False
        if sentences:
            tell(title, sentences)
        told.pop(topic, None)
        told |= {topic: said} if sentences else {}
        write_whole(home / NAME, json.dumps(dict([*told.items()][-MOST:]), indent=1))
    return bool(sentences)


def _told(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        # to hear of something twice is better than not at all
        return {}


def tell(title: str, sentences: Sequence[str]) -> None:
    """Send an alert by the webhook, the e-mail or both that the environment names.

    Raises
    ------
    OSError
        Where nobody takes it.
    """
    import smtplib
    import urllib.request
    from email.message import EmailMessage

    text = "\n".join([title, *sentences])
    settings = read_settings()
    webhook, address = settings.alert_webhook, settings.alert_email
    if webhook:
        request = urllib.request.Request(
            webhook,
            data=json.dumps({"text": text}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10):
            pass
    if address:
        host, _, port = settings.smtp.partition(":")
        message = EmailMessage()
        message["Subject"], message["To"] = f"Alert: {title}", address
        message["From"] = settings.alert_from or address
        message.set_content(text)
        with smtplib.SMTP(host, int(port or 25), timeout=10) as server:
            server.send_message(message)
