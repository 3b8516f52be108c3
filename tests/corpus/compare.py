#!/usr/bin/env python3
"""Compare Application Insights envelopes, whatever their order.

  compare.py expected.ndjson actual.ndjson      one case
  compare.py CASES_DIR ACTUAL_DIR               every CASES_DIR/<case>/expected.ndjson against
                                                ACTUAL_DIR/<case>.ndjson or ACTUAL_DIR/<case>/actual.ndjson

A line is one envelope (or a JSON array of envelopes); a file may also be one JSON array.
Exit status: 0 equal, 1 different, 2 unreadable or not valid (bad JSON, NaN literal, a key twice, bad UTF-8).

What counts as equal, beside the same value:
  * numbers by value (1 = 1.0 = 1e0)
  * $.time: the same instant within --time-tolerance-ms (the peer keeps whole milliseconds and is
    sometimes 1 ms early); any number of fraction digits
  * duration: the same span within one tick (100 ns), however it is written
  * $.time of MetricData: any valid time (the peer stamps metrics with the moment of export)
  * empty properties / measurements = absent
  * properties["_MS.links"]: by its JSON content where both sides parse
Never compared: the tags in IGNORED_TAGS; ai.cloud.roleInstance where the expected value is the stand-in
for the peer's host name; ai.cloud.role where the input named none (expected empty or absent).
"""
import argparse
import datetime
import fnmatch
import json
import os
import re
import sys

HOST_STAND_IN = "corpus-default-host"
IGNORED_TAGS = {
    "ai.internal.sdkVersion", "ai.internal.agentVersion", "ai.internal.nodeName",
    "ai.device.osVersion", "ai.device.os", "ai.device.osPlatform", "ai.device.oemName", "ai.device.type",
    "ai.device.locale", "ai.device.language", "ai.device.machineName", "ai.device.roleInstance",
}
ADDED_TAGS = {"ai.operation.name"}
ADDED_PROPERTIES = {"log.body", "otel.status_description", "event.name"}
ABSENT = object()


class Options:
    def __init__(self, **kw):
        self.time_tolerance_ms = kw.get("time_tolerance_ms", 1.0)
        self.exact_text = kw.get("exact_text", False)
        self.strict_metric_time = kw.get("strict_metric_time", False)
        self.no_resource_metric = kw.get("no_resource_metric", False)
        self.empty_is_absent = kw.get("empty_is_absent", False)
        self.ignore = kw.get("ignore", []) or []
        self.allow_additions = kw.get("allow_additions", False)


class Invalid(Exception):
    pass


def _pairs(pairs):
    out = {}
    for k, v in pairs:
        if k in out:
            raise Invalid("key %r twice in one object" % k)
        out[k] = v
    return out


def _constant(name):
    raise Invalid("%s is not JSON" % name)


def parse_json(text):
    return json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant)


def load(path):
    with open(path, "rb") as f:
        raw = f.read()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as e:
        raise Invalid("%s: not UTF-8: %s" % (path, e))
    out = []
    try:
        try:
            whole = parse_json(text) if text.lstrip().startswith("[") else None
        except ValueError:
            whole = None
        if whole is not None:
            items = [whole]
        else:
            items = [parse_json(line) for line in text.split("\n") if line.strip()]
    except (ValueError, Invalid) as e:
        raise Invalid("%s: %s" % (path, e))
    for item in items:
        for env in item if isinstance(item, list) else [item]:
            if not isinstance(env, dict):
                raise Invalid("%s: an envelope is not an object" % path)
            out.append(env)
    return out


def dig(v, *path):
    for p in path:
        if isinstance(v, dict):
            v = v.get(p)
        elif isinstance(v, list) and isinstance(p, int) and p < len(v):
            v = v[p]
        else:
            return None
    return v


_TIME = re.compile(r"^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$")


