use super::*;
use chrono::TimeDelta;

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

/// The next times as the clocks of the zone show them, with the offset.
fn shown(trigger: &Trigger, zone: Zone, after: &str, count: usize) -> Vec<String> {
    let times = trigger.times(time(after), zone).take(count);
    times
        .map(|time| zone.at(time).format("%d %H:%M %:z").to_string())
        .collect()
}

/// Whenever clocks change, in the zones that have their own way of it: from the midnight before on.
#[test]
fn cron_over_the_changes_of_clocks() {
    let cases: [(&str, &str, &str, &[&str]); 31] = [
        // 2:00 -05:00 is followed by 3:00 -04:00.
        (
            "30 2 * * *",
            "America/New_York",
            "2026-03-08T05:00:00Z",
            &["08 03:00 -04:00", "09 02:30 -04:00"],
        ),
        (
            "0,30 2 * * *",
            "America/New_York",
            "2026-03-08T05:00:00Z",
            &["08 03:00 -04:00", "09 02:00 -04:00"],
        ),
        (
            "*/5 2 * * *",
            "America/New_York",
            "2026-03-08T05:00:00Z",
            &["08 03:00 -04:00", "09 02:00 -04:00"],
        ),
        (
            "0 2,3 * * *",
            "America/New_York",
            "2026-03-08T05:00:00Z",
            &["08 03:00 -04:00", "09 02:00 -04:00"],
        ),
        (
            "30 * * * *",
            "America/New_York",
            "2026-03-08T05:45:00Z",
            &["08 01:30 -05:00", "08 03:30 -04:00"],
        ),
        (
            "*/20 * * * *",
            "America/New_York",
            "2026-03-08T06:30:00Z",
            &["08 01:40 -05:00", "08 03:00 -04:00"],
        ),
        (
            "0 */2 * * *",
            "America/New_York",
            "2026-03-08T04:30:00Z",
            &["08 00:00 -05:00", "08 04:00 -04:00"],
        ),
        // What the clocks leave out is due at the very second at which they do.
        (
            "30 2 * * *",
            "America/New_York",
            "2026-03-08T06:59:59.9Z",
            &["08 03:00 -04:00"],
        ),
        (
            "30 2 * * *",
            "America/New_York",
            "2026-03-08T07:00:00Z",
            &["09 02:30 -04:00"],
        ),
        // 2:00 -04:00 is followed by 1:00 -05:00.
        (
            "30 1 * * *",
            "America/New_York",
            "2026-11-01T04:00:00Z",
            &["01 01:30 -04:00", "02 01:30 -05:00"],
        ),
        (
            "0,30 1 * * *",
            "America/New_York",
            "2026-11-01T04:00:00Z",
            &["01 01:00 -04:00", "01 01:30 -04:00", "02 01:00 -05:00"],
        ),
        (
            "0 0-3 * * *",
            "America/New_York",
            "2026-11-01T04:00:00Z",
            &["01 01:00 -04:00", "01 02:00 -05:00", "01 03:00 -05:00"],
        ),
        (
            "30 1 * * *",
            "America/New_York",
            "2026-11-01T06:10:00Z",
            &["02 01:30 -05:00"],
        ),
        (
            "30 * * * *",
            "America/New_York",
            "2026-11-01T05:00:00Z",
            &["01 01:30 -04:00", "01 01:30 -05:00", "01 02:30 -05:00"],
        ),
        (
            "*/30 * * * *",
            "America/New_York",
            "2026-11-01T05:30:00Z",
            &["01 01:00 -05:00", "01 01:30 -05:00", "01 02:00 -05:00"],
        ),
        // 2:00 +10:30 is followed by 2:30 +11:00.
        (
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-03T13:30:00Z",
            &["04 02:30 +11:00", "05 02:15 +11:00"],
        ),
        (
            "*/20 * * * *",
            "Australia/Lord_Howe",
            "2026-10-03T15:00:00Z",
            &["04 01:40 +10:30", "04 02:40 +11:00"],
        ),
        // 2:00 +11:00 is followed by 1:30 +10:30.
        (
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T13:30:00Z",
            &["05 01:45 +11:00", "06 01:45 +10:30"],
        ),
        (
            "*/20 * * * *",
            "Australia/Lord_Howe",
            "2026-04-04T14:30:00Z",
            &["05 01:40 +11:00", "05 01:40 +10:30", "05 02:00 +10:30"],
        ),
        // Midnight +02:00 is shown as 1:00 +03:00.
        (
            "0 0 * * *",
            "Africa/Cairo",
            "2026-04-23T12:00:00Z",
            &["24 01:00 +03:00", "25 00:00 +03:00"],
        ),
        (
            "0 0 24 4 *",
            "Africa/Cairo",
            "2026-04-23T12:00:00Z",
            &["24 01:00 +03:00"],
        ),
        (
            "15 * * * *",
            "Africa/Cairo",
            "2026-04-23T21:00:00Z",
            &["23 23:15 +02:00", "24 01:15 +03:00"],
        ),
        // Midnight +03:00 is shown as 23:00 +02:00: the 29th has 25 hours.
        (
            "30 23 * * *",
            "Africa/Cairo",
            "2026-10-29T12:00:00Z",
            &["29 23:30 +03:00", "30 23:30 +02:00"],
        ),
        (
            "0 0 * * *",
            "Africa/Cairo",
            "2026-10-29T12:00:00Z",
            &["30 00:00 +02:00"],
        ),
        (
            "30 * * * *",
            "Africa/Cairo",
            "2026-10-29T20:00:00Z",
            &["29 23:30 +03:00", "29 23:30 +02:00", "30 00:30 +02:00"],
        ),
        // No change today; until 1991 there was one.
        (
            "0 8 * * *",
            "Asia/Shanghai",
            "2026-03-08T00:00:00Z",
            &["09 08:00 +08:00", "10 08:00 +08:00"],
        ),
        (
            "30 2 * * *",
            "Asia/Shanghai",
            "1991-04-13T17:30:00Z",
            &["14 03:00 +09:00", "15 02:30 +09:00"],
        ),
        (
            "30 1 * * *",
            "Asia/Shanghai",
            "1991-09-14T15:00:00Z",
            &["15 01:30 +09:00", "16 01:30 +08:00"],
        ),
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T23:00:00Z",
            &["29 03:00 +02:00", "30 02:30 +02:00"],
        ),
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T22:00:00Z",
            &["25 02:30 +02:00", "26 02:30 +01:00"],
        ),
        // A day that Samoa left out: the 30th begins, and ends, with the 31st.
        (
            "0 8 * * *",
            "Pacific/Apia",
            "2011-12-29T12:00:00Z",
            &["29 08:00 -10:00", "31 00:00 +14:00", "31 08:00 +14:00"],
        ),
    ];
    for (expression, name, after, expected) in cases {
        let trigger = Trigger::cron(expression).unwrap();
        let found = shown(&trigger, zone(name), after, expected.len());
        assert_eq!(found, expected, "{expression} in {name} after {after}");
    }
}

