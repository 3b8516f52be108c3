"""The demo's judgement finds what it is there to find: python3 deploy/demo/account_test.py"""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import account  # noqa: E402

SPAN_A, SPAN_B = "request 0a 1a", "dependency 0a 2b"
LOG, EXCEPTION = "trace 0a -", "exception 0a -"
ALL = [SPAN_A, SPAN_B, LOG, LOG, EXCEPTION]
OTLP_A, OTLP_B, OTLP_LOG = "otlp.span 0a 1a", "otlp.span 0a 2b", "otlp.log 0a 2b"
ALL_OTLP = [OTLP_A, OTLP_B, OTLP_LOG, OTLP_LOG]


def output(name, accepted, for_others):
    return {"name": name, "recovered": 0, "delivered": accepted - for_others, "in_store": 0, "resident": 0,
            "for_others": for_others, "ambiguous": 0, "dropped": {}}


def ledger(accepted=4, points=0, otlp_points=0, of="azure_monitor", **of_output):
    """Two spans and two logs, and points: some for Azure Monitor, others for OTLP."""
    accepted += points + otlp_points
    outputs = [output("azure_monitor", accepted, otlp_points), output("otlp.traces", accepted, accepted - 2),
               output("otlp.metrics", accepted, accepted - otlp_points), output("otlp.logs", accepted, accepted - 2)]
    for each in outputs:
        if each["name"] == of:
            each.update(of_output)
    return {"offered": accepted, "accepted": accepted, "refused": {}, "outputs": outputs}


def faults(received=ALL, received_otlp=ALL_OTLP, books=None, recorded=ALL, rejected=(0, 0), requests=1,
           points=(0, 0), orders=(0, 0, 0), failed=0):
    """`orders`: confirmed to customers, and summed up by the metric of each destination."""
    otlp_tally = {"distinct": 0, "rejected": 0}
    summary = {"items": {"rejected": rejected[0]}, "by_type": {"metric": {"distinct": points[0]}},
               "metrics": {"shop.orders": {"sum": float(orders[1])}},
               "otlp": {"spans": otlp_tally, "logs": {"distinct": 0, "rejected": rejected[1]},
                        "points": {"distinct": points[1], "rejected": 0},
                        "metrics": {"shop.orders": {"sum": float(orders[2])}}}}
    load = {"requests": requests, "failed": failed, "by_status": {"201": orders[0]}}
    with tempfile.TemporaryDirectory() as directory:
        lists = []
        for name, lines in (("recorded", recorded), ("received", [*received, *received_otlp])):
            lists.append(pathlib.Path(directory, name))
            lists[-1].write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        compared = {to: account.compare(*lists, to) for to in account.DESTINATIONS}
        return account.faults(books or ledger(), compared, summary, load)


