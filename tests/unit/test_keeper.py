"""Where the record is kept when storage works, throws, lies, or belongs to a newer version."""

import json
from dataclasses import replace

import pytest

from record import ledger
from record.keeper import ASIDE, MAX_ASIDE, MAX_ASIDE_LETTERS, OWN_KEY, Keeper
from state import store
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


def document(context):
    """An exported file with one answer."""
    return ledger.write(None, native.answered(native.start(context), "act1.prediction", "about_20").record, {}, NOW)[0]


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
    assert not keeper.read().whole
    keeper.save(record(), {}, NOW)
    assert sorted(text for key, text in shelf.texts.items() if key.startswith(ASIDE)) == ["[also broken", "{broken"]


NEWER = json.dumps({"history": {"v2_10": {"kv_cache_lab": {"schema": 99}}}})


def test_what_a_newer_version_or_a_neighbour_wrote_is_left_alone_and_blocks_neither_saving_nor_clearing():
    shelf = Shelf(**{ledger.KEY: NEWER})
    keeper = Keeper(shelf)
    kept = keeper.save(record(), {}, NOW)
    assert (kept.saved, kept.reading.problem) == (store.DEVICE, (ledger.Note("newer"),))
    assert locked(Keeper(shelf).read())["option"] == "about_50"
    assert "about_50" in keeper.export("dict", NOW)
    assert locked(keeper.import_(document("throughput"), NOW)) is not None
    assert keeper.read().whole
    assert keeper.clear(NOW).reading.record.facts == () == Keeper(shelf).read().reading.record.facts
    assert shelf.texts[ledger.KEY] == NEWER
    assert not any(key.startswith(ASIDE) for key in shelf.texts)


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


# --- neighbours: every project of a user's Pages has this origin ---------------------------------------------------------


@pytest.mark.parametrize(
    "spoil",
    [
        lambda shelf: shelf.texts.pop(ledger.KEY),
        lambda shelf: shelf.texts.update({ledger.KEY: ""}),
        lambda shelf: shelf.texts.update({ledger.KEY: "{}"}),
        lambda shelf: shelf.texts.update({ledger.KEY: "{broken"}),
        lambda shelf: shelf.texts.update({ledger.KEY: NEWER}),
        lambda shelf: shelf.texts.update({ledger.KEY: json.dumps({"history": {"1": {}}})}),
        lambda shelf: shelf.texts.update({ledger.KEY: "x" * 1_000_000}),
        lambda shelf: shelf.texts.pop(OWN_KEY),
        lambda shelf: shelf.texts.update({OWN_KEY: "{broken"}),
        lambda shelf: shelf.texts.update({OWN_KEY: "x" * 1_000_000}),
        lambda shelf: shelf.texts.update({OWN_KEY: json.dumps({"kv_cache_lab": {"schema": 99}})}),
    ],
)
@pytest.mark.parametrize("open_", [True, False], ids=["open", "closed"])
def test_whichever_copy_another_page_spoils_nothing_is_lost_and_every_copy_is_whole_again(spoil, open_):
    shelf = Shelf()
    keeper = Keeper(shelf)
    keeper.save(record(), {}, NOW)
    spoil(shelf)
    keeper = keeper if open_ else Keeper(shelf)
    kept = keeper.read()
    assert locked(kept)["option"] == "about_50"
    keeper.save(kept.reading.record, {}, NOW)
    again = Keeper(shelf).read()
    assert locked(again)["option"] == "about_50"
    assert keeper.read().whole  # whoever reads has nothing more to write
    left_alone = shelf.texts[ledger.KEY] in (NEWER, "x" * 1_000_000)
    assert left_alone or locked(Keeper(Shelf(**{ledger.KEY: shelf.texts[ledger.KEY]})).read())


def test_two_hundred_spoilt_texts_leave_a_few_copies_the_first_ones_among_them():
    shelf = Shelf()
    keeper = Keeper(shelf)
    keeper.save(record(), {}, NOW)
    for number in range(200):
        shelf.texts[ledger.KEY] = f"{{broken {number}" + "x" * (number % 4) * 60_000
        kept = keeper.save(keeper.read().reading.record, {}, NOW)
        assert (kept.saved, locked(kept)["option"]) == (store.DEVICE, "about_50")
    aside = [text for key, text in shelf.texts.items() if key.startswith(ASIDE)]
    assert len(aside) == MAX_ASIDE and sum(map(len, aside)) <= MAX_ASIDE * MAX_ASIDE_LETTERS
    assert {text.rstrip("x") for text in aside} == {"{broken 0", "{broken 1", "{broken 2", "{broken 199"}


def test_a_slider_costs_nothing_that_grows_with_what_a_neighbour_keeps():
    big = json.dumps({"history": {"1": {"a": "x" * 4_000_000}}})
    shelf = Counting(**{ledger.KEY: big})
    keeper = Keeper(shelf)
    keeper.read()
    keeper.save(record(), {}, NOW)
    assert json.loads(shelf.texts[ledger.KEY])["history"]["1"] == {"a": "x" * 4_000_000}
    shelf.asked.clear()
    for load in range(5):
        moved = replace(record(), settings={"controls": {"latency": {"act2.a.load": load}}})
        assert keeper.save(moved, {}, NOW).saved == store.DEVICE
    assert ledger.KEY not in shelf.asked
    assert Keeper(shelf).read().reading.record.settings["controls"]["latency"]["act2.a.load"] == 4


