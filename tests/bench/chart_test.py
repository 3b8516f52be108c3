"""Charts: they are XML that a browser takes, and say what they were given."""

import pathlib
import sys
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench"))

import chart  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def rectangles(picture, colour):
    return [float(found.get("width")) for found in xml.fromstring(picture).iter(f"{SVG}rect")
            if found.get("fill") == colour]


class Bars(unittest.TestCase):
    def test_draw_a_bar_for_ours_and_one_for_the_peer_longer_when_it_is_more(self):
        picture = chart.bars("Cost", [("flat", 100, 10_000), ("log", 1_000, None)])
        ours = rectangles(picture, chart.OURS)[:-1]  # without the legend's
        peer = rectangles(picture, chart.PEER)[:-1]
        self.assertEqual((len(ours), len(peer)), (2, 1))
        self.assertLess(ours[0], ours[1])
        self.assertLess(ours[1], peer[0])

    def test_take_any_words_for_a_label(self):
        self.assertIn("a &lt;b&gt; &amp; c", chart.bars("Cost", [("a <b> & c", 1, 2)]))
        xml.fromstring(chart.bars('"<&>"', [("<", 1, 2)]))

    def test_are_none_of_nothing(self):
        self.assertIsNone(chart.bars("Cost", [("flat", None, 3), ("log", 0, 3)]))


class Lines(unittest.TestCase):
    def test_go_through_every_point_higher_when_it_is_more(self):
        picture = chart.lines("Curve", "threads", {"ours": [(1, 10), (8, 40)]})
        spots = [float(spot.get("cy")) for spot in xml.fromstring(picture).iter(f"{SVG}circle")]
        self.assertEqual(len(spots), 2)
        self.assertGreater(spots[0], spots[1])  # y grows downwards

    def test_survive_a_curve_of_noughts(self):
        xml.fromstring(chart.lines("Curve", "threads", {"ours": [(1, 0)]}))

    def test_are_none_of_nothing(self):
        self.assertIsNone(chart.lines("Curve", "threads", {"ours": []}))


if __name__ == "__main__":
    unittest.main()
