"""tools/check_docs.py on documents whose outcome is known."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).parents[2] / "tools/check_docs.py"


def check(text, cxx="false"):
    """`cxx` stands for the compiler: true compiles everything, false nothing."""
    with tempfile.TemporaryDirectory() as build:
        document = pathlib.Path(build, "page.md")
        document.write_text(text)
        done = subprocess.run([sys.executable, CHECK, "--build", build, "--cxx", cxx, document],
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


class CheckDocs(unittest.TestCase):
    def test_runs_a_marked_block_and_only_that(self):
        status, output = check("<!-- run -->\n```sh\ntest -d \"$POSTHASTE_SOURCE/api\"\n```\n```sh\nfalse\n```\n")
        self.assertEqual(status, 0, output)
        self.assertIn("1 blocks of 1 documents, 0 at fault", output)

    def test_names_the_block_whose_command_fails(self):
        status, output = check("text\n<!-- run -->\n```sh\nfalse\ntrue\n```\n")
        self.assertEqual(status, 1)
        self.assertIn("page.md:3: exit code 1", output)

    def test_takes_only_what_is_typed_from_a_console_block(self):
        self.assertEqual(check("<!-- run -->\n```console\n$ true\nno such command\n```\n")[0], 0)

    def test_says_when_a_program_does_not_compile(self):
        program = "<!-- compile -->\n```cpp\nint main() {}\n```\n"
        self.assertEqual(check(program, cxx="true")[0], 0)
        self.assertEqual(check(program, cxx="false")[0], 1)

    def test_names_a_link_that_leads_nowhere(self):
        page = "# What is lost, when\n[here](#what-is-lost-when) [there](https://example.org/none.md)\n"
        self.assertEqual(check(page)[0], 0, check(page))
        for link in ("none.md", "#what-is-won", "page.md#none"):
            with self.subTest(link=link):
                status, output = check(f"{page}[broken]({link})\n")
                self.assertEqual(status, 1)
                self.assertIn(f"the link {link} leads nowhere", output)
        self.assertEqual(check("```sh\n[broken](none.md)\n```\n")[0], 0)

    def test_refuses_a_mark_above_the_wrong_kind_of_block(self):
        for text in ("<!-- run -->\n```cpp\n```\n", "<!-- compile -->\n", "<!-- run -->\n```sh\ntrue\n"):
            with self.subTest(text=text):
                self.assertEqual(check(text)[0], 1)


if __name__ == "__main__":
    unittest.main()
