"""Who may ask the studio, how much, and what no request can do."""

import io
import json
import socket
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest

from colorize.studio.guard import BODY_BYTES
from tests.studio.conftest import Served, files_of

Page = Callable[..., bytes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outside") / "work"


@pytest.fixture(scope="module")
def served(serve: Callable[..., Served], folder: Path, model_path: Path) -> Served:
    return serve("studio", "--folder", folder, "--model", model_path)


def raw(served: Served, request: bytes, *, wait: float = 20) -> bytes:
    """Send bytes as they are, and give all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=wait) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
            if b"\r\n\r\n" in answer:
                break
    return answer


def status(served: Served, method: str, path: str = "api/project", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.Client(trust_env=False, timeout=60) as client:
        return client.request(method, served.url + path, headers=named).status_code


def test_it_listens_on_the_loopback_alone(served: Served) -> None:
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(served.process.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_another_host_is_refused(served: Served) -> None:
    """A name that somebody lets point to 127.0.0.1 (DNS rebinding) is not this server's."""
    port = served.port
    assert status(served, "GET", host=f"127.0.0.1:{port}") == 200
    assert status(served, "GET", host=f"localhost:{port}") == 200
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}"):
        assert status(served, "GET", host=host) == 421, host
    path = served.url.removeprefix(served.origin).encode()
    two = b"GET %sapi/project HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nHost: evil\r\n\r\n" % (path, port)
    assert raw(served, two).split()[1] in (b"400", b"421")
    assert raw(served, b"GET %sapi/project HTTP/1.0\r\n\r\n" % path).split()[1] == b"421"


def test_nothing_is_found_without_the_token(served: Served) -> None:
    token = served.url.removeprefix(served.origin).strip("/")
    assert len(token) >= 32
    with httpx.Client(trust_env=False, timeout=60) as client:
        for path in ("", "/", "/api/project", "/static/main.js", f"/{token[:-1]}/", "/%00/", "//"):
            assert client.get(served.origin + path).status_code == 404, path


def test_only_its_own_page_changes_anything(served: Served) -> None:
    own = served.origin
    change: dict[str, Any] = {"json": {}, "timeout": 60}
    with httpx.Client(trust_env=False) as client:
        for origin in (
            None,
            "null",
            "http://evil.example",
            own.replace("http", "https"),
            own + "1",
        ):
            headers = {"origin": origin} if origin else {}
            answer = client.put(served.url + "api/settings", headers=headers, **change)
            assert answer.status_code == 403, origin
            answer = client.delete(served.url + "api/pages", headers=headers, timeout=60)
            assert answer.status_code == 403, origin
        answer = client.put(served.url + "api/settings", headers={"origin": own}, **change)
        assert answer.status_code == 200


def test_other_pages_read_nothing(served: Served) -> None:
    assert status(served, "GET", origin="http://evil.example") == 403
    assert status(served, "GET", sec_fetch_site="cross-site", sec_fetch_mode="no-cors") == 403
    assert status(served, "GET", sec_fetch_site="same-site", sec_fetch_mode="cors") == 403
    assert status(served, "GET", "", sec_fetch_site="cross-site", sec_fetch_mode="navigate") == 200


def test_every_answer_has_a_strict_policy(served: Served) -> None:
    for path in ("", "static/main.js", "api/project", "no/such/thing"):
        answer = served.client.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'"), path
        assert "unsafe" not in policy
        assert "*" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    refused = httpx.get(served.origin, trust_env=False)
    assert "content-security-policy" in refused.headers
    assert "access-control-allow-origin" not in refused.headers


def test_the_page_asks_nobody_else(served: Served) -> None:
    names = ["", *(f"static/{name}" for name in ("studio.css", "main.js", "strings.en.json"))]
    for name in names:
        text = served.client.get(name).text
        assert "//" not in text.replace("http://www.w3.org/2000/svg", "").replace("// ", ""), name


def test_a_body_that_is_too_long_is_refused_before_it_is_read(served: Served) -> None:
    path = served.url.removeprefix(served.origin)
    host = served.origin.removeprefix("http://")
    head = f"Host: {host}\r\nOrigin: {served.origin}\r\n"
    announced = f"PUT {path}api/settings HTTP/1.1\r\n{head}Content-Length: {BODY_BYTES + 1}\r\n\r\n"
    assert raw(served, announced.encode()).split()[1] == b"413"
    huge = f"POST {path}api/pages HTTP/1.1\r\n{head}Content-Length: {10**18}\r\n\r\n"
    assert raw(served, huge.encode()).split()[1] == b"413"


