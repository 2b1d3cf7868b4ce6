"""Real requests from a file: the published traces' columns, units of time, and lines that can't be read."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from sizing import plain, trace
from sizing.plain import AskError
from sizing.traffic import busiest_per_s, cut_share
from tests.unit.sizing_cases import shipped

AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,4808,10
2023-11-16 18:17:04.0319600,3180,8
2023-11-16 18:17:04.0781490,110,27
"""
AZURE_2024 = (
    AZURE.replace("2023-11-16 18:17:03.9799600", "2024-05-10 00:00:00.009930+00:00")
    .replace("2023-11-16 18:17:04.", "2024-05-10 00:00:01.")
    .replace("0319600", "031960+00:00")
    .replace("0781490", "078149+00:00")
)
BURSTGPT = """Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
5,ChatGPT,472,18,490,Conversation log
45,ChatGPT,1087,230,1317,Conversation log
118,GPT-4,417,0,417,Conversation log
119.5,GPT-4,417,276,693,Conversation log
"""
MOONCAKE = """{"timestamp": 0, "input_length": 1100, "output_length": 52, "hash_ids": [7, 8, 9]}
{"timestamp": 2500, "input_length": 1030, "output_length": 26, "hash_ids": [7, 8, 40]}
"""
BENCH = {"model": "m", "duration": 3.0, "start_times": [100.5, 101.0, 103.5], "input_lens": [10, 20, 30]}
BENCH |= {"output_lens": [1, 2, 0], "ttfts": [0.1, 0.1, 0.0], "errors": ["", "", "refused"], "itls": [[], [0.1], []]}


def read(text, unit="", piece=7):
    """A text read in small pieces."""
    reader = trace.Reader(unit)
    for at in range(0, len(text), piece):
        reader.feed(text[at : at + piece])
    return reader.close()


def rows(found):
    return [(round(r.arrival_s, 6), r.prompt_tokens, r.output_tokens) for r in found.requests]


def test_azures_traces():
    found = read(AZURE)
    assert found.unit == "iso" and not found.skipped
    assert rows(found) == [(0, 4808, 10), (0.052, 3180, 8), (0.098189, 110, 27)]
    assert rows(read(AZURE_2024)) == [(0, 4808, 10), (1.02203, 3180, 8), (1.068219, 110, 27)]


def test_burstgpt_with_a_request_that_failed():
    found = read(BURSTGPT)
    assert rows(found) == [(0, 472, 18), (40, 1087, 230), (114.5, 417, 276)]
    assert found.skipped == (trace.Skip("no_output", 1, (4,)),)


def test_mooncake_in_milliseconds_with_what_prompts_share():
    found = read(MOONCAKE)
    assert found.unit == "ms"
    assert rows(found) == [(0, 1100, 52), (2.5, 1030, 26)]
    first, second = (request.prefix for request in found.requests)
    assert [tokens for _, tokens in first] == [512, 512, 76]
    assert first[:2] == second[:2] and first[2][0] != second[2][0]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("piece", [11, 10**6])
def test_a_saved_benchmark_of_vllm(indent, piece):
    found = read(json.dumps(BENCH, indent=indent), piece=piece)
    assert rows(found) == [(0, 10, 1), (0.5, 20, 2)]
    assert found.skipped == (trace.Skip("no_output", 1, (3,)),)


def test_a_large_benchmark_on_one_line():
    text = json.dumps(BENCH | {"generated_texts": ["word " * 150_000] * 3})
    assert rows(read(text, piece=1 << 16)) == rows(read(json.dumps(BENCH)))


@pytest.mark.parametrize(
    ("name", "times", "unit", "span"),
    [
        ("arrival_s", (10, 12.5), "s", 2.5),
        ("arrival_ms", (10, 2510), "ms", 2.5),
        ("Timestamp (ms)", (10, 2510), "ms", 2.5),
        ("arrival", (0, 2.5), "s", 2.5),
        ("time", (1_700_000_000, 1_700_000_002.5), "s", 2.5),
        ("time", (1_700_000_000_000, 1_700_000_002_500), "ms", 2.5),
        ("time", (1_700_000_000_000_000, 1_700_000_002_500_000), "us", 2.5),
        ("time", (1_700_000_000_000_000_000, 1_700_000_002_500_000_000), "ns", 2.5),
        ("time", ("2024-05-10T00:00:00Z", "2024-05-10T02:00:02.5+02:00"), "iso", 2.5),
        ("time", ("2024-05-10 00:00:00", "2024-05-10 00:00:02.5"), "iso", 2.5),
    ],
)
def test_what_a_time_means(name, times, unit, span):
    text = f"{name};prompt;output\n" + "".join(f"{at};10;5\n" for at in times)
    found = read(text)
    assert found.unit == unit
    assert found.span_s == pytest.approx(span, abs=1e-6)


