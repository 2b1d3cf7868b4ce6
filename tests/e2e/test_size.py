"""The page for engineers, as one uses it: a question in, a design out, that of the search in Python alone."""

import base64
import json
import re
from itertools import cycle

import pytest
from playwright.sync_api import expect

from sizer.form import question_of
from sizer.view import View
from sizing.plain import question_from
from sizing.search import search
from tests import lab as native
from tests.e2e.conftest import ANSWER_MS, DESK, Lab
from tests.e2e.test_axe import OPEN_ALL, PHONE, found
from tests.e2e.test_offline import Site
from tests.unit.sizing_cases import CONFIG, shipped
from tools import languages

SAY = native.shipped().at("size.page")
BY_CHANCE = native.shipped().at("size.answer.days").rpartition("}")[2].strip()
QUICK = {
    "model": ["llama-3.1-8b"],
    "gpus": ["h100-sxm"],
    "weights": ["8"],
    "cache": ["16"],
    "most_gpus": ["2"],
    "rate": ["4"],
}


def opened(visitor, page="size.html", **options):
    """The page, for a visitor who has been there before and left a small question."""
    lab = visitor(**options)
    lab.page.goto(f"{lab.origin}/{page}")
    return lab


def asked(page):
    """What the form says now."""
    return page.evaluate(
        "Object.fromEntries([...new Set(new FormData(ask).keys())].map(k => [k, new FormData(ask).getAll(k)]))"
    )


def settled(page):
    """Wait for the whole answer to what the form says."""
    expect(page.locator("#answer[aria-busy]")).to_have_count(1)
    expect(page.locator("#answer[aria-busy]")).to_have_count(0, timeout=ANSWER_MS)
    return page


def quick(page, say=SAY):
    """A question that is answered soon, asked in the page's language."""
    page.get_by_label(say["of_model"], exact=True).select_option("llama-3.1-8b")
    for gpu in page.get_by_role("group", name=say["gpus"]).get_by_role("checkbox").all():
        gpu.set_checked(gpu.get_attribute("value") == "h100-sxm")
    page.get_by_label(say["most_gpus"]).fill("4")
    return settled(page)


def natively(form):
    question = question_from(question_of(form), shipped())
    *_, answer = search(question, shipped())
    return View(native.shipped(), shipped(), question), answer


def test_a_stranger_gets_a_design_and_its_figures_are_those_of_python_alone(visitor):
    page = opened(visitor, viewport=DESK).page
    quick(page)
    view, answer = natively(asked(page))
    expect(page.get_by_role("heading", name=view.name(answer.best), exact=True)).to_be_visible()
    rows = page.get_by_role("table").get_by_role("row")
    for i, kept in enumerate(answer.best.judgement.promises, 1):
        expect(rows.nth(i)).to_contain_text(view.value(kept))
        expect(rows.nth(i)).to_contain_text(view.limit(kept))
    expect(page.locator("#progress")).to_have_text(view.progress(answer))
    others = page.get_by_role("radiogroup", name=SAY["alternatives"]).get_by_role("radio")
    expect(others).to_have_count(1 + len(answer.others))
    page.get_by_text(SAY["how"]).click()
    expect(page.locator("#known")).to_contain_text("vLLM")


def test_sliders_and_groups_of_choices_have_names(visitor):
    page = opened(visitor, viewport=DESK).page
    expect(page.get_by_role("slider", name=SAY["open"], exact=True)).to_be_visible()
    for group in ("weights", "cache"):
        expect(
            page.get_by_role("group", name=SAY[group], exact=True).get_by_role("checkbox", name=SAY["bits8"])
        ).to_be_checked()


