"""Addresses that requests may go to, and how the client identifies itself."""

import re
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from colorize.errors import SourceError
from colorize.sources.boards.limits import Clock

ROBOT = "colorize"
"""Our name in the User-Agent and in X-Robots-Tag."""

CONTACT = "COLORIZE_CONTACT"
"""Name of the variable that holds the contact; without one nothing starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site as the client may reach it; the real ones are constants, tests build their own.

    Attributes:
        name: of the source.
        api: origin of the API, such as ``https://danbooru.donmai.us``; credentials go nowhere else.
        files: origins of the pictures.
        ca: certificate authority to trust in place of the public ones.
        clock: the time.
        connect_s, read_s: longest wait for a connection, and for the next byte of an answer.
        deadline_s: longest time for a whole request, however steadily it drips.
    """

    name: str
    api: str
    files: tuple[str, ...]
    ca: Path | None = None
    clock: Clock = field(default_factory=Clock)
    connect_s: float = 10.0
    read_s: float = 70.0  # Danbooru allows itself 65
    deadline_s: float = 180.0

    def admits(self, url: httpx.URL) -> bool:
        """Tell whether ``url`` is of this site: https, the exact host and port, no user name."""
        return origin(url) in {self.api, *self.files} and not url.userinfo

    def resolve(self, given: str, base: str | httpx.URL = "") -> httpx.URL | None:
        """Complete a URL that the site gave, ``//host/x`` and ``/x`` included.

        Args:
            given: as it stands in an answer.
            base: what it is relative to; the API's origin unless said.

        Returns:
            None where it cannot be read or leads away from this site.
        """
        try:
            url = httpx.URL(base or self.api).join(given)
        except (httpx.InvalidURL, ValueError, TypeError):
            return None
        return url if self.admits(url) else None

    def trust(self) -> ssl.SSLContext:
        """Make the TLS context: public authorities, or the given one alone."""
        if self.ca is None:
            return httpx.create_ssl_context(trust_env=False)
        return ssl.create_default_context(cafile=self.ca)


def origin(url: httpx.URL) -> str:
    """Scheme, host and, where it is not the usual one, port."""
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.raw_host.decode('ascii')}{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who asks.

    Attributes:
        user_agent: our name, version and contact.
        basic: login and key for the API, or None; never shown.
        query: credentials that a site takes in the query instead; never shown.
    """

    user_agent: str
    basic: tuple[str, str] | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Credentials in every spelling in which a site might repeat them, longest first."""
        plain = [*self.query.values()]
        if self.basic:
            joined = ":".join(self.basic)
            plain += [self.basic[1], joined, b64encode(joined.encode()).decode()]
        spelt = {form for word in plain for form in (word, quote(word, safe=""), escape(word))}
        return tuple(sorted(spelt - {""}, key=lambda word: (-len(word), word)))


def user_agent(environment: Mapping[str, str], user_id: str = "") -> str:
    """Name ourselves honestly, with a contact from the environment.

    Args:
        environment: holds `CONTACT`, an e-mail address or the address of a page.
        user_id: number of the account on the site, so that its operators can write to it.

    Raises:
        SourceError: there is no contact, or it is none.
    """
    contact = environment.get(CONTACT, "").strip()
    told = f"set {CONTACT} to your e-mail address or a page about you, so that a site can reach you"
    if not contact:
        raise SourceError(f"no contact: {told}")
    plain = contact.isascii() and contact.isprintable() and not set(contact) & set("() ;")
    if not plain or not _is_reachable(contact):
        raise SourceError(f"{CONTACT} is '{contact}': {told}")
    if user_id and not user_id.isdecimal():
        raise SourceError(f"user id '{user_id}' is no number: it is in the address of your profile")
    user = f"; user #{user_id}" if user_id else ""
    return f"{ROBOT}/{version('colorize')} (+{contact}{user})"


def _is_reachable(contact: str) -> bool:
    """Tell whether it has the form of an e-mail address, or of the address of a page."""
    if re.fullmatch(r"[^@]+@[^@]+", contact) and "://" not in contact:
        return True
    try:
        parts = urlsplit(contact)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and re.search(r"\w\.\w", host) is not None


def pair(environment: Mapping[str, str], first: str, second: str) -> tuple[str, str] | None:
    """Read two variables that mean something only together; None where neither is set.

    Raises:
        SourceError: one of them is missing.
    """
    values = environment.get(first, ""), environment.get(second, "")
    if all(values):
        return values
    if any(values):
        missing = second if values[0] else first
        raise SourceError(f"{missing} is not set, but its partner is: set both or neither")
    return None