#[test]
fn month_ends_and_year_ends_are_those_of_the_zone() {
    let cases = [
        (
            "0 0 1 1 *",
            "Asia/Shanghai",
            "2026-12-01T00:00:00Z",
            "2026-12-31T16:00:00Z",
        ),
        (
            "59 59 23 L * *",
            "Asia/Shanghai",
            "2026-02-01T00:00:00Z",
            "2026-02-28T15:59:59Z",
        ),
        (
            "0 0 29 2 *",
            "America/New_York",
            "2026-02-01T00:00:00Z",
            "2028-02-29T05:00:00Z",
        ),
        (
            "0 12 31 * *",
            "Australia/Lord_Howe",
            "2026-03-31T02:00:00Z",
            "2026-05-31T01:30:00Z",
        ),
        (
            "0 8 * * mon",
            "Asia/Shanghai",
            "2026-11-22T23:59:59Z",
            "2026-11-23T00:00:00Z",
        ),
    ];
    for (expression, name, after, next) in cases {
        let trigger = Trigger::cron(expression).unwrap();
        assert_eq!(
            trigger.next(time(after), zone(name)),
            Some(time(next)),
            "{expression} in {name}"
        );
    }
}

#[test]
fn any_is_due_with_each_and_all_with_all() {
    let cron = |text| Trigger::cron(text).unwrap();
    let every = |seconds| Trigger::interval(Duration::from_secs(seconds));
    let times = |trigger: &Trigger, count| shown(trigger, Zone::UTC, "2026-11-21T20:00:00Z", count);
    assert_eq!(
        times(
            &Trigger::any([cron("0 8 * * *"), cron("0 21 * * *"), cron("0 8 22 11 *")]),
            3
        ),
        ["21 21:00 +00:00", "22 08:00 +00:00", "22 21:00 +00:00"]
    );
    // The intervals are aligned.
    assert_eq!(
        times(&Trigger::any([every(7 * 60), every(60 * 60)]), 3),
        ["21 20:01 +00:00", "21 20:08 +00:00", "21 20:15 +00:00"]
    );
    assert_eq!(
        times(
            &Trigger::all([cron("*/6 * * * *"), cron("*/10 * * * *")]),
            2
        ),
        ["21 20:30 +00:00", "21 21:00 +00:00"]
    );
    let nested = Trigger::all([
        every(30),
        Trigger::any([cron("15 8 * * *"), cron("0,15 9 * * *")]),
        cron("15 * * * sun"),
    ]);
    assert_eq!(
        times(&nested, 3),
        ["22 08:15 +00:00", "22 09:15 +00:00", "29 08:15 +00:00"]
    );
    let at = Trigger::at(time("2026-11-22T08:00:00Z"));
    assert_eq!(
        times(&Trigger::all([at.clone(), cron("0 8 * * *")]), 3),
        ["22 08:00 +00:00"]
    );
    assert_eq!(times(&Trigger::all([at, cron("0 9 * * *")]), 3), [""; 0]);
    assert_eq!(
        times(&Trigger::all([cron("0 8 * * *")]), 1),
        ["22 08:00 +00:00"]
    );
}