def parse_time_ns(s):
    m = _TIME.match(s) if isinstance(s, str) else None
    if not m:
        return None
    try:
        base = datetime.datetime(*[int(x) for x in m.groups()[:6]], tzinfo=datetime.timezone.utc)
    except ValueError:
        return None
    d = base - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    ns = (d.days * 86400 + d.seconds) * 10**9
    ns += int(((m.group(7) or "") + "000000000")[:9])
    z = m.group(8)
    if z != "Z":
        off = (int(z[1:3]) * 60 + int(z[4:6])) * 60 * 10**9
        ns += -off if z[0] == "+" else off
    return ns


_SPAN = re.compile(r"^(-?)(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,7}))?$")


def parse_span_ticks(s):
    m = _SPAN.match(s) if isinstance(s, str) else None
    if not m:
        return None
    sign, d, h, mi, se, fr = m.groups()
    t = ((int(d or 0) * 24 + int(h)) * 60 + int(mi)) * 60 + int(se)
    t = t * 10**7 + int(((fr or "") + "0000000")[:7])
    return -t if sign else t


def child(path, key):
    if isinstance(key, int):
        return "%s[%d]" % (path, key)
    if re.match(r"^[A-Za-z_][A-Za-z0-9_]*$", key):
        return "%s.%s" % (path, key)
    return "%s[%s]" % (path, json.dumps(key))


def show(v):
    if v is ABSENT:
        return "(absent)"
    s = json.dumps(v, ensure_ascii=True, sort_keys=True)
    return s if len(s) <= 160 else "%s... (%d characters)" % (s[:160], len(s))


def where(a, b):
    if isinstance(a, str) and isinstance(b, str) and max(len(a), len(b)) > 100:
        n = 0
        while n < min(len(a), len(b)) and a[n] == b[n]:
            n += 1
        return "   (first difference at character %d; lengths %d and %d)" % (n, len(a), len(b))
    return ""


def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


class Differ:
    def __init__(self, opts):
        self.o = opts

    def ignored(self, path):
        return any(fnmatch.fnmatchcase(path, g) for g in self.o.ignore)

    def blank(self, path, v):
        if v is ABSENT:
            return True
        if v == {} and path in ("$.data.baseData.properties", "$.data.baseData.measurements"):
            return True
        return self.o.empty_is_absent and (v is None or v == "" or v == {} or v == [])

    def envelope(self, e, a):
        out = []
        self.base_type = dig(e, "data", "baseType")
        self.walk("$", e, a, out)
        return out

    def walk(self, path, e, a, out):
        if self.o.ignore and self.ignored(path):
            return
        if e is not ABSENT and a is not ABSENT and e == a and type(e) is type(a):
            if not (isinstance(e, (dict, list))):
                return
        if self.blank(path, e) and self.blank(path, a):
            return
        if path == "$.tags":
            e = self.tags(e, e)
            a = self.tags(e, a)
        if path == "$.time" and self.time(e, a):
            return
        if path == "$.data.baseData.duration" and not self.o.exact_text:
            x, y = parse_span_ticks(e), parse_span_ticks(a)
            if x is not None and y is not None and abs(x - y) <= 1:
                return
        if path == '$.data.baseData.properties["_MS.links"]' and isinstance(e, str) and isinstance(a, str):
            try:
                x, y = parse_json(e), parse_json(a)
                sub = []
                self.walk("$links", x, y, sub)
                if not sub:
                    return
            except (ValueError, Invalid):
                pass
        if self.o.allow_additions and e is ABSENT and self.added(path):
            return
        if isinstance(e, dict) and isinstance(a, dict):
            for k in sorted(set(e) | set(a)):
                self.walk(child(path, k), e.get(k, ABSENT), a.get(k, ABSENT), out)
            return
        if isinstance(e, list) and isinstance(a, list):
            for i in range(max(len(e), len(a))):
                self.walk(child(path, i), e[i] if i < len(e) else ABSENT, a[i] if i < len(a) else ABSENT, out)
            return
        if is_number(e) and is_number(a):
            if e == a or float_or_none(e) == float_or_none(a):
                return
        elif type(e) is type(a) and e == a:
            return
        out.append((path, e, a))

    def added(self, path):
        if re.match(r"^\$\.data\.baseData\.metrics\[\d+\]\.ns$", path):
            return True
        return any(path == child("$.data.baseData.properties", k) for k in ADDED_PROPERTIES)

    def tags(self, expected, v):
        if not isinstance(v, dict):
            return v
        drop = set(IGNORED_TAGS)
        ex = expected if isinstance(expected, dict) else {}
        # the stand-in is kept on the expected side until both sides were filtered
        if ex.get("ai.cloud.roleInstance", HOST_STAND_IN) == HOST_STAND_IN:
            drop.add("ai.cloud.roleInstance")
        if not ex.get("ai.cloud.role"):
            drop.add("ai.cloud.role")
        if self.o.allow_additions:
            drop |= {k for k in ADDED_TAGS if k not in ex}
        return {k: x for k, x in v.items() if k not in drop}

    def time(self, e, a):
        x, y = parse_time_ns(e), parse_time_ns(a)
        if y is None or x is None:
            return False
        if self.base_type == "MetricData" and not self.o.strict_metric_time:
            return True
        if self.o.exact_text:
            return e == a
        return abs(x - y) <= self.o.time_tolerance_ms * 1e6 + (1000 if self.o.time_tolerance_ms else 0)