def test_a_design_is_chosen_by_key_and_shown_whole(visitor):
    page = opened(visitor, viewport=DESK).page
    quick(page)
    radios = page.get_by_role("radiogroup", name=SAY["alternatives"]).get_by_role("radio")
    first = page.locator("#headline").inner_text()
    radios.first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#headline")).not_to_have_text(first)
    told = page.locator("#answer").get_by_role("status").filter(has_text=page.locator("#headline h2").inner_text())
    expect(told).to_contain_text(page.locator("#headline .state").first.inner_text())  # a line, and no more is read out
    expect(page.locator("[aria-live] #headline")).to_have_count(0)
    expect(radios.nth(1)).to_be_checked()
    expect(radios.nth(1)).to_be_focused()
    expect(page.locator("#promises")).to_contain_text(BY_CHANCE)  # the days of this one are simulated, too
    points = page.locator("#chart [role=img]")
    page.locator("#chart [tabindex='0']").focus()
    at = points.evaluate_all("all => all.indexOf(document.activeElement)")
    page.keyboard.press("ArrowLeft" if at else "ArrowRight")
    expect(points.nth(at - 1 if at else 1)).to_be_focused()


def test_while_a_slider_moves_the_shown_design_answers_by_its_bounds(visitor):
    page = opened(visitor, viewport=DESK).page
    quick(page)
    slider = page.get_by_role("slider").first
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", page.locator("[name=rate]").input_value())
    expect(page.get_by_role("columnheader", name=native.shipped().at("size.answer.bound_head"))).to_be_visible()
    settled(page)
    expect(page.get_by_role("columnheader", name=native.shipped().at("size.answer.value_head"))).to_be_visible()


def test_a_page_without_frames_still_gets_its_answer(visitor):
    page = quick(opened(visitor, viewport=DESK).page)
    page.evaluate("window.requestAnimationFrame = (deed) => { window.late = deed; return 1; }")
    page.locator("[name=rate]").fill("6")
    settled(page)
    page.evaluate("window.late()")
    page.evaluate("window.requestAnimationFrame = (deed) => setTimeout(deed)")
    page.locator("#designs input").first.dispatch_event(
        "change"
    )  # an answer that comes after whatever the frame asked for
    expect(page.get_by_role("columnheader", name=native.shipped().at("size.answer.value_head"))).to_be_visible()
    expect(page.get_by_role("columnheader", name=native.shipped().at("size.answer.bound_head"))).to_have_count(0)


def test_a_question_comes_back_by_link_and_prices_stay_on_the_device(visitor):
    lab = opened(visitor, viewport=DESK)
    page = quick(lab.page)
    page.get_by_text(SAY["price"], exact=True).click()
    page.get_by_label("H100 SXM, 80 GB").last.fill("2.5")
    settled(page)
    expect(page.locator("#cost")).to_contain_text("2.5")
    form, link = asked(page), page.evaluate("location.href")
    page.reload()
    settled(page)
    assert asked(page) == form
    stranger = opened(visitor, viewport=DESK)
    stranger.page.evaluate(  # put in while the page is about to write its own question there
        "link => { document.querySelector('[name=rate]').dispatchEvent(new Event('input', {bubbles: true}));"
        " const set = setTimeout; set(() => history.pushState(null, '', link), 200); }",
        link,
    )
    settled(stranger.page)
    stranger.page.reload()
    settled(stranger.page)
    theirs = asked(stranger.page)
    assert {name: value for name, value in theirs.items() if not name.startswith("price.")} == {
        name: value for name, value in form.items() if not name.startswith("price.")
    }
    assert not any(value != [""] for name, value in theirs.items() if name.startswith("price."))


def test_a_link_that_says_nothing_is_passed_over(visitor):
    page = opened(visitor, "size.html#q=%%%", viewport=DESK).page
    quick(page)
    form = asked(page)
    for spoilt in ("bm8", "A" * 5000, "eyJhIjoxfQ"):
        page.evaluate("text => { location.hash = `q=${text}` }", spoilt)
        expect(page).not_to_have_url(re.compile(spoilt))  # the page has written its own question over it
        assert asked(page) == form