#[test]
fn a_time_on_which_all_agree_is_not_looked_for_without_end() {
    let cron = |text| Trigger::cron(text).unwrap();
    let never = [
        Trigger::all([cron("0-29 * * * * *"), cron("30-59 * * * * *")]),
        Trigger::all([cron("0 0 1-15 * *"), cron("0 0 16-31 * *")]),
        Trigger::all([cron("0 0 30 2 *"), cron("* * * * *")]),
        Trigger::all([
            Trigger::interval(Duration::from_millis(1)),
            Trigger::at(time("2000-01-01T00:00:00Z")),
        ]),
        // They share a lock on the search: it is not 100,000 times 100,000 steps.
        Trigger::all([
            Trigger::all([cron("0-29 * * * * *"), cron("30-59 * * * * *")]),
            Trigger::all([cron("0-29 * * * * *"), cron("30-59 * * * * *")]),
        ]),
        Trigger::any([]),
        Trigger::all([]),
    ];
    for trigger in never {
        assert_eq!(
            trigger.next(time("2026-11-21T20:00:00Z"), zone("Asia/Shanghai")),
            None,
            "{trigger}"
        );
    }
    // Periods that meet only every 237 years.
    let far = Trigger::all([86_399, 86_400].map(|s| Trigger::interval(Duration::from_secs(s))));
    assert_eq!(far.next(time("2026-11-21T20:00:00Z"), Zone::UTC), None);
    let rare = Trigger::all([
        cron("* * * * * *"),
        cron("0 0 29 2 sun#5"),
        cron("0 0 29 2 *"),
    ]);
    assert_eq!(
        rare.next(time("2026-11-21T20:00:00Z"), Zone::UTC),
        Some(time("2028-02-29T00:00:00Z"))
    );
}

