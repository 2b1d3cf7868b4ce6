"""`python3 build.py validate`: every data set, how many rows, how near the model comes, and whether it was fitted on them."""

from __future__ import annotations

import statistics

from tests.validation import accuracy, served


def line(name: str, seen: str, errors: list[float]) -> str:
    """One line of the table from signed errors, as shares of 1."""
    sizes = [abs(error) for error in errors]
    figures = (served.mape(errors), statistics.median(sizes), max(sizes), statistics.fmean(errors))
    return f"{name:44} {seen:12} {len(errors):4} " + " ".join(f"{100 * figure:+7.1f}" for figure in figures)


def main() -> None:
    """Print the table, in percent."""
    print(f"{'data set':44} {'constants':12} {'n':>4} {'MAPE':>7} {'median':>7} {'worst':>7} {'bias':>7}")
    for name, by, found in accuracy.table():
        figures = " ".join(f"{100 * figure:+7.1f}" for figure in found[1:])
        print(
            f"{name + ', ' + by.partition(' (')[0]:44} {by.partition(' (')[2].rstrip(')') or 'none':12} {found.rows:4} {figures}"
        )
    shipped = served.lab()
    compared = served.served(shipped)
    for fitted, seen, lengths in ((True, "in-sample", "1k in, 1k out"), (False, "unseen", "8k in, 1k out")):
        rows = [row for row in compared if row.fitted is fitted]
        print(line(f"H100 FP8 vLLM, {lengths}, time per token", seen, [row.tpot_error for row in rows]))
        below = [row.ttft_error for row in rows if row.capacity_share <= 0.85]
        print(line(f"H100 FP8 vLLM, {lengths}, mean TTFT, unsaturated", seen, below))
    for gpu in ("h100", "a100"):
        print(line(f"{gpu.upper()} FP16 TensorRT-LLM 0.14 offline, tokens/s", "unseen", served.offline(shipped, gpu)))


if __name__ == "__main__":
    main()
