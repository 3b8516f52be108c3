"""tools/check_library.py on small libraries with one planted fault each."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).parents[2] / "tools/check_library.py"
CXX = sys.argv.pop() if "--cxx" in sys.argv else "c++"
if "--cxx" in sys.argv:
    sys.argv.remove("--cxx")

GOOD_SOURCE = "namespace posthaste { void start() {} }"
GOOD_LINK = ("-Wl,-z,nodelete", "-Wl,-z,now", "-Wl,-soname,libx.so.0")


def check(source=GOOD_SOURCE, link=GOOD_LINK):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "x.cpp")
        path.write_text(source)
        library = pathlib.Path(directory, "libx.so")
        subprocess.run([CXX, "-shared", "-fPIC", path, "-o", library, *link], check=True)
        done = subprocess.run([sys.executable, CHECK, library], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


class CheckLibrary(unittest.TestCase):
    def refuses(self, expected, **what):
        status, output = check(**what)
        self.assertEqual(status, 1, output)
        self.assertIn(expected, output)

    def test_passes_a_library_that_shows_posthaste_only(self):
        self.assertEqual(check(), (0, ""))

    def test_refuses_a_foreign_symbol(self):
        self.refuses("shows leaked()", source=GOOD_SOURCE + "void leaked() {}")

    def test_refuses_a_template_of_the_standard_library_over_our_types(self):
        self.refuses("not of namespace posthaste",
                     source="#include <vector>\n" + GOOD_SOURCE +
                     "namespace posthaste { struct T { int i; }; } template class std::vector<posthaste::T>;")

    def test_refuses_a_symbol_of_an_inner_namespace(self):
        self.refuses("internal", source=GOOD_SOURCE + "namespace posthaste::http { void post() {} }")

    def test_refuses_a_library_that_is_not_in_the_list(self):
        self.refuses("needs libz.so.1", link=(*GOOD_LINK, "-Wl,--no-as-needed", "-l:libz.so.1"))

    def test_asks_for_nodelete_and_a_versioned_soname(self):
        self.refuses("-z nodelete", link=GOOD_LINK[1:])
        self.refuses("no versioned SONAME", link=GOOD_LINK[:2])

    def test_refuses_a_library_that_shows_nothing(self):
        self.refuses("shows nothing", source="")


if __name__ == "__main__":
    unittest.main()
