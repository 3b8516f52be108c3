#!/usr/bin/env python3
"""Makes one report of what the bench measured: report.json, a page with charts, and the charts as files.

    report.py --results <folder of cost.json, speed.json, loads.json, works.json, stages.json, facts.json> --out <folder>

What was not measured is said to be so. The page needs no network.
"""

import argparse
import html
import json
import pathlib
import sys

import chart
import targets
from targets import at, middle

PARTS = ("facts", "cost", "speed", "loads", "works", "stages")
STYLE = """body{font:15px/1.45 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;width:100%;margin:1em 0}th,td{text-align:left;padding:.25em .5em;border-bottom:1px solid #ddd}
td.n{text-align:right;white-space:nowrap}.met{color:#2c7a2c}.missed{color:#b03030}.unknown{color:#777}svg{max-width:100%;height:auto}"""


def gathered(folder):
    results = {}
    for name in PARTS:
        file = folder / f"{name}.json"
        if file.exists():
            results[name] = json.loads(file.read_text(encoding="utf-8"))
    return results


def number(value):
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def ranged(value):
    """A number, or the median of several with its range."""
    if not isinstance(value, dict):
        return number(value)
    shown = number(value["median"])
    return shown if value["least"] == value["most"] else f"{shown} ({number(value['least'])}–{number(value['most'])})"


def verdict(met):
    return {True: ("met", "met"), False: ("missed", "missed"), None: ("unknown", "not measured")}[met]


def cost_rows(results, works):
    return [(work, at(results, "cost", work, "ours", "whole"), at(results, "cost", work, "peer", "whole"))
            for work in works]


def speed_rows(results, measure):
    return [(f"{work}, {threads} thread{'s' if threads != '1' else ''}", at(of, measure, "ours", "median"),
             at(of, measure, "peer", "median"))
            for work, by_threads in results.get("speed", {}).items()
            for threads, of in by_threads.items() if isinstance(of, dict)]


def curve(points, *path):
    """By ascending x; JSON has made texts of them."""
    found = [(float(x), middle(at(of, *path) if path else of)) for x, of in (points or {}).items()]
    return sorted((x, y) for x, y in found if y is not None)


def charts(results):
    """Name -> SVG, of what there is."""
    calls = [work for work in results.get("cost", {}) if not work.startswith(("collect_", "export_", "encode_", "gzip"))]
    works = results.get("works", {})
    stages = results.get("stages", {})
    drawn = {
        "instructions": chart.bars("Instructions of a call", cost_rows(results, calls)),
        "export": chart.bars("Instructions of a span from start to answer, all threads",
                             cost_rows(results, ("export_otlp", "export_azure"))),
        "collections": chart.bars("Instructions of collecting 1,000 series",
                                  cost_rows(results, ("collect_counter", "collect_histogram"))),
        "mean": chart.bars("How long a call keeps its thread, ns", speed_rows(results, "mean")),
        "p99": chart.bars("p99 of single calls, ns", speed_rows(results, "p99")),
        "p99_9": chart.bars("p99.9 of single calls, ns", speed_rows(results, "p99.9")),
        "stages": chart.bars("Instructions of a span by stage, JSON + gzip",
                             [(name, count, None) for name, count in stages.get("json", {}).items()]),
        "threads": chart.lines("A flat span beside others, ns", "threads", {
            "Posthaste": curve(works.get("threads"), "ours"), "opentelemetry-cpp": curve(works.get("threads"), "peer")}),
        "live_spans": chart.lines("A flat span while others are open, instructions", "open spans",
                                  {"Posthaste": curve(works.get("live_spans"))}),
        "store_fill": chart.lines("A batch of 64 KiB in a filling store, microseconds", "batches in the store", {
            "append": curve(works.get("store_fill"), "append_microseconds"),
            "processor": curve(works.get("store_fill"), "append_cpu_microseconds"),
            "replay": curve(works.get("store_fill"), "replay_microseconds")}),
    }
    return {name: picture for name, picture in drawn.items() if picture}


def row(cells, tag="td"):
    return "<tr>" + "".join(f"<{tag}{' class=n' if right else ''}>{html.escape(str(words))}</{tag}>"
                            for words, right in cells) + "</tr>"


def target_table(rows):
    lines = [row([(words, False) for words in
                  ("measure", "unit", "Posthaste", "opentelemetry-cpp", "times better", "target", "")], "th")]
    for found in rows:
        style, words = verdict(found["met"])
        cells = row([(found["measure"], False), (found["unit"], False), (ranged(found["ours"]), True),
                     (ranged(found["peer"]), True), (ranged(found["ratio"]), True), (found["target"], False)])
        lines.append(cells.replace("</tr>", f'<td class="{style}">{words}</td></tr>'))
    return "<table>" + "\n".join(lines) + "</table>"


def fact_table(facts):
    return "<table>" + "\n".join(row([(name, False), (value, False)]) for name, value in facts.items()) + "</table>"


def other_table(works):
    found = [("start()", at(works, "start_stop", "start_microseconds"), "µs"),
             ("shutdown()", at(works, "start_stop", "stop_microseconds"), "µs"),
             ("processor time of a start and a stop", at(works, "start_stop", "cpu_milliseconds"), "ms"),
             ("libposthaste.so, stripped", at(works, "size", "stripped_bytes"), "bytes"),
             ("compiling #include <posthaste/posthaste.h>", at(works, "include_seconds", "ours"), "s"),
             ("compiling the headers of opentelemetry-cpp's API", at(works, "include_seconds", "peer"), "s")]
    return "<table>" + "\n".join(row([(name, False), (ranged(value), True), (unit, False)])
                                 for name, value, unit in found if value is not None) + "</table>"


def page(results, rows, pictures):
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Posthaste: what telemetry costs</title><style>{STYLE}</style>
<h1>What telemetry costs</h1>
<p>Posthaste beside opentelemetry-cpp, the same work in turn in one run. Counted instructions hardly wobble; times do, on
a machine that others share: what is shown is the median, with the range behind it, and ratios are of neighbours in time.
In brackets behind a target is what is hoped for.</p>
{target_table(rows)}
<h2>This machine</h2>
{fact_table(results.get("facts", {}))}
<h2>Charts</h2>
{"".join(f"<p>{picture}</p>" for picture in pictures.values())}
<h2>Beside the calls</h2>
{other_table(results.get("works", {}))}
</html>
"""


def write(results, out):
    rows = targets.rows(results)
    pictures = charts(results)
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(results | {"targets": rows}, indent=2) + "\n", encoding="utf-8")
    (out / "report.html").write_text(page(results, rows, pictures), encoding="utf-8")
    (out / "charts").mkdir(exist_ok=True)
    for name, picture in pictures.items():
        (out / "charts" / f"{name}.svg").write_text(picture, encoding="utf-8")
    return rows


def lines(rows):
    yield "| measure | Posthaste | opentelemetry-cpp | times better | target | |"
    yield "|---|---|---|---|---|---|"
    for found in rows:
        yield (f"| {found['measure']}, {found['unit']} | {ranged(found['ours'])} | {ranged(found['peer'])} "
               f"| {ranged(found['ratio'])} | {found['target']} | {verdict(found['met'])[1]} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    rows = write(gathered(arguments.results), arguments.out)
    print("\n".join(lines(rows)))
    print(f"\nthe page: {arguments.out / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