def float_or_none(n):
    try:
        return float(n)
    except OverflowError:
        return None


def signature(e):
    b = dig(e, "data", "baseData")
    return json.dumps([
        e.get("name"), dig(e, "data", "baseType"), dig(b, "id"), dig(e, "tags", "ai.operation.id"),
        dig(b, "name"), dig(b, "message"), dig(b, "exceptions", 0, "message"), dig(b, "metrics", 0, "name"),
        dig(b, "properties") or {},
    ], sort_keys=True)


def is_resource_metric(e):
    return dig(e, "data", "baseData", "metrics", 0, "name") == "_OTELRESOURCE_"


def compare(expected, actual, opts=None):
    """-> list of (what, path, expected, actual); empty when equal"""
    opts = opts or Options()
    if opts.no_resource_metric:
        expected = [e for e in expected if not is_resource_metric(e)]
        actual = [e for e in actual if not is_resource_metric(e)]
    d = Differ(opts)
    groups = {}
    for i, e in enumerate(actual):
        groups.setdefault(signature(e), []).append(i)
    used = [False] * len(actual)
    left_e = []
    for i, e in enumerate(expected):
        hit = None
        for j in groups.get(signature(e), ()):
            if not used[j] and not d.envelope(e, actual[j]):
                hit = j
                break
        if hit is None:
            left_e.append(i)
        else:
            used[hit] = True
    left_a = [j for j in range(len(actual)) if not used[j]]
    # An envelope whose signature differs may still be equal under the rules above; then pair the closest.
    out = []
    if len(left_e) * len(left_a) <= 60000:
        table = []
        for i in left_e:
            for j in left_a:
                n = len(d.envelope(expected[i], actual[j]))
                if dig(expected[i], "data", "baseType") != dig(actual[j], "data", "baseType"):
                    n += 1000
                if dig(expected[i], "data", "baseData", "id") != dig(actual[j], "data", "baseData", "id"):
                    n += 50
                table.append((n, i, j))
        table.sort()
    else:
        table = [(1, i, j) for i, j in zip(left_e, left_a)]
    done_e, done_a = set(), set()
    for n, i, j in table:
        if i in done_e or j in done_a:
            continue
        if n >= 1000:
            continue
        done_e.add(i)
        done_a.add(j)
        for path, e, a in d.envelope(expected[i], actual[j]):
            out.append(("envelope %d" % (i + 1), path, e, a))
    for i in left_e:
        if i not in done_e:
            out.append(("envelope %d" % (i + 1), "$", expected[i], ABSENT))
    for j in left_a:
        if j not in done_a:
            out.append(("extra envelope %d" % (j + 1), "$", ABSENT, actual[j]))
    return out