def test_a_unit_that_is_said_is_believed():
    text = "time,prompt,output\n0,10,5\n2500,10,5\n"
    assert read(text, "s").span_s == 2500
    assert read(text, "ms").span_s == 2.5
    with pytest.raises(AskError) as refusal:
        trace.Reader("hours")
    assert refusal.value.name == "trace_unit"


def spaced(name, times):
    return f"{name},prompt,output\n" + "".join(f"{at},10,5\n" for at in times)


@pytest.mark.parametrize("times", [range(0, 60_000, 250), range(0, 3_600_000, 997), (0, 2500), (122.3, 241.7, 361.4)])
def test_numbers_that_may_be_ms_are_refused_unless_something_names_their_unit(times):
    with pytest.raises(AskError) as refusal:
        read(spaced("arrival", times))
    assert (refusal.value.name, refusal.value.facts["found"]) == ("trace_whole", "arrival")
    for name, unit in (("arrival_ms", 1e-3), ("arrival_s", 1.0)):
        assert read(spaced(name, times)).span_s == pytest.approx((max(times) - min(times)) * unit)
    burst = spaced("Timestamp", times).replace("prompt,output", "Request tokens,Response tokens")
    assert read(burst).span_s == pytest.approx(max(times) - min(times))  # BurstGPT's are in s


@pytest.mark.parametrize("times", [range(50), (0.5, 1.25), range(0, 100, 9)])
def test_seconds_are_believed_where_they_can_be_nothing_else(times):
    assert read(spaced("arrival", times)).unit == "s"


@pytest.mark.parametrize("hashes", [False, True])
def test_a_clock_of_seconds_is_one_under_mooncakes_names_too(hashes):
    text = "timestamp,input_length,output_length" + (",hash_ids" if hashes else "") + "\n"
    text += "".join(f"{1_760_000_000 + 20 * i},665,148" + (",[]" if hashes else "") + "\n" for i in range(100))
    assert (read(text).unit, read(text).span_s) == ("s", 99 * 20)


def test_a_prefix_by_name():
    text = "arrival,prompt,output,prefix,prefix_tokens\n0,100,5,system,60\n1,90,5,system,60\n2,90,5,,\n"
    first, second, third = (request.prefix for request in read(text).requests)
    assert first == second == ((0, 60),)
    assert third == ()


def test_a_quoted_cell_may_hold_commas_and_lines():
    text = 'arrival,text,prompt,output\n0,"a, b\nc",10,5\n1,"say ""x""",11,6\n'
    assert rows(read(text)) == [(0, 10, 5), (1, 11, 6)]


def test_requests_out_of_order_are_put_in_order_and_counted():
    found = read("arrival,prompt,output\n5,1,1\n3,2,1\n9,3,1\n")
    assert rows(found) == [(0, 2, 1), (2, 1, 1), (6, 3, 1)]
    assert found.unordered == 1


GOOD = [f"{i},100,10" for i in range(100)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("abc,100,10", "time"),
        ("nan,100,10", "time"),
        ("1e999,100,10", "time"),
        ("5,1.5,10", "prompt"),
        ("5,-3,10", "prompt"),
        ("5,0,10", "prompt"),
        ("5,1_000,10", "prompt"),
        ("5,100,99999999", "output"),
        ("5,100,", "output"),
        ("5,100", "cells"),
        ("5,100,10,11", "cells"),
        ("5,100,0", "no_output"),
        ("\0,\0,\0", "time"),
    ],
)
def test_a_line_that_cant_be_read_is_counted_by_number(line, reason):
    found = read("\n".join(["arrival,prompt,output", *GOOD[:50], line, *GOOD[50:]]))
    assert found.skipped == (trace.Skip(reason, 1, (52,)),)
    assert len(found.requests) == 100


