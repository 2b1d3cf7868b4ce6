"""Where the record is kept when storage works, throws, lies, or belongs to a newer version."""

import json

import pytest

import ledger
import store
from keeper import ASIDE, Keeper
from tests import lab as native

NOW = "2026-01-02T03:04:05.678Z"


class Shelf:
    """A storage that behaves as told."""

    def __init__(self, **texts):
        self.texts, self.refuses = dict(texts), ""

    def get(self, key):
        if "get" in self.refuses:
            raise PermissionError("SecurityError")
        return self.texts.get(key)

    def set(self, key, text):
        if "set" in self.refuses:
            raise OSError("QuotaExceededError")
        if "lie" not in self.refuses:
            self.texts[key] = text


def record(option="about_50"):
    return native.answered(native.start(), "act1.prediction", option).record


def locked(kept):
    return ledger.answered(kept.reading.record.facts, "latency", "act1.prediction")


def test_what_is_saved_is_read_back():
    keeper = Keeper(Shelf())
    assert keeper.save(record(), {}, NOW).saved == store.DEVICE
    assert locked(keeper.read())["option"] == "about_50"


@pytest.mark.parametrize("refuses", ["get set", "set", "lie"])
def test_a_storage_that_fails_leaves_the_work_in_the_page(refuses):
    shelf = Shelf()
    shelf.refuses = refuses
    keeper = Keeper(shelf)
    first = keeper.save(record(), {}, NOW)
    why = "storage_blocked" if "get" in refuses else "storage_full"  # nobody is sent to make room where none is given
    assert (first.saved, first.notice) == (store.PAGE, why)
    assert keeper.read().notice is None  # it has been said
    assert locked(keeper.read())["option"] == "about_50"
    assert "about_50" in keeper.export("dict", NOW)
    assert keeper.save(record(), {}, NOW).notice is None
    shelf.refuses = ""
    assert keeper.save(record(), {}, NOW).saved == store.DEVICE


def test_corrupt_text_is_put_aside_before_anything_is_written():
    shelf = Shelf(**{ledger.KEY: "{broken"})
    Keeper(shelf).save(record(), {}, NOW)
    assert [text for key, text in shelf.texts.items() if key.startswith(ASIDE)] == ["{broken"]


def test_a_second_corrupt_text_does_not_replace_the_first():
    shelf = Shelf(**{ledger.KEY: "{broken"})
    keeper = Keeper(shelf)
    keeper.save(record(), {}, NOW)
    shelf.texts[ledger.KEY] = "[also broken"
    keeper.save(record(), {}, NOW)
    assert sorted(text for key, text in shelf.texts.items() if key.startswith(ASIDE)) == ["[also broken", "{broken"]


def test_a_newer_versions_document_is_left_alone():
    text = json.dumps({"history": {"v2_10": {"kv_cache_lab": {"schema": 99}}}})
    shelf = Shelf(**{ledger.KEY: text})
    with pytest.raises(ledger.LedgerError):
        Keeper(shelf).save(record(), {}, NOW)
    assert shelf.texts == {ledger.KEY: text}


def test_two_tabs_agree_on_the_first_commit():
    shelf = Shelf()
    one, two = Keeper(shelf), Keeper(shelf)
    one.save(record("about_50"), {}, NOW)
    second = native.answered(native.start(), "act1.prediction", "about_5").record
    kept = two.save(second, {}, NOW)
    assert locked(kept) == locked(one.read())


def test_clearing_leaves_the_other_labs():
    shelf = Shelf(
        **{ledger.KEY: json.dumps({"track": "x", "current_step": 2, "history": {"2": {"a": 1}}, "last_updated": NOW})}
    )
    keeper = Keeper(shelf)
    keeper.save(record(), {}, NOW)
    keeper.clear(NOW)
    assert json.loads(shelf.texts[ledger.KEY])["history"] == {"2": {"a": 1}}