class Account(unittest.TestCase):
    def test_balances_whatever_the_order(self):
        self.assertEqual([], faults(list(reversed(ALL)), list(reversed(ALL_OTLP))))

    def test_finds_a_missing_span_log_and_exception(self):
        for lost in (SPAN_A, SPAN_B, LOG, EXCEPTION):
            received = list(ALL)
            received.remove(lost)
            self.assertTrue(any("Azure Monitor: 1 " in fault and "missing" in fault
                                for fault in faults(received)), lost)

    def test_finds_what_is_missing_of_otlp_though_azure_monitor_has_it(self):
        for lost in (OTLP_A, OTLP_B, OTLP_LOG):
            received = list(ALL_OTLP)
            received.remove(lost)
            found = faults(received_otlp=received)
            self.assertIn("OTLP: 1 records are missing at the receiver", found, lost)
            self.assertFalse(any("Azure Monitor" in fault for fault in found), found)

    def test_a_duplicate_does_not_hide_a_missing_one(self):
        self.assertTrue(any("missing" in fault for fault in faults([SPAN_A, SPAN_A, LOG, LOG, EXCEPTION],
                                                                   books=ledger(ambiguous=1))))
        self.assertTrue(any("missing" in fault for fault in faults(
            received_otlp=[OTLP_A, OTLP_A, OTLP_LOG, OTLP_LOG], books=ledger(of="otlp.traces", ambiguous=1))))

    def test_duplicates_may_be_as_many_as_are_ambiguous_for_that_destination(self):
        twice = [*ALL, SPAN_A, LOG]
        self.assertEqual([], faults(twice, books=ledger(ambiguous=2)))
        self.assertEqual(["Azure Monitor: 2 records arrived twice"], faults(twice, books=ledger(ambiguous=1)))
        self.assertEqual(["Azure Monitor: 2 records arrived twice"],
                         faults(twice, books=ledger(of="otlp.traces", ambiguous=2)))
        self.assertEqual([], faults(received_otlp=[*ALL_OTLP, OTLP_A], books=ledger(of="otlp.traces", ambiguous=1)))

    def test_finds_what_nobody_recorded(self):
        self.assertTrue(any("never recorded" in fault for fault in faults([*ALL, "request ff ff"])))
        self.assertTrue(any("never recorded" in fault
                            for fault in faults(received_otlp=[*ALL_OTLP, "otlp.span ff ff"])))

    def test_a_refused_record_may_be_absent(self):
        books = ledger(4) | {"offered": 5, "refused": {"arena_full": 1}}
        self.assertEqual([], faults(ALL, books=books, recorded=[*ALL, "request 0b 3c"]))

    def test_stored_and_dropped_records_are_not_received(self):
        received = [SPAN_A, LOG, LOG, EXCEPTION]
        self.assertNotEqual([], faults(received, books=ledger(delivered=3, in_store=1)))
        self.assertNotEqual([], faults(received, books=ledger(delivered=3, dropped={"lag": 1})))
        self.assertNotEqual([], faults(received_otlp=ALL_OTLP[1:],
                                       books=ledger(of="otlp.traces", delivered=1, in_store=1)))

    def test_finds_books_that_do_not_close(self):
        for name in ("azure_monitor", "otlp.traces", "otlp.metrics", "otlp.logs"):
            found = faults(books=ledger(of=name, delivered=7))
            self.assertTrue(any(f"{name} does not close" in fault for fault in found), found)

    def test_finds_an_output_that_is_not_there(self):
        books = ledger()
        books["outputs"] = books["outputs"][:1]
        self.assertIn("OTLP: the shop has no such output", faults(books=books))

    def test_points_of_metrics_are_records_without_a_line_of_the_shops(self):
        received = [*ALL, "metric - -", "metric - -"]
        received_otlp = [*ALL_OTLP, "otlp.point - -"]
        books = ledger(points=2, otlp_points=1)
        self.assertEqual([], faults(received, received_otlp, books, points=(2, 1)))
        self.assertIn("Azure Monitor: 6 records were meant for it, 5 were received",
                      faults(received, received_otlp, books, points=(1, 1)))
        self.assertIn("OTLP: 5 records were meant for it, 4 were received",
                      faults(received, received_otlp, books, points=(2, 0)))

    def test_holds_the_metric_of_orders_against_what_customers_were_told(self):
        self.assertEqual([], faults(orders=(7, 7, 7)))
        self.assertTrue(any("Azure Monitor: 7 orders" in fault for fault in faults(orders=(7, 6, 7))))
        self.assertTrue(any("OTLP: 7 orders" in fault for fault in faults(orders=(7, 7, 6))))
        self.assertEqual([], faults(orders=(6, 7, 7), failed=1))  # confirmed, but nobody heard it

    def test_finds_rejected_items_and_a_load_without_answers(self):
        self.assertNotEqual([], faults(rejected=(1, 0)))
        self.assertNotEqual([], faults(rejected=(0, 1)))
        self.assertNotEqual([], faults(requests=0))


if __name__ == "__main__":
    unittest.main()