#[test]
fn triggers_say_what_they_are() {
    let cron = Trigger::cron("  0 8 * *  mon ").unwrap();
    let every = Trigger::interval(Duration::from_secs(5));
    let cases = [
        (every.clone(), "IntervalTrigger", "every 5s"),
        (every.clone().aligned(), "IntervalTrigger", "every 5s"),
        (cron.clone(), "CronTrigger", "cron 0 8 * *  mon"),
        (
            Trigger::at(time("2026-12-01T00:00:00.5Z")),
            "DateTrigger",
            "at 2026-12-01 00:00:00.500 UTC",
        ),
        (
            Trigger::at_local("2026-12-01T08:00").unwrap(),
            "DateTrigger",
            "at 2026-12-01 08:00:00",
        ),
        (
            Trigger::any([every.clone(), Trigger::all([every.clone(), cron.clone()])]),
            "OrTrigger",
            "every 5s or (every 5s and cron 0 8 * *  mon)",
        ),
        (Trigger::all([]), "AndTrigger", "never"),
    ];
    for (trigger, kind, text) in cases {
        assert_eq!((trigger.kind(), trigger.to_string().as_str()), (kind, text));
    }
    assert_eq!(every.monotonic_period(), Some(Duration::from_secs(5)));
    assert_eq!(every.aligned().monotonic_period(), None);
    assert_eq!(cron.monotonic_period(), None);
}

#[test]
fn problems_are_told() {
    let nothing = Trigger::interval(Duration::ZERO);
    let cases = [
        (
            nothing.clone(),
            Some("every 0s: the period of an interval is not in 1ms to 36525d"),
        ),
        (
            Trigger::any([
                Trigger::all([nothing]),
                Trigger::cron("0 0 31 6 *").unwrap(),
            ]),
            Some(
                "every 0s: the period of an interval is not in 1ms to 36525d; cron \"0 0 31 6 *\" is never due: none of its months has such a day",
            ),
        ),
        (
            Trigger::any([]),
            Some("a trigger of `any` of no triggers: at least one is needed"),
        ),
        (
            Trigger::all([]),
            Some("a trigger of `all` of no triggers: at least one is needed"),
        ),
        (Trigger::cron("@daily").unwrap(), None),
        (Trigger::at(DateTime::UNIX_EPOCH), None),
    ];
    for (trigger, problem) in cases {
        assert_eq!(trigger.problem().as_deref(), problem);
    }
}

#[test]
fn the_longest_gap_of_each_kind() {
    let now = time("2026-11-21T20:00:00Z");
    let hours = |trigger: &Trigger| trigger.longest_gap(now, Zone::UTC).as_secs_f64() / 3_600.0;
    let every = Trigger::interval(Duration::from_secs(1_800));
    let daily = Trigger::cron("0 8 * * *").unwrap();
    let fridays = Trigger::cron("0 0 * * fri").unwrap();
    let thirteenth = Trigger::cron("0 0 13 * *").unwrap();
    assert_eq!(hours(&every), 0.5);
    assert_eq!(hours(&Trigger::any([every, daily.clone()])), 0.5);
    assert_eq!(hours(&Trigger::at(now)), 366.0 * 24.0);
    // 14 months are the longest there is between two Fridays of this kind.
    let both = Trigger::all([fridays, thirteenth]);
    assert_eq!(hours(&both), 427.0 * 24.0);
    // Where clocks change, a day may have 25 hours.
    assert_eq!(
        daily.longest_gap(now, zone("Europe/Berlin")),
        Duration::from_secs(25 * 3_600)
    );
}

#[test]
fn clones_are_one_pointer() {
    assert_eq!(size_of::<Trigger>(), size_of::<usize>());
    assert!(size_of::<Zone>() <= 8);
    let trigger = Trigger::cron("* * * * *").unwrap();
    assert!(Arc::ptr_eq(&trigger.0, &trigger.clone().aligned().0));
}

#[test]
fn an_interval_counts_from_the_time_before() {
    let trigger = Trigger::interval(Duration::from_millis(1_500));
    let after = time("2026-11-21T20:00:00.25Z");
    let times: Vec<_> = trigger.times(after, Zone::UTC).take(3).collect();
    let expected = [1_500, 3_000, 4_500].map(|millis| after + TimeDelta::milliseconds(millis));
    assert_eq!(times, expected);
}
