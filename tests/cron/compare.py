#!/usr/bin/env python3
"""Compares the times of our cron expressions with those of croniter, an independent implementation.

Random expressions of 5 and 6 fields (names, ranges, steps, lists, L, W, #) are asked for their next times,
in UTC and in zones whose clocks change. The same seed makes the same expressions everywhere. It goes on
until as many as asked for have been compared; those that croniter by its definition or by a defect
answers otherwise are excluded by the rules below, each named and counted, none silently. The last line is
`N passed, N failed`; all of them together are one test.

    compare.py --times target/debug/examples/cron_times --count 10000
"""

import argparse
import datetime
import itertools
import random
import subprocess
import sys
import zoneinfo

from croniter import CroniterBadDateError, croniter

SEED = 20261121
TIMES = 5  # of each expression
EPOCHS = (1_600_000_000, 2_200_000_000)  # where they begin: 2020 to 2039
ZONES = ["America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Europe/Berlin", "Asia/Shanghai"]
# The hours at which no zone of those changes its clocks; the change of Cairo is at midnight.
SAFE_HOURS = range(4, 23)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "sun mon tue wed thu fri sat".split()
SHOWN = 20  # differences


class Field:
    """A field of an expression: its text, that for croniter where it differs, and the values in it."""

    def __init__(self, text, values=(), theirs=None):
        self.text, self.values, self.theirs = text, set(values), theirs or text
        self.parts = text.split(",")


def capitals(rng, name):
    return rng.choice([name, name.upper(), name.capitalize()])


def value(rng, number, names):
    """As a number, or as a name where there are some."""
    if names and number in names and rng.random() < 0.5:
        return capitals(rng, names[number])
    return str(number)


def part(rng, low, high, names):
    kind = rng.randrange(10)
    span = high - low
    if kind < 4:
        number = rng.randint(low, high)
        return value(rng, number, names), {number}
    if kind < 6:
        a, b = sorted((rng.randint(low, high), rng.randint(low, high)))
        return f"{value(rng, a, names)}-{value(rng, b, names)}", set(range(a, b + 1))
    if kind < 8:
        a, b = sorted((rng.randint(low, high), rng.randint(low, high)))
        step = rng.randint(1, min(span, 12))
        return f"{value(rng, a, names)}-{value(rng, b, names)}/{step}", set(range(a, b + 1, step))
    if kind < 9:
        step = rng.randint(1, min(span, 30))
        return f"*/{step}", set(range(low, high + 1, step))
    number, step = rng.randint(low, high), rng.randint(1, min(span, 12))
    return f"{number}/{step}", set(range(number, high + 1, step))


def field(rng, low, high, names=None, star=0.35):
    if rng.random() < star:
        return Field("*", range(low, high + 1))
    parts = [part(rng, low, high, names) for _ in range(rng.choice([1, 1, 1, 2, 3, 4]))]
    return Field(",".join(text for text, _ in parts), set().union(*(values for _, values in parts)))


def day_of_month(rng):
    if rng.random() < 0.05:
        return Field(rng.choice(["L", "?", "15,L", "L,1", f"{rng.randint(1, 31)}W"]))
    return field(rng, 1, 31, star=0.5)


def day_of_week(rng):
    names = dict(enumerate(WEEKDAYS))
    if rng.random() < 0.08:
        day, nth = rng.randint(0, 6), rng.randint(1, 5)
        # croniter writes the last Friday L5.
        last = Field(f"{value(rng, day, names)}L", theirs=f"L{day}")
        return rng.choice([Field(f"{value(rng, day, names)}#{nth}"), Field("mon#1,fri#3"), last, Field("?")])
    made = field(rng, 0, 6, names, star=0.5)
    if rng.random() < 0.1 and "*" not in made.text and "/" not in made.text:
        # Sunday in its other writing, at the end, where a week may end.
        text, values = rng.choice([("7", {0}), ("5-7", {5, 6, 0}), ("sat-sun", {6, 0}), ("6-sun", {6, 0})])
        made = Field(f"{made.text},{text}", made.values | values)
    return made


def expression(rng):
    """Seconds or `None`, and the five other fields."""
    seconds = field(rng, 0, 59, star=0.2) if rng.random() < 0.4 else None
    return seconds, [
        field(rng, 0, 59),
        field(rng, 0, 23),
        day_of_month(rng),
        field(rng, 1, 12, dict(enumerate(MONTHS, 1)), star=0.6),
        day_of_week(rng),
    ]


# What is not compared, and why. Each rule takes the expression as `expression` makes it, and its zone.


def bounds(text):
    low, dash, high = text.split("/")[0].partition("-")
    return (low.lower(), high.lower()) if dash else None