def test_a_link_that_names_what_is_not_known_says_what_it_asked_for(visitor):
    asks = {"model": ["qwen9-1t"], "rate": ["5"], "gpus": ["h100-sxm"], "weights": ["16"], "cache": ["16"]}
    text = base64.urlsafe_b64encode(json.dumps(asks).encode()).decode().rstrip("=")
    page = opened(visitor, f"size.html#q={text}", viewport=DESK).page
    expect(page.get_by_text(SAY["unknown"]).locator("..")).to_have_text(f"{SAY['unknown']} qwen9-1t")
    known = base64.urlsafe_b64encode(json.dumps({**asks, "model": ["llama-3.1-8b"]}).encode()).decode().rstrip("=")
    page.evaluate("text => { location.hash = `q=${text}` }", known)
    expect(page.get_by_text(SAY["unknown"])).to_be_hidden()


def test_a_pasted_config_is_sized_and_one_that_is_none_is_refused_with_nothing_lost(visitor):
    page = opened(visitor, viewport=DESK).page
    quick(page)
    page.get_by_text(SAY["own_config"]).click()
    page.get_by_label(SAY["config"]).fill('{"architectures": ["LlamaForCausalLM"]}')
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#result")).to_be_hidden()
    before = asked(page)
    named = page.get_by_label(SAY["of_model"], exact=True).locator("option:checked")
    page.get_by_label(SAY["config"]).fill(json.dumps({**CONFIG, "_name_or_path": "mine"}))
    expect(named).to_have_text(f"{SAY['your_config']}: mine")
    page.get_by_label(SAY["config"]).fill('{"model_type": "bert"}')
    expect(named).to_have_text(SAY["your_config"])
    page.get_by_label(SAY["config"]).fill(json.dumps(CONFIG))
    settled(page)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#headline h2")).to_contain_text("H100")
    assert {**asked(page), "config": before["config"]} == before


def test_on_a_phone_a_refusal_is_seen_where_one_writes(visitor):
    page = opened(visitor, viewport=PHONE).page
    page.get_by_label(SAY["tokens"]).fill("90000")
    expect(page.get_by_role("alert")).to_be_in_viewport(ratio=1)
    expect(page.get_by_label(SAY["tokens"])).to_be_in_viewport()


LOG = """INFO 11-20 10:00:00 [utils.py:233] non-default args: {'model': 'Llama-3.1-70B-Instruct', 'tensor_parallel_size': 4}
(Worker_TP0 pid=2) INFO 11-20 10:01:00 [gpu_model_runner.py:2602] Model loading took 32.89 GiB and 30.1 seconds
(Worker_TP0 pid=2) INFO 11-20 10:01:30 [gpu_worker.py:298] Available KV cache memory: 30.00 GiB
(EngineCore_DP0 pid=1) INFO 11-20 10:01:31 [kv_cache_utils.py:1087] GPU KV cache size: 393,216 tokens
"""


def test_a_servers_log_stands_beside_the_engine_and_recalibrates_it_until_it_is_unticked(visitor):
    page = opened(visitor, viewport=DESK).page
    quick(page)
    before = page.locator("#memory").inner_text()
    page.get_by_text(SAY["log"]).click()
    page.get_by_label(SAY["log_text"]).fill("nothing that is known")
    expect(page.locator("#server")).to_contain_text("nothing that is known")
    page.get_by_label(SAY["log_text"]).fill(LOG)
    page.get_by_label(SAY["ran_on"]).select_option("h100-sxm")
    row = page.get_by_role("row", name=native.shipped().at("server.lines.kv_tokens"))
    expect(row).to_contain_text("393,216")
    page.get_by_label(SAY["reckon"]).check()
    expect(page.locator("#memory")).not_to_have_text(before, use_inner_text=True)
    settled_or_done(page)
    figures, link = numbers(page), page.evaluate("location.hash")
    page.goto(page.url.partition("/size")[0] + "/size.es.html")  # another language has the text
    expect(page.locator("#log")).to_have_value(LOG)
    settled_or_done(page)
    assert numbers(page) == figures
    page.evaluate("sessionStorage.clear(), localStorage.clear()")
    page.goto(page.url.partition("/size")[0] + "/size.html" + link)  # and a stranger the figures, without the text
    expect(page.locator("#headline")).to_contain_text("Llama-3.1-70B on H100")
    expect(page.locator("#log")).to_have_value("")
    settled_or_done(page)
    assert numbers(page) == figures
    page.get_by_text(SAY["log"]).click()
    page.get_by_label(SAY["reckon"]).uncheck()
    expect(page.locator("#memory")).to_have_text(before, use_inner_text=True)