def report(diffs, limit, prefix=""):
    for what, path, e, a in diffs[:limit]:
        print("%s%s %s\n%s    expected %s\n%s    actual   %s%s" % (prefix, what, path, prefix, show(e), prefix, show(a), where(e, a)))
    if len(diffs) > limit:
        print("%s... and %d more" % (prefix, len(diffs) - limit))


def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("expected")
    p.add_argument("actual")
    p.add_argument("--time-tolerance-ms", type=float, default=1.0, help="0 = the same instant (default 1)")
    p.add_argument("--exact-text", action="store_true", help="time and duration must be the same text")
    p.add_argument("--strict-metric-time", action="store_true", help="compare $.time of MetricData too")
    p.add_argument("--no-resource-metric", action="store_true", help="leave out _OTELRESOURCE_ envelopes on both sides")
    p.add_argument("--empty-is-absent", action="store_true", help='null, "", {} and [] are as good as absent')
    p.add_argument("--ignore", action="append", default=[], metavar="GLOB", help="leave out JSON paths, e.g. '$.sampleRate'")
    p.add_argument("--allow-additions", action="store_true", help="what README.md lists as added where the peer has nothing (ADDED_TAGS, ADDED_PROPERTIES, a metric's ns) is no difference")
    p.add_argument("--only", metavar="FILE", help="directory mode: only the cases named in FILE (first column)")
    p.add_argument("--skip", metavar="FILE", help="directory mode: leave out the cases named in FILE (first column)")
    p.add_argument("--max", type=int, default=40, help="differences printed for each case")
    a = p.parse_args(argv)
    try:
        sys.stdout.reconfigure(errors="backslashreplace")
    except AttributeError:
        pass
    opts = Options(time_tolerance_ms=a.time_tolerance_ms, exact_text=a.exact_text, strict_metric_time=a.strict_metric_time,
                   no_resource_metric=a.no_resource_metric, allow_additions=a.allow_additions, empty_is_absent=a.empty_is_absent, ignore=a.ignore)
    if not os.path.isdir(a.expected):
        try:
            diffs = compare(load(a.expected), load(a.actual), opts)
        except (Invalid, OSError) as e:
            print("error: %s" % e)
            return 2
        report(diffs, a.max)
        return 1 if diffs else 0
    skip = set()
    if a.skip:
        with open(a.skip, encoding="utf-8") as f:
            skip = {line.split("\t")[0].strip() for line in f if line.strip()}
    only = None
    if a.only:
        with open(a.only, encoding="utf-8") as f:
            only = {line.split("\t")[0].strip() for line in f if line.strip()}
    good = bad = left = 0
    for name in sorted(os.listdir(a.expected)):
        exp = os.path.join(a.expected, name, "expected.ndjson")
        if not os.path.isfile(exp):
            continue
        if name in skip or (only is not None and name not in only):
            left += 1
            continue
        act = next((x for x in (os.path.join(a.actual, name + ".ndjson"), os.path.join(a.actual, name, "actual.ndjson")) if os.path.isfile(x)), None)
        try:
            if act is None:
                raise Invalid("no output for this case")
            diffs = compare(load(exp), load(act), opts)
        except (Invalid, OSError) as e:
            print("FAIL %s: %s" % (name, e))
            bad += 1
            continue
        if diffs:
            bad += 1
            print("FAIL %s" % name)
            report(diffs, a.max, "  ")
        else:
            good += 1
    print("%d passed, %d failed, %d skipped" % (good, bad, left))
    return 1 if bad or not good else 0


if __name__ == "__main__":
    sys.exit(main())