def is_equal_range(text):
    ends = bounds(text)
    if not ends:
        return False
    numbers = {name: str(n) for n, name in [*enumerate(MONTHS, 1), *enumerate(WEEKDAYS)]}
    low, high = (numbers.get(end, end) for end in ends)
    return low == high


def equal_range(seconds, fields, zone):
    return any(is_equal_range(text) for field in [seconds, *fields] if field for text in field.parts)


def full_days(seconds, fields, zone):
    day, weekday = fields[2], fields[4]
    return (len(day.values) == 31 and "*" not in day.parts and weekday.text not in "*?" and "*" in weekday.text) or (
        len(weekday.values) == 7 and "*" not in weekday.parts and day.text not in "*?" and "*" in day.text
    )


def both_wanted(seconds, fields, zone):
    day, weekday = fields[2].text, fields[4].text
    is_rule = "W" in day or "#" in weekday or weekday.endswith("L")
    return is_rule and day not in "*?" and weekday not in "*?"


def beyond_the_month(seconds, fields, zone):
    return fields[2].text in ("29W", "30W", "31W")


def clocks_change(seconds, fields, zone):
    hour = fields[1]
    return zone != "UTC" and (any("*" in text for text in hour.parts) or not hour.values <= set(SAFE_HOURS))


RULES = {
    "an hour at which clocks change (croniter has other rules for it), in a zone that is not UTC": clocks_change,
    "a range of one value, 5-5 (all values to croniter)": equal_range,
    "a day of month beside a weekday, one of them with L, W or # (croniter wants both; for plain ones one is enough)": both_wanted,
    "29W, 30W and 31W (croniter takes the last day of months without that day, we none)": beyond_the_month,
    "all days by a list, beside a field with `*/n` (croniter takes the list for `*`)": full_days,
}


def by_croniter(text, zone, after):
    """The next times; fewer where there are no more."""
    start = datetime.datetime.fromtimestamp(after, zoneinfo.ZoneInfo(zone))
    times = croniter(text, start, second_at_beginning=True, day_or=True)
    found = []
    try:
        for _ in range(TIMES):
            found.append(int(times.get_next(datetime.datetime).timestamp()))
    except CroniterBadDateError:
        pass
    return found


def cases(rng):
    for number in itertools.count():
        seconds, fields = expression(rng)
        zone = ZONES[number // 5 % len(ZONES)] if number % 5 == 0 else "UTC"
        if zone != "UTC" and rng.random() < 0.8:
            hours = sorted(rng.sample(SAFE_HOURS, rng.choice([1, 1, 2, 4])))
            fields[1] = Field(",".join(map(str, hours)), hours)
        yield seconds, fields, zone, rng.randrange(*EPOCHS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", required=True, help="the example cron_times of fastkit")
    parser.add_argument("--count", type=int, default=10_000, help="how many expressions to compare")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()

    excluded = dict.fromkeys(RULES, 0)
    chosen = []
    for seconds, fields, zone, after in cases(random.Random(options.seed)):
        rule = next((name for name, applies in RULES.items() if applies(seconds, fields, zone)), None)
        if rule:
            excluded[rule] += 1
            continue
        fields = ([seconds] if seconds else []) + fields
        text, theirs = (" ".join(texts) for texts in zip(*((field.text, field.theirs) for field in fields)))
        chosen.append((text, theirs, zone, after))
        if len(chosen) == options.count:
            break

    lines = "".join(f"{TIMES}\t{zone}\t{after}\t{text}\n" for text, _, zone, after in chosen)
    answer = subprocess.run([options.times], input=lines, capture_output=True, text=True, check=True)
    answers = answer.stdout.splitlines()
    if len(answers) != len(chosen):
        sys.exit(f"cron_times answered {len(answers)} lines of {len(chosen)}")

    compared = {zone: 0 for zone in ["UTC", *ZONES]}
    six = never = moments = failed = 0
    for (text, their_text, zone, after), ours in zip(chosen, answers):
        theirs = by_croniter(their_text, zone, after)
        compared[zone] += 1
        six += len(text.split()) == 6
        never += not theirs
        moments += len(theirs)
        if ours != " ".join(map(str, theirs)):
            failed += 1
            if failed <= SHOWN:
                print(f"FAIL  {text!r} in {zone} after {after}\n      ours     {ours}\n      croniter {theirs}")

    print(f"{len(chosen)} expressions compared, {moments} times; {six} of six fields, {never} that are never due")
    print("      by zone: " + ", ".join(f"{zone} {count}" for zone, count in compared.items()))
    for rule, count in excluded.items():
        print(f"{count} more excluded: {rule}")
    print("0 passed, 1 failed" if failed else "1 passed, 0 failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
