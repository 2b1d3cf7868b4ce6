"""The site while it is worked on: what changes is built again, what is open hears of it, what is refused is said."""

import threading
import urllib.request

import pytest

from tools import watching
from tools.trouble import BuildError

PATIENCE_S = 20


@pytest.fixture
def site(tmp_path):
    """(address, builds, folder): a site of one page and one text, served."""
    (tmp_path / "index.html").write_text("<html><head></head><body>Hello</body></html>")
    (tmp_path / "words.txt").write_text("as it is </head>")
    builds = watching.Builds()
    serving = watching.live(tmp_path, builds)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}", builds, tmp_path
    serving.shutdown()
    serving.server_close()


def read(address):
    """What stands at an address."""
    with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
        return answer.read().decode(), answer.headers.get_content_type()


def test_a_page_carries_the_script_and_everything_else_is_as_it_is(site):
    address, _, _ = site
    assert read(f"{address}/") == read(f"{address}/index.html")
    page, kind = read(f"{address}/?embed=1")
    assert page.count('src="/live.js"') == 1 and "Hello" in page and kind == "text/html"
    assert read(f"{address}/words.txt")[0] == "as it is </head>"
    assert "location.reload" in read(f"{address}/live.js")[0]
    assert "unregister" in read(f"{address}/sw.js")[0]  # no kept copy in the way


def test_whoever_asks_hears_of_the_next_build(site):
    address, builds, _ = site
    assert read(f"{address}/live?known=null")[0] == "0"
    heard = []
    asking = threading.Thread(target=lambda: heard.append(read(f"{address}/live?known=0")[0]))
    asking.start()
    builds.built()
    asking.join(PATIENCE_S)
    assert heard == ["1"] or builds.after("0") == "1"


def test_a_change_is_built_and_a_refusal_is_said_and_the_watch_goes_on(tmp_path, capsys):
    builds, ended, file = watching.Builds(), threading.Event(), tmp_path / "a.toml"
    file.write_text("one")
    made, turns = [], threading.Semaphore(0)

    def build():
        made.append(file.read_text())
        turns.release()
        if made[-1] == "broken":
            raise BuildError("a.toml: not valid")

    looking = threading.Thread(target=watching.watch, args=([tmp_path], build, builds, ended))
    looking.start()
    for text in ("two, longer", "broken", "four words"):
        for _ in range(100):
            if text in made:
                break
            file.write_text(text)  # again: the watch may only have begun to look
            turns.acquire(timeout=watching.LOOK_S)
    ended.set()
    looking.join(PATIENCE_S)
    assert {"two, longer", "broken", "four words"} <= set(made)
    said = capsys.readouterr().out
    assert "a.toml: not valid" in said and "Built again in" in said and builds.count >= 2
