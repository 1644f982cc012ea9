"""A folder elsewhere: files by HTTPS, S3 or SFTP, through fsspec."""

from __future__ import annotations

from pathlib import Path

import fsspec

from il6_platform.errors import UsageError
from il6_platform.registry.connectors.delivery import Fetched
from il6_platform.registry.connectors.errors import unreachable
from il6_platform.registry.formats.sheets import MAX_BYTES
from il6_platform.registry_file import FolderSource


def fetch(name: str, source: FolderSource, key: str | None) -> list[Fetched]:
    """Return the files of a folder that its pattern names.

    Raises
    ------
    UsageError
        Where fsspec lacks the library of the protocol (s3fs, paramiko).
    SourceError
        Where the folder cannot be reached, holds no such file, or one that is too large.
    """
    protocol = source.url.partition("://")[0]
    try:
        # a folder is looked at anew: another file may lie there than a minute ago
        asked = {**_options(protocol, source, key), "skip_instance_cache": True}
        files, root = fsspec.core.url_to_fs(source.url, **asked)
    except ImportError as error:
        raise UsageError(
            f"registry file, key connectors.{name}.url: {protocol} needs a library more ({error})"
        ) from None
    except Exception as error:  # every protocol has errors of its own
        raise unreachable(name, f"the folder cannot be reached ({error})", key) from None
    made = []
    try:
        top = f"{root.rstrip('/')}/"
        for path in sorted(map(str, files.glob(f"{top}{source.files}"))):
            size = files.info(path).get("size") or 0
            if size > MAX_BYTES:
                raise unreachable(name, f"a file has more than {MAX_BYTES} bytes", key)
            # files of two folders below may be called the same
            below = path.removeprefix(top).replace("/", "_")
            made.append(Fetched(below, files.cat_file(path)))
    except UsageError:
        raise
    except Exception as error:
        raise unreachable(name, f"the folder cannot be read ({error})", key) from None
    if not made:
        raise unreachable(name, f"the folder holds no file {source.files}", key)
    return made


def _options(protocol: str, source: FolderSource, key: str | None) -> dict[str, object]:
    """Return how each protocol is told who asks."""
    if protocol in ("http", "https"):
        headers = {"Authorization": f"Bearer {key}"} if key and not source.user else {}
        return {"client_kwargs": {"headers": headers}, "use_listings_cache": False}
    if protocol == "s3":
        return {"key": source.user, "secret": key} if key else {}
    if protocol in ("sftp", "ssh"):
        policy = {"host_key_policy": _known_hosts()}
        return {"username": source.user, "password": key, **policy}
    return {}


def _known_hosts() -> object:
    """Return what lets a password go only to a server whose key is in `~/.ssh/known_hosts`."""
    import paramiko

    class KnownHosts(paramiko.MissingHostKeyPolicy):
        def missing_host_key(self, client: object, hostname: str, key: paramiko.PKey) -> None:
            file = Path.home() / ".ssh" / "known_hosts"
            known = paramiko.HostKeys(str(file) if file.exists() else None)
            if not known.check(hostname, key):
                raise paramiko.SSHException(
                    f"the key of {hostname} is not in {file}; connect to it once by ssh, and "
                    "compare the key with the one that its administrator gives"
                )

    return KnownHosts()
