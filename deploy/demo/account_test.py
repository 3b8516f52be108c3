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


def ledger(accepted=4, **of_output):
    output = {"recovered": 0, "delivered": accepted, "in_store": 0, "resident": 0, "for_others": 0,
              "ambiguous": 0, "dropped": {}}
    return {"offered": accepted, "accepted": accepted, "refused": {}, "outputs": [output | of_output]}


def faults(received, books=None, recorded=ALL, rejected=0, requests=1, points=0, orders=(0, 0), failed=0):
    """`orders`: confirmed to customers, and summed up by the metric."""
    summary = {"items": {"rejected": rejected}, "by_type": {"metric": {"distinct": points}},
               "metrics": {"shop.orders": {"sum": float(orders[1])}}}
    load = {"requests": requests, "failed": failed, "by_status": {"201": orders[0]}}
    with tempfile.TemporaryDirectory() as directory:
        lists = []
        for name, lines in (("recorded", recorded), ("received", received)):
            lists.append(pathlib.Path(directory, name))
            lists[-1].write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        return account.faults(books or ledger(), account.compare(*lists), summary, load)


class Account(unittest.TestCase):
    def test_balances_whatever_the_order(self):
        self.assertEqual([], faults(list(reversed(ALL))))

    def test_finds_a_missing_span_log_and_exception(self):
        for lost in (SPAN_A, SPAN_B, LOG, EXCEPTION):
            received = list(ALL)
            received.remove(lost)
            self.assertTrue(any("missing" in fault for fault in faults(received)), lost)

    def test_a_duplicate_does_not_hide_a_missing_one(self):
        self.assertTrue(any("missing" in fault for fault in faults([SPAN_A, SPAN_A, LOG, LOG, EXCEPTION],
                                                                   ledger(ambiguous=1))))

    def test_duplicates_may_be_as_many_as_are_ambiguous(self):
        twice = [*ALL, SPAN_A, LOG]
        self.assertEqual([], faults(twice, ledger(ambiguous=2)))
        self.assertEqual(["2 records arrived twice"], faults(twice, ledger(ambiguous=1)))

    def test_finds_what_nobody_recorded(self):
        self.assertTrue(any("never recorded" in fault for fault in faults([*ALL, "request ff ff"])))

    def test_a_refused_record_may_be_absent(self):
        books = ledger(3) | {"offered": 4, "refused": {"arena_full": 1}}
        self.assertEqual([], faults([SPAN_A, LOG, LOG, EXCEPTION], books))

    def test_stored_and_dropped_records_are_not_received(self):
        received = [SPAN_A, LOG, LOG, EXCEPTION]
        self.assertNotEqual([], faults(received, ledger(delivered=3, in_store=1)))
        self.assertNotEqual([], faults(received, ledger(delivered=3, dropped={"lag": 1})))

    def test_finds_books_that_do_not_close(self):
        self.assertTrue(any("does not close" in fault for fault in faults(ALL, ledger(delivered=3))))

    def test_points_of_metrics_are_records_without_a_line_of_the_shops(self):
        received = [*ALL, "metric - -", "metric - -"]
        self.assertEqual([], faults(received, ledger(6), points=2))
        self.assertTrue(any("6 records were accepted, 5 were" in fault
                            for fault in faults(received, ledger(6), points=1)))

    def test_holds_the_metric_of_orders_against_what_customers_were_told(self):
        self.assertEqual([], faults(ALL, orders=(7, 7)))
        self.assertTrue(any("7 orders" in fault for fault in faults(ALL, orders=(7, 6))))
        self.assertEqual([], faults(ALL, orders=(6, 7), failed=1))  # confirmed, but nobody heard it

    def test_finds_rejected_items_and_a_load_without_answers(self):
        self.assertNotEqual([], faults(ALL, rejected=1))
        self.assertNotEqual([], faults(ALL, requests=0))


if __name__ == "__main__":
    unittest.main()