def numbers(page):
    """The digits of the memory and of the promises, whatever the language."""
    return re.findall(r"\d+", page.locator("#memory").inner_text() + page.locator("#promises").inner_text())


def settled_or_done(page):
    """Wait until no answer is on its way."""
    expect(page.locator("#answer[aria-busy]")).to_have_count(0, timeout=ANSWER_MS)


def test_requests_of_a_file_are_the_traffic_and_a_file_that_is_none_says_why(visitor, tmp_path):
    page = opened(visitor, viewport=DESK).page
    quick(page)
    page.get_by_label(SAY["of_lengths"]).select_option("file")
    expect(page.get_by_role("alert")).to_be_visible()  # there is none yet
    wrong, right = tmp_path / "wrong.csv", tmp_path / "right.csv"
    wrong.write_text("a,b\n1,2\n", encoding="utf-8")
    rows = "".join(f"{i * 0.5},{400 + i % 300},{50 + i % 90}\n" for i in range(400))
    right.write_text(f"arrival,prompt,output\n{rows}", encoding="utf-16")
    page.get_by_label(SAY["trace_file"]).set_input_files(wrong)
    expect(page.locator("#trace-said")).to_contain_text("arrival")
    page.get_by_label(SAY["trace_file"]).set_input_files(right)
    expect(page.locator("#trace-said")).to_contain_text("400")
    expect(page.get_by_role("alert")).to_have_count(0)
    settled_or_done(page)
    assert asked(page)["rate"] == ["2.01"]
    expect(page.locator("#headline h2")).to_contain_text("H100")


DROP = """([file, selector]) => {
  const data = new DataTransfer();
  data.items.add(new File([file.text], file.name));
  document.querySelector(selector).dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data}));
}"""


def test_a_file_that_is_dropped_is_read_where_it_belongs(visitor):
    page = quick(opened(visitor, viewport=DESK).page)
    page.evaluate(DROP, [{"name": "config.json", "text": json.dumps(CONFIG)}, "main"])
    expect(page.get_by_label(SAY["config"])).to_have_value(json.dumps(CONFIG))
    lines = "".join(f"{at},{100 + at},50\n" for at in range(300))
    page.evaluate(DROP, [{"name": "mine.csv", "text": "arrival,prompt,output\n" + lines}, "#answer"])
    expect(page.locator("#trace-said")).to_contain_text("300")
    assert asked(page)["workload"] == ["file"]


def test_a_long_file_says_how_far_it_is(visitor):
    page = quick(opened(visitor, viewport=DESK).page)
    page.evaluate(
        "() => { window.seen = []; const said = document.getElementById('trace-said');"
        " new MutationObserver(() => seen.push(said.textContent)).observe(said, {childList: true, characterData: true}); }"
    )
    lines = "arrival,prompt,output\n" + "".join(f"{at},{100 + at % 900},50\n" for at in range(120_000))
    page.evaluate(DROP, [{"name": "mine.csv", "text": lines}, "main"])
    expect(page.locator("#trace-said")).to_contain_text("120,000")
    page.evaluate(DROP, [{"name": "mine.csv", "text": lines}, "main"])  # and once more
    expect(page.locator("#trace-said")).not_to_contain_text("120,000")
    expect(page.locator("#trace-said")).to_contain_text("120,000")
    shares = [int(said.split()[0]) for said in page.evaluate("seen") if said.endswith("%")]
    assert len(set(shares)) > 3 and shares[-1] > 50