def test_a_body_that_grows_too_long_is_refused(served: Served) -> None:
    def endless() -> Any:
        for _ in range(3 * BODY_BYTES // 65536):
            yield bytes(65536)

    try:
        answer = served.client.put("api/settings", content=endless())
    except httpx.TransportError:  # closed while this was still sending
        pass
    else:
        assert answer.status_code == 413
    assert served.client.get("api/project").status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"[" * 100_000,
        b'{"temperature": "hot"}',
        b'{"temperature": NaN}',
        b'{"saturation": 1e999}',
        b'{"saturation": ' + b"9" * 400 + b"}",
        b'{"saturation": null}',
        b'{"tone": true}',
        b'{"hues": 1.1}',
        b'{"brightness": 0}',
        b'{"tone": -0.1}',
        b'{"domain": "lines"}',
        b'{"domain": ["ink"]}',
        b'{"domain": "ink"}',
        b'{"folder": "/etc"}',
        b"\xff\xfe",
    ],
)
def test_settings_that_make_no_sense_are_refused(served: Served, content: bytes) -> None:
    before = served.project()["settings"]
    answer = served.client.put("api/settings", content=content)
    assert answer.status_code == 422
    assert "\n" not in answer.json()["error"]
    assert served.project()["settings"] == before


@pytest.mark.parametrize(
    "hints",
    [
        None,
        {},
        [1],
        [{"x": 0.5, "y": 0.5}],
        [{"x": 2, "y": 0.5, "color": "#ffffff"}],
        [{"x": "0.5", "y": 0.5, "color": "#ffffff"}],
        [{"x": True, "y": 0.5, "color": "#ffffff"}],
        [{"x": 0.5, "y": 0.5, "color": "red"}],
        [{"x": 0.5, "y": 0.5, "color": "#ffffff; background: url(//evil)"}],
        [{"x": 0.5, "y": 0.5, "color": "#ffffff", "radius": 9}],
        [{"x": 0.5, "y": 0.5, "color": "#ffffff"}] * 1001,
    ],
)
def test_hints_that_make_no_sense_are_refused(served: Served, page: Page, hints: Any) -> None:
    (added,) = served.add("h.png", page()).json()
    answer = served.client.put(f"api/pages/{added}/hints", json={"hints": hints})
    assert answer.status_code == 422
    (found,) = (one for one in served.project()["pages"] if one["id"] == added)
    assert found["hints"] == []
    served.client.delete(f"api/pages/{added}")