@pytest.mark.parametrize("line", ["[1]", "{", "nonsense", "[" * 100_000, '{"arrival": 3, "prompt": true, "output": 4}'])
def test_a_line_of_json_that_cant_be_read_is_counted(line):
    good = [json.dumps({"arrival": i, "prompt": 10, "output": 5}) for i in range(30)]
    found = read("\n".join([*good, line, *good]), piece=5000)
    assert [skip.lines for skip in found.skipped] == [(31,)]
    assert len(found.requests) == 60


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "trace_empty"),
        ("arrival,prompt,output\n", "trace_empty"),
        ("a,b,c\n1,2,3\n", "trace_column"),
        ("arrival,prompt\n1,2\n", "trace_column"),
        ("arrival,prompt,output,prefix\n1,2,3,x\n", "trace_column"),
        ("arrival,timestamp,prompt,output\n1,1,2,3\n", "trace_twice"),
        ("arrival,prompt,output\n1,2,3\nx,2,3\n", "trace_unread"),
        ('arrival,prompt,output\n1,2,"3\n', "trace_unread"),
        ("arrival,prompt,output\n1,2,3\n" + "x" * 1_100_000, "trace_line"),
        ('arrival,prompt,output\n1,2,"' + "x\n" * 600_000, "trace_line"),
        ('{"arrival": [1, 2], "prompt": [3], "output": [4, 5]}', "trace_arrays"),
        ('{"arrival": 1,\n "prompt": 3,\n', "trace_json"),
        ("PK\x03\x04\0\0", "trace_column"),
    ],
)
def test_a_file_that_holds_no_requests_is_refused(text, name):
    with pytest.raises(AskError) as refusal:
        read(text, piece=50_000)
    assert refusal.value.name == name


def test_a_refusal_names_the_first_line_of_the_commonest_fault():
    with pytest.raises(AskError) as refusal:
        read("\n".join(["arrival,prompt,output", "1,2,3", "1,x,3", "1,2", "2,x,3"]))
    assert refusal.value.facts == {"reason": "prompt", "line": "3", "count": "3", "lines": "4"}


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400) | st.text('{}[],:"0123456789eE.-\n\r arivlpomutn', max_size=400), st.integers(1, 50))
def test_any_text_is_read_or_refused(text, piece):
    for begin in ("", "arrival,prompt,output\n1,2,3\n", '{"arrival": 1, "prompt": 2, "output": 3}\n'):
        try:
            found = read(begin + text, piece=piece)
        except AskError:
            continue
        assert all(r.prompt_tokens > 0 and r.output_tokens > 0 and r.arrival_s >= 0 for r in found.requests)


@pytest.mark.parametrize("text", [AZURE, BURSTGPT, MOONCAKE, json.dumps(BENCH, indent=1)])
def test_pieces_don_t_matter(text):
    assert len({str(read(text, piece=piece)) for piece in (1, 2, 3, 10, 10**6)}) == 1