def test_a_design_is_taken_along(visitor, tmp_path):
    page = opened(visitor, viewport=DESK).page
    quick(page)
    page.get_by_text(SAY["take"]).click()
    page.get_by_text("request.json", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="request.json").click()
    saved.value.save_as(tmp_path / "request.json")
    found = json.loads((tmp_path / "request.json").read_text(encoding="utf-8"))
    assert found == question_of(asked(page))
    page.get_by_text("serve.sh", exact=True).click()
    expect(page.get_by_text("vllm serve meta-llama/")).to_be_visible()


def test_the_lab_and_this_page_lead_to_one_another_in_their_language(visitor):
    lab = visitor(viewport=DESK)
    for here, there in ((languages.page(language, "size"), languages.page(language)) for language in native.LANGUAGES):
        lab.page.goto(f"{lab.origin}/{here}")
        way = lab.page.locator("header").get_by_role("link").first
        assert way.get_attribute("href") == there
        lab.page.goto(f"{lab.origin}/{there}")
        assert lab.page.locator("footer a[href^=size]").get_attribute("href") == here


def test_without_numpy_the_page_says_so(visitor):
    lab = visitor(viewport=DESK)
    lab.expects_trouble = True
    lab.page.route("**/numpy.whl", lambda route: route.fulfill(status=404, body=""))
    lab.page.goto(f"{lab.origin}/size.html")
    expect(lab.page.get_by_role("alert")).to_contain_text("numpy.whl", timeout=ANSWER_MS)


@pytest.mark.parametrize(("language", "scheme"), [*zip(native.LANGUAGES, cycle(["light", "dark"]), strict=False)])
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(visitor, language, scheme):
    lab = opened(visitor, languages.page(language, "size"), viewport=PHONE, color_scheme=scheme)
    lab.page.evaluate(OPEN_ALL)
    quick(lab.page, native.in_language(language).at("size.page"))
    lab.page.evaluate(OPEN_ALL)  # of the answer, too
    assert found(lab.page) == []
    assert lab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_whoever_has_opened_it_has_it_without_a_network(browser, tmp_path, dist):
    site = Site(tmp_path, dist)
    lab = Lab.new(browser, site.origin, service_workers="allow", viewport=DESK)
    lab.expects_trouble = True
    lab.page.goto(f"{site.origin}/size.html")
    quick(lab.page)
    expect(lab.page.locator("html[data-kept=whole]")).to_have_count(1)
    site.stop()
    lab.page.goto(f"{site.origin}/size.html")
    settled(lab.page)
    expect(lab.page.locator("#headline h2")).to_contain_text(re.compile(r"\d"))
    lab.close()


def test_a_refused_field_is_marked_until_it_is_mended(visitor):
    page = opened(visitor).page
    field = page.locator('[name="tpot"]')
    for text, mark in (("-3", "true"), ("30", None)):
        field.fill(text)
        field.blur()
        if mark:
            expect(field).to_have_attribute("aria-invalid", mark, timeout=ANSWER_MS)
            expect(field).to_have_accessible_description(re.compile(re.escape(page.locator("#refusal").inner_text())))
        else:
            expect(page.locator("#refusal")).to_be_hidden(timeout=ANSWER_MS)
            expect(field).not_to_have_attribute("aria-invalid", "true")
    weights = page.get_by_role("group", name=SAY["weights"])
    for box in weights.get_by_role("checkbox").all():
        box.uncheck()
    expect(weights).to_have_attribute("aria-invalid", "true", timeout=ANSWER_MS)