def bomb() -> bytes:
    """A PNG that announces 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            # ZipInfo carries no date: an archive of today would give each process other test ids.
            file.writestr(zipfile.ZipInfo(name), b"not a picture")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.png", b"hello"),
        ("empty.png", b""),
        ("bomb.png", bomb()),
        ("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("page.html", b"<script>alert(1)</script>"),
        ("anim.gif", b"GIF89a"),
        ("book.cbz", b"Rar!\x1a\x07\x00"),
        ("book.cbr", b"Rar!\x1a\x07\x00"),
        ("torn.cbz", zipped("1.png")[:40]),
        ("none.cbz", zipped("readme.txt")),
        ("out.cbz", zipped("../../../evil.png", "/etc/evil.png", "C:/evil.png")[:-30]),
        ("", b"x"),
        ("page", b"x"),
    ],
)
def test_files_that_are_no_pages_are_refused(
    served: Served, folder: Path, name: str, content: bytes
) -> None:
    before = files_of(folder.parent)
    answer = served.add(name, content)
    assert answer.status_code == 422, answer.text
    assert "\n" not in answer.json()["error"]
    assert files_of(folder.parent) == before


def test_names_are_text_and_never_places(served: Served, folder: Path, page: Page) -> None:
    names = [
        "../../../../outside.png",
        "/etc/passwd.png",
        "C:\\windows\\evil.png",
        "<img src=x onerror=alert(1)>.png",
        "a\r\nSet-Cookie: x=1\0.png",
        "第1話.png",
        "long " * 100 + ".png",
    ]
    before = files_of(folder.parent)
    added = [served.add(name, page()).json()[0] for name in names]
    pages = {one["id"]: one["name"] for one in served.project()["pages"]}
    shown = [pages[one] for one in added]
    assert shown[0] == "outside.png"
    assert shown[1] == "etc/passwd.png"
    assert shown[2] == "windows/evil.png"
    assert shown[3:6] == [names[3], "aSet-Cookie: x=1.png", names[5]]
    assert len(shown[6]) <= 200
    for one in added:
        answer = served.client.get(f"api/pages/{one}/file/painted")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        assert answer.headers["content-type"] == "application/octet-stream"
    new = files_of(folder.parent) - before
    made = {name for name in new if not name.startswith("work/cache/")}
    assert all(name.startswith("work/") for name in new)
    assert {name.rsplit("/", 1)[0] for name in made} <= {"work/sources", "work"}
    for one in added:
        assert served.client.delete(f"api/pages/{one}").status_code == 204
    assert not any(name.startswith("work/sources/") for name in files_of(folder.parent) - before)


@pytest.mark.parametrize(
    "path",
    [
        "static/../app.py",
        "static/%2e%2e/app.py",
        "static/..%2fapp.py",
        "static/%2fetc%2fpasswd",
        "static/main.js%00",
        "api/pages/..%2f..%2fproject.json/view/painted-0",
        "api/pages/0123456789abcdef/view/painted-0",
        "api/pages/0123456789abcdef/hints",
        "../",
    ],
)
def test_no_path_leads_elsewhere(served: Served, path: str) -> None:
    address = served.url.removeprefix(served.origin) + path
    host = served.origin.removeprefix("http://")
    answer = raw(served, f"GET {address} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.split()[1] in (b"404", b"405"), path


def test_views_and_forms_are_those_that_there_are(served: Served, page: Page) -> None:
    (added,) = served.add("v.png", page()).json()
    for path in (
        "view/huge",
        "view/",
        "view/painted",
        "view/painted-6",
        "view/thumb-0",
        "file/exe",
        "likely",
        "likely?x=nan&y=0",
        "likely?x=2&y=0",
    ):
        answer = served.client.get(f"api/pages/{added}/{path}")
        assert answer.status_code in (404, 422), path
    served.client.delete(f"api/pages/{added}")


def test_a_thousand_malformed_requests_change_nothing(served: Served, folder: Path) -> None:
    random = np.random.default_rng(0)
    path = served.url.removeprefix(served.origin).encode()
    host = served.origin.removeprefix("http://").encode()
    good = b"PUT %sapi/settings HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\n" % (path, host, host)
    good += b"Content-Length: 2\r\n\r\n{}"
    before = files_of(folder.parent), served.project()
    process = psutil.Process(served.process.pid)
    size = process.memory_info().rss
    for number in range(1000):
        request = bytearray(good)
        for _ in range(random.integers(1, 12)):
            place = int(random.integers(len(request)))
            if number % 3 == 0:
                del request[place]
            elif number % 3 == 1:
                request[place] = int(random.integers(256))
            else:
                request.insert(place, int(random.integers(256)))
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
            connection.sendall(request)
            if number % 10 == 0:
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
    time.sleep(1)
    assert served.process.poll() is None
    assert (files_of(folder.parent), served.project()) == before
    assert process.memory_info().rss - size < 50_000_000


def test_web_sockets_are_refused(served: Served) -> None:
    path = served.url.removeprefix(served.origin)
    host = served.origin.removeprefix("http://")
    upgrade = (
        f"GET {path}api/events HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    answer = raw(served, upgrade.encode()).split(b"\r\n")[0]
    assert answer.startswith(b"HTTP/1.1 ")
    assert b" 101 " not in answer


def test_windows_that_are_too_many_are_told_so(served: Served) -> None:
    path = served.url.removeprefix(served.origin)
    host = served.origin.removeprefix("http://")
    request = f"GET {path}api/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    listening = []
    for _ in range(17):
        connection = socket.create_connection(("127.0.0.1", served.port), timeout=20)
        connection.sendall(request)
        listening.append((connection, connection.recv(300).split()[1]))
    assert [code for _, code in listening] == [b"200"] * 16 + [b"503"]
    for connection, _ in listening:
        connection.close()
    deadline = time.monotonic() + 60  # their places are free again
    while raw(served, request).split()[1] != b"200":
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_second_window_hears_of_a_change(served: Served, page: Page) -> None:
    with served.client.stream("GET", "api/events") as events:
        lines = events.iter_lines()
        assert next(lines) == "retry: 1000"
        (added,) = served.add("two.png", page()).json()
        told = (json.loads(line[6:]) for line in lines if line.startswith("data: "))
        assert next(told) == {"type": "project"}
        painted = next(event for event in told if event["type"] == "page")
        assert painted["page"]["id"] == added
    served.client.delete(f"api/pages/{added}")


def test_hints_that_another_window_has_changed_are_not_overwritten(
    served: Served, page: Page
) -> None:
    (added,) = served.add("both.png", page()).json()
    (known,) = (one for one in served.project()["pages"] if one["id"] == added)
    hint = {"x": 0.5, "y": 0.5, "color": "#112233"}
    body = {"hints": [hint], "revision": known["revision"]}
    first = served.client.put(f"api/pages/{added}/hints", json=body)
    assert first.status_code == 200
    assert first.json()["at"] > known["at"]  # by which a browser tells the newer of two answers
    late = served.client.put(f"api/pages/{added}/hints", json={**body, "hints": []})
    assert late.status_code == 409
    assert [one["color"] for one in late.json()["hints"]] == ["#112233"]
    served.client.delete(f"api/pages/{added}")