class Counting(Shelf):
    """A storage that knows which keys it was asked about."""

    def __init__(self, **texts):
        super().__init__(**texts)
        self.asked = []

    def get(self, key):
        self.asked.append(key)
        return super().get(key)

    def set(self, key, text):
        self.asked.append(key)
        super().set(key, text)


# --- clearing, in more than one tab --------------------------------------------------------------------------------------


def test_what_was_cleared_is_brought_back_by_no_second_tab_old_copy_or_neighbour():
    shelf = Shelf()
    one, two = Keeper(shelf, has_mirror=True), Keeper(shelf)
    one.save(record(), {}, NOW)
    one.heard(one.due())
    before, mirrored = dict(shelf.texts), one.mirror
    mine = two.read().reading.record
    one.clear(NOW)
    assert two.save(mine, {}, NOW).reading.record.facts == ()
    assert one.read().reading.record.facts == ()
    shelf.texts[ledger.KEY] = before[ledger.KEY]  # another lab that had read it earlier writes all of it
    assert Keeper(shelf).read().reading.record.facts == ()
    late = Keeper(shelf)
    late.heard(mirrored)  # the mirror had not heard of it yet
    assert late.read().reading.record.facts == ()
    for key in (OWN_KEY, ledger.KEY):
        shelf.texts[key] = before[key]  # the browser ended before it wrote
    killed = Keeper(shelf, has_mirror=True)
    killed.heard(one.due())
    assert killed.read().reading.record.facts == ()


def test_a_file_imported_after_clearing_is_there_for_every_tab():
    shelf = Shelf()
    one, two = Keeper(shelf), Keeper(shelf)
    one.save(record(), {}, NOW)
    file = one.export("dict", NOW)
    one.clear(NOW)
    seen = two.read().reading.record
    assert locked(one.import_(file, NOW))["option"] == "about_50"
    assert locked(two.save(seen, {}, NOW))["option"] == "about_50" == locked(Keeper(shelf).read())["option"]


# --- the mirror ----------------------------------------------------------------------------------------------------------


def test_saved_on_this_device_is_said_once_the_mirror_has_it():
    keeper = Keeper(Shelf(), has_mirror=True)
    keeper.heard(None)
    assert keeper.read().saved == store.DEVICE and keeper.due() is None  # nothing to keep
    assert keeper.save(record(), {}, NOW).saved == store.SAVING
    due = keeper.due()
    keeper.heard(due)
    assert keeper.status() == (store.DEVICE, None) and keeper.due() is None
    moved = replace(record(), settings={"context": "throughput"})
    assert keeper.save(moved, {}, NOW).saved == store.DEVICE  # a slider waits for no disk


def test_a_browser_that_ends_before_it_writes_loses_nothing_that_was_called_saved():
    shelf = Shelf()
    keeper = Keeper(shelf, has_mirror=True)
    keeper.save(record(), {}, NOW)
    keeper.heard(keeper.due())
    mirrored = keeper.mirror
    for left in ({}, {ledger.KEY: document("throughput")}):
        again = Keeper(Shelf(**left), has_mirror=True)
        again.heard(mirrored)
        kept = again.read()
        assert locked(kept)["option"] == "about_50"
        assert not kept.whole  # and what was lost is written again
        assert again.save(kept.reading.record, {}, NOW).reading.record.facts == kept.reading.record.facts
        assert Keeper(again.storage).read().whole


def test_two_tabs_whose_mirror_holds_the_others_text_unite_them():
    shelf = Shelf()
    one, two = Keeper(shelf, has_mirror=True), Keeper(Shelf(), has_mirror=True)
    one.save(record(), {}, NOW)
    two.save(native.answered(native.start("throughput"), "act1.prediction", "about_20").record, {}, NOW)
    two.heard(one.due())
    two.read()
    assert len(ledger.read_own(two.due()).record.facts) == 2


@pytest.mark.parametrize("refuses", ["get set", "set", "lie"])
def test_where_the_mirror_alone_keeps_the_work_it_is_saved_and_where_nothing_does_that_is_said(refuses):
    shelf = Shelf()
    shelf.refuses = refuses
    keeper = Keeper(shelf, has_mirror=True)
    keeper.heard(None)
    assert keeper.save(record(), {}, NOW).saved == store.SAVING
    keeper.heard(keeper.due())
    assert keeper.status() == (store.DEVICE, None)
    keeper.lost()
    assert keeper.status() == (store.PAGE, "storage_blocked" if "get" in refuses else "storage_full")
    assert keeper.status() == (store.PAGE, None)


def test_a_damaged_mirror_is_none():
    for text in ("{broken", "[]", "7"):
        keeper = Keeper(Shelf(), has_mirror=True)
        keeper.heard(text)
        assert keeper.save(record(), {}, NOW).saved == store.SAVING
        assert ledger.read_own(keeper.due()).record.facts
