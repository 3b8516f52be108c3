"""tests/fuzz/run with programs that answer as libFuzzer does."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

RUN = pathlib.Path(__file__).parent / "run"

PROGRAM = """#!/bin/sh
found=
for word; do
  case $word in
    -merge=1) merging=1 ;;
    -artifact_prefix=*) prefix=${word#*=} ;;
    -*) ;;
    *) if [ -z "$found" ]; then found=$word; else from=$word; fi ;;
  esac
done
if [ -n "$merging" ]; then
  [ ! -e "$from/useful" ] || cp "$from/useful" "$found/"
  exit 0
fi
touch "$found/useful" "$found/useless"
echo "#2	INITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 30Mb"
"""

GOOD = PROGRAM + """
echo "#1000	DONE   cov: 50 ft: 70 corp: 9/9b exec/s: 10 rss: 30Mb"
echo "stat::number_of_executed_units: 1000"
"""

BAD = PROGRAM + """
echo "==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1"
touch "${prefix}crash-abc"
echo "Test unit written to ${prefix}crash-abc"
exit 1
"""


class Run(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.programs = pathlib.Path(scratch.name).resolve()
        (self.programs / "corpus/good").mkdir(parents=True)
        (self.programs / "corpus/good/seed").write_text("seed")

    def add(self, target, text):
        path = self.programs / f"{target}_fuzzer"
        path.write_text(text)
        path.chmod(0o755)

    def run_it(self, *words):
        done = subprocess.run([sys.executable, RUN, *words, "--programs", self.programs,
                               "--corpus", self.programs / "corpus"], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_tells_runs_features_and_inputs_of_each_target(self):
        self.add("good", GOOD)
        status, output, errors = self.run_it("3")
        self.assertEqual(status, 0, errors)
        self.assertRegex(output, r"good +0 +1,000 +70 +1 +-")
        self.assertIn("1 targets, 1,000 runs, 0 findings", output)

    def test_keeps_only_inputs_that_add_to_the_seeds(self):
        self.add("good", GOOD)
        self.run_it("1")
        self.assertEqual([path.name for path in (self.programs / "good_found").iterdir()], ["useful"])

    def test_fails_on_a_finding_and_names_the_input_that_makes_it(self):
        self.add("good", GOOD)
        self.add("bad", BAD)
        status, output, _ = self.run_it("1")
        self.assertEqual(status, 1)
        self.assertIn("AddressSanitizer: heap-buffer-overflow on address 0x1", output)
        self.assertIn(str(self.programs / "bad_crash-abc"), output)
        self.assertTrue((self.programs / "bad_crash-abc").exists())
        self.assertIn("2 targets, 1,002 runs, 1 findings", output)

    def test_runs_what_is_named_alone(self):
        self.add("good", GOOD)
        self.add("bad", BAD)
        self.assertEqual(self.run_it("1", "good")[0], 0)
        self.assertEqual(self.run_it("good")[0], 0)

    def test_refuses_what_is_not_there(self):
        self.assertEqual(self.run_it()[0], 2)
        self.add("good", GOOD)
        status, _, errors = self.run_it("1", "other")
        self.assertEqual(status, 2)
        self.assertIn("no target is called other", errors)


if __name__ == "__main__":
    unittest.main()