def test_a_large_file_takes_no_longer_than_its_length():
    line = "2023-11-16 18:17:03.9799600,4808,10\n"

    def took(lines):
        reader, begun = trace.Reader(), time.process_time()
        reader.feed("TIMESTAMP,ContextTokens,GeneratedTokens\n")
        for _ in range(lines // 1000):
            reader.feed(line * 1000)
        assert len(reader.close().requests) == lines
        return time.process_time() - begun

    took(1000)
    assert took(80_000) < 12 * took(20_000)


def test_a_recorded_question_takes_the_rate_of_its_busiest_hour():
    text = "arrival,prompt,output\n" + "".join(f"{at},100,10\n" for at in [*range(0, 3600, 10), *range(3600, 7200)])
    found = read(text)
    assert busiest_per_s(found.requests) == pytest.approx(1.0, rel=0.001)
    asked = {"model": "llama-3.1-8b", "traffic": {"trace": "mine.csv"}, "promise": {"ttft_s": 1}}
    question = plain.question_from(asked, shipped(), found.requests)
    assert question.traffic.rate_per_s == busiest_per_s(found.requests)
    with pytest.raises(AskError) as refusal:
        plain.question_from(asked, shipped())
    assert refusal.value.name == "trace_needed"


def test_requests_that_all_come_at_once_have_no_rate_of_their_own():
    found = read("arrival,prompt,output\n1,2,3\n1,2,3\n")
    assert busiest_per_s(found.requests) == 0
    with pytest.raises(AskError) as refusal:
        plain.question_from({"model": "llama-3.1-8b", "traffic": {}, "promise": {}}, shipped(), found.requests)
    assert refusal.value.name == "rate_or_users"


def test_requests_of_one_moment_have_no_rate_that_could_be_sized_for():
    at_once = tuple(engine.Request(5.0, 100, 20) for _ in range(9))
    base = {"model": "llama-3.1-8b", "promise": {"ttft_s": 1}}
    with pytest.raises(plain.AskError) as refusal:
        plain.question_from(base | {"traffic": {"trace": "t", "rate_per_s": 2}}, shipped(), at_once)
    assert refusal.value.name == "trace_moment"
    assert plain.question_from(base | {"traffic": {"trace": "t", "users": 2}}, shipped(), at_once).traffic.users == 2


def test_recorded_requests_that_are_cut_are_counted():
    requests = tuple(engine.Request(float(at), 100 if at % 4 else 9000, 20) for at in range(8))
    asked = {"model": "llama-3.1-8b", "traffic": {"trace": "t", "longest_tokens": 1000}, "promise": {"ttft_s": 1}}
    assert cut_share(plain.question_from(asked, shipped(), requests).traffic) == 0.25


@pytest.mark.parametrize(
    "time", [("created", 1767225600, 1767225602), ("created_at", "2026-01-01T09:00:00Z", "2026-01-01T09:00:02Z")]
)
@pytest.mark.parametrize("within", ["usage", None])
def test_logs_in_openais_form(time, within):
    name, *times = time
    lines = []
    for at, prompt in zip(times, (100, 200), strict=True):
        counts = {"prompt_tokens": prompt, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 0}}
        lines.append(
            json.dumps({name: at, "model": "m", "prompt": "some words", **({within: counts} if within else counts)})
        )
    for text in ("\n".join(lines), f"[{','.join(lines)}]"):
        assert [(each.arrival_s, *each[1:3]) for each in read(text).requests] == [(0.0, 100, 20), (2.0, 200, 20)]


@pytest.mark.parametrize("name", ["created", "created_at", "date", "datetime", "ts"])
@pytest.mark.parametrize("mark", [";", "\t"])
def test_times_go_by_common_names_and_thousands_may_be_parted(name, mark):
    row = mark.join(["2026-01-01 09:00:0{}", '"1,234"', "5"])
    found = read(
        "\ufeff"
        + mark.join([name, "usage.prompt_tokens", "usage.completion_tokens"])
        + "\n"
        + row.format(0)
        + "\n"
        + row.format(3)
    )
    assert [(each.arrival_s, *each[1:3]) for each in found.requests] == [(0.0, 1234, 5), (3.0, 1234, 5)]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("arrival;prompt;output\n0,5;100;20\n1,234;100;20\n12;100;20", [0, 0.734, 11.5]),  # as spreadsheets write
        ('arrival,prompt,output\n"0,5",100,20\n"2,75",100,20', [0, 2.25]),
        ("arrival\tprompt\toutput\n0,5\t100\t20\n2,75\t100\t20", [0, 2.25]),
    ],
)
def test_a_time_may_have_a_decimal_comma(text, at):
    assert [each.arrival_s for each in read(text).requests] == pytest.approx(at)


def test_a_comma_that_may_part_thousands_is_no_decimal_one_where_commas_part_cells():
    with pytest.raises(AskError):
        read('arrival,prompt,output\n"1,234",100,20\n"2,345",100,20')


def test_a_column_with_a_name_of_its_own_goes_before_one_that_may_be_a_time():
    assert read("created,arrival,prompt,output\n5,0,1,1\n5,2,1,1").span_s == 2


def test_a_thousand_in_german_is_no_token():
    with pytest.raises(AskError):
        read("arrival,prompt,output\n0,1.000,5\n1,1.000,5")
