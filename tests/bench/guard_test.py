"""The guard against slow changes: what it lets pass, what it stops, and when it says that it did nothing."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench"))

import callgrind  # noqa: E402
import cost  # noqa: E402
import guard  # noqa: E402


class Compare(unittest.TestCase):
    def test_lets_a_change_below_a_tenth_pass(self):
        self.assertTrue(guard.compare({"flat_span": 1000}, {"flat_span": 1100})[1])

    def test_stops_what_is_more_than_a_tenth_dearer_and_names_it(self):
        lines, good = guard.compare({"flat_span": 1000, "encode_json": 4000}, {"flat_span": 1101, "encode_json": 4000})
        self.assertFalse(good)
        self.assertIn("A REGRESSION", lines[0])
        self.assertNotIn("A REGRESSION", lines[1])

    def test_asks_to_record_what_is_better(self):
        lines, good = guard.compare({"flat_span": 1000}, {"flat_span": 900})
        self.assertTrue(good)
        self.assertIn("record it", lines[0])


class Command(unittest.TestCase):
    def run_guard(self, recorded, *options, counted=None, valgrind=True):
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            file = pathlib.Path(folder) / "recorded.json"
            file.write_text(json.dumps(recorded), encoding="utf-8")
            for replaced in (mock.patch.object(guard, "RECORDED", file),
                             mock.patch.object(guard, "count", lambda programs: counted),
                             mock.patch.object(callgrind, "is_here", lambda: valgrind),
                             mock.patch.object(sys, "argv", ["guard.py", "--programs", "x", *options])):
                stack.enter_context(replaced)
            said = stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            code = guard.main()
            return code, said.getvalue(), json.loads(file.read_text(encoding="utf-8"))

    def test_compares_with_the_figures_of_the_same_build(self):
        recorded = {"dev": {"compiler": "GNU 12", "instructions": {"flat_span": 1000}}}
        options = ("--build", "dev", "--compiler", "GNU 12")
        self.assertEqual(self.run_guard(recorded, *options, counted={"flat_span": 1050})[0], 0)
        self.assertEqual(self.run_guard(recorded, *options, counted={"flat_span": 1200})[0], 1)

    def test_says_loudly_that_nothing_was_compared(self):
        recorded = {"dev": {"compiler": "GNU 12", "instructions": {"flat_span": 1000}}}
        for options, valgrind, word in ((("--build", "dev", "--compiler", "GNU 12"), False, "valgrind"),
                                        (("--build", "dev", "--compiler", "GNU 13"), True, "GNU 13"),
                                        (("--build", "other"), True, "other")):
            code, said, _ = self.run_guard(recorded, *options, counted={"flat_span": 9000}, valgrind=valgrind)
            self.assertEqual(code, guard.SKIPPED)
            self.assertIn("NOTHING IS GUARDED", said)
            self.assertIn(word, said)

    def test_records_the_figures_of_one_build_and_keeps_the_others(self):
        before = {"release": {"compiler": "GNU 12", "instructions": {"flat_span": 900}}}
        code, _, after = self.run_guard(before, "--build", "dev", "--compiler", "GNU 12", "--record",
                                        counted={"flat_span": 1050})
        self.assertEqual(code, 0)
        self.assertEqual(after["release"], before["release"])
        self.assertEqual(after["dev"], {"compiler": "GNU 12", "instructions": {"flat_span": 1050}})


class Recorded(unittest.TestCase):
    def test_every_guarded_work_is_counted_by_the_bench_and_has_a_figure(self):
        works = {work.name for work in cost.WORKS}
        recorded = json.loads(guard.RECORDED.read_text(encoding="utf-8"))
        for name in guard.GUARDED:
            self.assertIn(name, works)
            self.assertGreater(recorded["dev"]["instructions"][name], 0)


if __name__ == "__main__":
    unittest.main()
