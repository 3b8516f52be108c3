"""tools/check_layers.py on small trees with one planted violation each."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).parents[2] / "tools/check_layers.py"

CLEAN = {
    "api/include/posthaste/result.h": "#pragma once\n#include <string>\n",
    "api/public_headers.cmake": "set(POSTHASTE_PUBLIC_HEADERS\n  result.h)\n",
    "api/telemetry.cpp": '#include "actors/pipeline.h"\n#include <posthaste/result.h>\n',
    "runtime/base/clock.h": "#pragma once\n#include <posthaste/result.h>\n#include <chrono>\n",
    "runtime/base/clock.cpp": '#include "runtime/base/clock.h"\nauto t = steady_clock::now();\n',
    "runtime/model/record.h": '#pragma once\n#include "runtime/base/clock.h"\n',
    "runtime/arena/leaf.h": "#pragma once\n",
    "runtime/wire/reply.cpp": "#include <boost/json.hpp>\n#include <sys/mman.h>\n",
    "runtime/http/client.cpp": "#include <boost/beast.hpp>\n#include <openssl/ssl.h>\n",
    "persistence/store.h": "#pragma once\n// never calls getenv() or std::chrono::system_clock::now()\n",
    "persistence/store.cpp": '#include <lmdb.h>\nauto a = "getenv(", b = R"(sleep_for(1))"; char c = \'"\';\n',
    "actors/pipeline.h": "#pragma once\n#include <caf/actor.hpp>\n",
    "tests/runtime/base/clock_test.cpp": '#include "runtime/base/clock.h"\n#include <gtest/gtest.h>\n',
}


def check(changes):
    with tempfile.TemporaryDirectory() as root:
        for name, text in {**CLEAN, **changes}.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


class CheckLayers(unittest.TestCase):
    def test_passes_a_clean_tree(self):
        self.assertEqual(check({}), (0, ""))

    def test_finds_each_planted_violation_and_nothing_else(self):
        for name, text, expected in PLANTED:
            with self.subTest(name=name, text=text):
                status, output = check({name: text})
                self.assertEqual(status, 1, output)
                self.assertEqual(len(output.splitlines()), 1, output)
                self.assertTrue(output.startswith(name + ":"), output)
                self.assertIn(expected, output)

    def test_finds_a_circle_of_includes(self):
        status, output = check({
            "runtime/model/a.h": '#pragma once\n#include "runtime/model/b.h"\n',
            "runtime/model/b.h": '#pragma once\n#include "runtime/model/a.h"\n',
        })
        self.assertEqual(status, 1)
        self.assertIn("circle: runtime/model/a.h -> runtime/model/b.h -> runtime/model/a.h", output)

    def test_holds_the_list_of_installed_headers_against_the_folder(self):
        _, output = check({"api/include/posthaste/span.h": "#pragma once\n"})
        self.assertIn("span.h is public, but not listed", output)
        _, output = check({"api/public_headers.cmake": "set(X\n  result.h\n  gone.h)\n"})
        self.assertIn("gone.h is listed, but does not exist", output)


PLANTED = (
    ("runtime/wire/x.cpp", "const std::regex pattern;\n", "no regular expressions"),
    ("api/include/posthaste/result.h", "#pragma once\n#include <unistd.h>\n", "standard library only"),
    ("api/include/posthaste/result.h", "#pragma once\n#include <caf/actor.hpp>\n", "CAF is not for"),
    ("api/include/posthaste/result.h", '#pragma once\n#include "runtime/arena/leaf.h"\n', "may not include"),
    ("runtime/base/ids.cpp", '#include "runtime/model/record.h"\n', "runtime/base may not include"),
    ("runtime/model/x.cpp", '#include "persistence/store.h"\n', "may not include"),
    ("runtime/arena/x.cpp", "#include <lmdb.h>\n", "LMDB is not for runtime/arena"),
    ("persistence/x.h", "#pragma once\n#include <lmdb.h>\n", "LMDB only in .cpp"),
    ("runtime/http/x.h", "#pragma once\n#include <boost/asio.hpp>\n", "Boost only in .cpp"),
    ("runtime/wire/x.cpp", "#include <boost/asio.hpp>\n", "Boost is not for runtime/wire"),
    ("runtime/produce/x.cpp", "#include <caf/send.hpp>\n", "CAF is not for"),
    ("api/tracer.cpp", '#include "actors/pipeline.h"\n', "may include actors/pipeline.h"),
    ("runtime/model/x.cpp", '#include "record.h"\n', "no path from the root"),
    ("runtime/model/x.cpp", "#include <posthaste/none.h>\n", "does not exist"),
    ("runtime/model/x.cpp", "#include <fmt/format.h>\n", "unknown"),
    ("tests/x_test.cpp", "#include <caf/send.hpp>\n#include <boost/asio.hpp>\n", "in one file"),
    ("runtime/config/settings.cpp", 'auto x = std::getenv("A");\n', "environment"),
    ("tools/x.cpp", "auto x = std::chrono::system_clock::now();\n", "Clock that is passed in"),
    ("runtime/model/x.cpp", "clock_gettime(CLOCK_REALTIME, &t);\n", "Clock that is passed in"),
    ("tests/x_test.cpp", "auto x = std::chrono::system_clock::now();\n", "a test sets the date"),
    ("tests/x_test.cpp", "std::this_thread::sleep_for(1s);\n", "nothing sleeps"),
    ("persistence/x.cpp", "std::thread worker;\n", "threads are started"),
    ("runtime/produce/x.cpp", "std::mutex lock;\n", "takes no lock"),
    ("actors/x.cpp", 'std::printf("x");\n', "stdout"),
    ("runtime/http/x.cpp", "signal(SIGPIPE, SIG_IGN);\n", "no signal handler"),
    ("actors/x.cpp", "std::random_device seed;\n", "randomness"),
    ("runtime/model/x.h", "#include <string>\n#pragma once\n", "begins with #pragma once"),
    ("runtime/model/x.cpp", "int x;\n" * 501, "501 lines"),
)

if __name__ == "__main__":
    unittest.main()
