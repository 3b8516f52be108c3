"""The report: which targets are met, what it says of what was not measured, and that its page is whole. And that the
tables of bench/README.md have the rows that the commands print."""

import json
import pathlib
import re
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import cost  # noqa: E402
import readme  # noqa: E402
import report  # noqa: E402
import stages  # noqa: E402
import targets  # noqa: E402


def spread(value):
    return {"median": value, "least": value * 0.9, "most": value * 1.1}


def row_of(results, measure):
    [found] = [row for row in targets.rows(results) if row["measure"].startswith(measure)]
    return found


class Targets(unittest.TestCase):
    def test_of_what_was_not_measured_are_neither_met_nor_missed(self):
        self.assertEqual({row["met"] for row in targets.rows({})}, {None})

    def test_hold_ours_against_a_limit(self):
        for instructions, met in ((900, True), (901, False)):
            results = {"cost": {"flat_span": {"ours": {"instructions": instructions}, "peer": None}}}
            self.assertIs(row_of(results, "flat span, application thread")["met"], met)

    def test_hold_the_ratio_against_a_limit_and_want_a_peer_for_it(self):
        for peer, met in ((15_000, True), (14_999, False)):
            results = {"cost": {"log_record": {"ours": {"whole": 1_000}, "peer": {"whole": peer}}}}
            self.assertIs(row_of(results, "log with 3 attributes")["met"], met)
        alone = {"cost": {"log_record": {"ours": {"whole": 1_000}, "peer": None}}}
        self.assertIsNone(row_of(alone, "log with 3 attributes")["met"])

    def test_go_by_the_median_of_times(self):
        of = {"ours": spread(100), "peer": spread(2_500), "ratio": spread(25)}
        self.assertIs(row_of({"speed": {"flat_span": {"1": {"mean": of}}}}, "flat span, discarded, 1 thread")["met"], True)

    def test_count_a_lost_span_as_missed(self):
        for lost, met in ((0, True), (1, False)):
            results = {"loads": {"outage": {"ours": {"lost": lost}}}}
            self.assertIs(row_of(results, "10 s outage")["met"], met)


class Page(unittest.TestCase):
    results = {
        "facts": {"processor": "<a & b>"},
        "cost": {"flat_span": {"ours": {"whole": 1_000, "instructions": 950, "allocations": 0},
                               "peer": {"whole": 12_000, "allocations": 38}}},
        "works": {"threads": {"1": {"ours": spread(80), "peer": spread(2_000)}},
                  "live_spans": {"0": 960, "1000": 965}, "start_stop": {"start_microseconds": spread(5_000)}},
        "stages": {"json": {"encode": 3_700, "gzip": 2_400}},
    }

    def test_is_written_with_its_data_and_its_charts(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder)
            report.write(self.results, out)
            data = json.loads((out / "report.json").read_text(encoding="utf-8"))
            self.assertEqual(len(data["targets"]), len(targets.TARGETS))
            self.assertEqual(data["cost"], self.results["cost"])
            page = (out / "report.html").read_text(encoding="utf-8")
            pictures = sorted((out / "charts").glob("*.svg"))
            self.assertEqual([picture.stem for picture in pictures], ["instructions", "live_spans", "stages", "threads"])
            for picture in pictures:
                xml.parse(picture)
            self.assertEqual(page.count("<svg"), len(pictures))
            self.assertIn("&lt;a &amp; b&gt;", page)

    def test_asks_the_network_for_nothing(self):
        pictures = report.charts(self.results)
        page = report.page(self.results, targets.rows(self.results), pictures)
        self.assertEqual(set(re.findall(r"https?://[^\"' <]+", page)), {"http://www.w3.org/2000/svg"})
        self.assertNotRegex(page, r"<(script|link|img)")

    def test_is_written_of_nothing_too(self):
        with tempfile.TemporaryDirectory() as folder:
            report.write({}, pathlib.Path(folder))
            self.assertIn("not measured", (pathlib.Path(folder) / "report.html").read_text(encoding="utf-8"))


class Stages(unittest.TestCase):
    def test_add_up_to_all_that_was_counted(self):
        functions = {"": 1_000, "posthaste::Tracer::start_span(std::string_view)": 100,
                     "(anonymous namespace)::record(posthaste::Telemetry&, long)": 150,
                     "posthaste::actors::ExtentEncoder::encode(unsigned long)": 500,
                     "posthaste::wire::Compressor::gzip(std::span<char>)": 200,
                     "posthaste::actors::Batcher::step(int)": 520}
        table = stages.table(functions, 1)
        whole = table.pop("in all")
        self.assertEqual(sum(table.values()), whole)
        self.assertEqual(table["encode"], 300)
        self.assertEqual(table["batch: close, checksum, body"], 20)

    def test_count_what_calls_itself_once(self):
        functions = {"": 10, "posthaste::actors::Sampler::step(int)": 7, "posthaste::actors::Sampler::step(int)'2": 3}
        self.assertEqual(stages.table(functions, 1)["collect: lanes into the log"], 7)


class Readme(unittest.TestCase):
    text = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    nothing = {name: {} for name in report.PARTS} | {"stages": {which: stages.table({"": 0}, 1)
                                                                for which in stages.OUTPUTS}}

    def first_cells(self, lines):
        return [line.split("|")[1].strip() for line in lines if line.startswith("|")]

    def test_has_the_rows_of_every_table_that_is_printed(self):
        for name, (_, lines) in readme.TABLES.items():
            table = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end -->", self.text, re.DOTALL).group(1)
            self.assertEqual(self.first_cells(table.splitlines()), self.first_cells(lines(self.nothing)), name)

    def test_says_what_every_work_is(self):
        table = self.text[self.text.index("| work | what it is |"):].split("\n\n")[0]
        told = [cell.strip("`") for cell in self.first_cells(table.splitlines())[2:]]
        self.assertEqual(told, [work.name for work in cost.WORKS])

    def test_keeps_a_table_that_was_not_measured(self):
        self.assertEqual(readme.rewritten(self.text, {}), self.text)
        changed = readme.rewritten(self.text, {"cost": {"flat_span": {"ours": {"whole": 123_456}, "peer": None}}})
        self.assertIn("123,456", changed)


if __name__ == "__main__":
    unittest.main()
