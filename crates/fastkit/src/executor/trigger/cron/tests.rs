use super::*;
use proptest::prelude::*;
use std::str::FromStr as _;

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The days of `year` on which the expression is due at midnight.
fn days_of(expression: &str, year: i32) -> Vec<String> {
    let cron = Cron::parse(expression).unwrap();
    let mut after = time(&format!("{}-12-31T23:59:59Z", year - 1));
    let mut days = Vec::new();
    while let Some(next) = cron
        .next(after, Zone::UTC)
        .filter(|time| time.year() == year)
    {
        days.push(next.format("%m-%d").to_string());
        after = next;
    }
    days
}

#[test]
fn errors_name_the_field_the_value_and_what_is_allowed() {
    let cases = [
        ("61 * * * *", "minute 61 is not in 0-59"),
        ("60 * * * * *", "second 60 is not in 0-59"),
        ("0 24 * * *", "hour 24 is not in 0-23"),
        ("0 0 0 * *", "day of month 0 is not in 1-31"),
        ("0 0 32 * *", "day of month 32 is not in 1-31"),
        ("0 0 * 13 *", "month 13 is not in 1-12 or jan-dec"),
        ("0 0 * foo *", r#"month "foo" is not in 1-12 or jan-dec"#),
        ("0 0 * * 8", "day of week 8 is not in 0-7 or sun-sat"),
        (
            "0 0 * * mun",
            r#"day of week "mun" is not in 0-7 or sun-sat"#,
        ),
        // A weekday where a month should be, and the other way round.
        ("0 0 * mon *", r#"month "mon" is not in 1-12 or jan-dec"#),
        (
            "0 0 * * jan",
            r#"day of week "jan" is not in 0-7 or sun-sat"#,
        ),
        ("mon * * * *", r#"minute "mon" is not in 0-59"#),
        ("99999999999 * * * *", "minute 99999999999 is not in 0-59"),
        ("-1 * * * *", r#"minute "" is not in 0-59"#),
        ("+1 * * * *", r#"minute "+1" is not in 0-59"#),
        ("1.5 * * * *", r#"minute "1.5" is not in 0-59"#),
        ("? * * * *", r#"minute "?" is not in 0-59"#),
        ("1-2-3 * * * *", r#"minute "2-3" is not in 0-59"#),
        ("1,,2 * * * *", r#"minute "1,,2" has an empty part"#),
        (", * * * *", r#"minute "," has an empty part"#),
        ("*/0 * * * *", r#"the step of minute "*/0" is not in 1-59"#),
        (
            "*/90 * * * *",
            r#"the step of minute "*/90" is not in 1-59"#,
        ),
        ("*/x * * * *", r#"the step of minute "*/x" is not in 1-59"#),
        ("0 */24 * * *", r#"the step of hour "*/24" is not in 1-23"#),
        ("0 0 * */13 *", r#"the step of month "*/13" is not in 1-12"#),
        (
            "0 22-2 * * *",
            r#"hour "22-2" goes backwards; write 22-23,0-2"#,
        ),
        (
            "0 22-2/2 * * *",
            r#"hour "22-2" goes backwards; write 22-23,0-2"#,
        ),
        (
            "0 0 * nov-feb *",
            r#"month "nov-feb" goes backwards; write nov-dec,jan-feb"#,
        ),
        (
            "0 0 * * fri-mon",
            r#"day of week "fri-mon" goes backwards; write fri-sat,sun-mon"#,
        ),
        (
            "0 0 * * mon#6",
            r#"day of week "mon#6": the number behind # is not in 1-5"#,
        ),
        (
            "0 0 * * mon#",
            r#"day of week "mon#": the number behind # is not in 1-5"#,
        ),
        (
            "0 0 * * L",
            r#"day of week "L" needs a day before it, like friL"#,
        ),
        ("0 0 * * xL", r#"day of week "x" is not in 0-7 or sun-sat"#),
        ("0 0 32W * *", "day of month 32 is not in 1-31"),
        ("0 L * * *", r#"hour "L" is not in 0-23"#),
        (
            "@reboot",
            "is not one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly",
        ),
    ];
    for (expression, what) in cases {
        assert_eq!(
            Cron::parse(expression).unwrap_err().to_string(),
            format!("cron {expression:?}: {what}")
        );
    }
    for (expression, count) in [
        ("", "0 fields"),
        ("*", "1 field"),
        ("* * * *", "4 fields"),
        ("0 0 0 1 1 * 2027", "7 fields"),
    ] {
        assert_eq!(
            Cron::parse(expression).unwrap_err().to_string(),
            format!(
                "cron {expression:?}: {count} are not 5 (minute, hour, day of month, month, day of week) or 6 (second before them)"
            )
        );
    }
}

#[test]
fn the_same_can_be_written_in_several_ways() {
    let cases = [
        ("0 8 * * mon-fri", "0 8 * * 1-5"),
        ("0 8 * * MON-FRI", "0 8 * * monday-Friday"),
        ("0 8 * jan,DEC *", "0 8 * 1,12 *"),
        ("0 8 * * 0", "0 8 * * 7"),
        ("0 8 * * sun", "0 8 * * 7"),
        ("0 8 * * sat-sun", "0 8 * * 6-7"),
        ("0 8 * * sun-tue", "0 8 * * 7-2"),
        ("0 8 * * 6-7", "0 8 * * 0,6"),
        ("0 8 * * ?", "0 8 ? * *"),
        ("*/15 8 * * *", "0,15,30,45 8 * * *"),
        ("10/20 8 * * *", "10-59/20 8 * * *"),
        ("0 8 * * 1/2", "0 8 * * 1,3,5"),
        ("0 8 * * */3", "0 8 * * 0,3,6"),
        ("5-20/5 8 * * *", "5,10,15,20 8 * * *"),
        ("30 8 * * *", "0 30 8 * * *"),
        ("  30   8 * * *\t", "30 8 * * *"),
        ("@daily", "0 0 * * *"),
        ("@Weekly", "0 0 * * sun"),
        ("@yearly", "0 0 1 1 *"),
        ("@hourly", "0 * * * *"),
    ];
    let start = time("2026-11-21T20:00:00Z");
    for (one, other) in cases {
        let times = |text| {
            let cron = Cron::parse(text).unwrap();
            let next = |after: &DateTime<Utc>| cron.next(*after, Zone::UTC);
            std::iter::successors(Some(start), next)
                .take(50)
                .collect::<Vec<_>>()
        };
        assert_eq!(times(one), times(other), "{one} and {other}");
    }
}

#[test]
fn days_of_month_and_of_week_and_the_rules_between_them() {
    let cases: [(&str, i32, &[&str]); 14] = [
        // Both: one is enough.
        ("0 0 13 2 fri", 2026, &["02-06", "02-13", "02-20", "02-27"]),
        ("0 0 13 3 fri", 2026, &["03-06", "03-13", "03-20", "03-27"]),
        (
            "0 0 12 3 fri",
            2026,
            &["03-06", "03-12", "03-13", "03-20", "03-27"],
        ),
        ("0 0 29 2 *", 2026, &[]),
        ("0 0 29 2 *", 2028, &["02-29"]),
        ("0 0 31 */3 *", 2026, &["01-31", "07-31", "10-31"]),
        ("0 0 31 1-6 *", 2026, &["01-31", "03-31", "05-31"]),
        ("0 0 L 1-4 *", 2026, &["01-31", "02-28", "03-31", "04-30"]),
        ("0 0 L 2 *", 2028, &["02-29"]),
        // Saturday 2026-08-15, Sunday 2026-11-15; Saturday 2026-08-01 stays in its month.
        ("0 0 15W 8,11 *", 2026, &["08-14", "11-16"]),
        ("0 0 1W,LW 8 *", 2026, &["08-03", "08-31"]),
        ("0 0 * 2 friL", 2026, &["02-27"]),
        ("0 0 * 3 mon#2,sun#5", 2026, &["03-09", "03-29"]),
        ("0 0 L,LW 2 sun#1", 2026, &["02-01", "02-27", "02-28"]),
    ];
    for (expression, year, days) in cases {
        assert_eq!(days_of(expression, year), days, "{expression} in {year}");
    }
}

#[test]
fn leap_days_are_found_over_2100() {
    let cases = [
        ("0 0 29 2 *", "2092-03-01T00:00:00Z", "2096-02-29T00:00:00Z"),
        ("0 0 29 2 *", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("0 0 29 2 *", "2098-01-01T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("0 0 L 2 *", "2096-03-01T00:00:00Z", "2097-02-28T00:00:00Z"),
        ("0 0 L 2 *", "2099-03-01T00:00:00Z", "2100-02-28T00:00:00Z"),
        // Five Sundays in a February: each 28 years, but for 2100.
        (
            "0 0 * 2 sun#5",
            "2026-11-21T00:00:00Z",
            "2032-02-29T00:00:00Z",
        ),
        (
            "0 0 * 2 sun#5",
            "2088-03-01T00:00:00Z",
            "2128-02-29T00:00:00Z",
        ),
        (
            "59 59 23 31 12 *",
            "2026-12-31T23:59:58.5Z",
            "2026-12-31T23:59:59Z",
        ),
        (
            "59 59 23 31 12 *",
            "2026-12-31T23:59:59Z",
            "2027-12-31T23:59:59Z",
        ),
        ("0 0 1 1 *", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"),
        ("0 0 31 * *", "2026-07-31T00:00:00Z", "2026-08-31T00:00:00Z"),
        // Before 1970, and within a second.
        (
            "* * * * * *",
            "1969-12-31T23:59:58.5Z",
            "1969-12-31T23:59:59Z",
        ),
    ];
    for (expression, after, next) in cases {
        let cron = Cron::parse(expression).unwrap();
        assert_eq!(
            cron.next(time(after), Zone::UTC),
            Some(time(next)),
            "{expression} after {after}"
        );
    }
}

#[test]
fn days_that_do_not_exist_are_never_due_and_said_so() {
    let started = std::time::Instant::now();
    for (expression, exists) in [
        ("0 0 30 2 *", false),
        ("0 0 31 4 *", false),
        ("0 0 31 2,4,6,9,11 *", false),
        ("* * * 30-31 2 *", false),
        ("0 0 29 2 *", true),
        ("0 0 30 2 mon", true),
        ("0 0 * 2 mon#5", true),
        ("0 0 31W 2 *", false),
    ] {
        let cron = Cron::parse(expression).unwrap();
        let shanghai = Zone::named("Asia/Shanghai").unwrap();
        let problem = (!exists).then(|| {
            format!("cron {expression:?} is never due: none of its months has such a day")
        });
        assert_eq!(cron.problem(), problem);
        for _ in 0..100 {
            let next = cron.next(time("2026-11-21T20:00:00Z"), shanghai);
            assert_eq!(next.is_some(), exists, "{expression}");
        }
        if !exists {
            assert_eq!(
                cron.longest_gap(time("2026-11-21T20:00:00Z"), shanghai),
                Duration::ZERO
            );
        }
    }
    // The 400 searches in vain take some milliseconds; going through all years would take many seconds.
    assert!(started.elapsed() < Duration::from_secs(4));
    let cron = Cron::parse("* * * * *").unwrap();
    assert_eq!(cron.next(DateTime::<Utc>::MAX_UTC, Zone::UTC), None);
}

#[test]
fn the_longest_gap_covers_nights_weekends_and_leap_years() {
    const HOUR: u64 = 3_600;
    let cases = [
        ("* * * * *", 60),
        ("* * * * * *", 1),
        ("*/7 * * * *", 7 * 60),
        ("*/5 9-17 * * *", 15 * HOUR + 5 * 60),
        ("0 8 * * *", 24 * HOUR),
        ("0 8,20 * * *", 12 * HOUR),
        ("0 8 * * mon-fri", 3 * 24 * HOUR),
        ("*/5 9-17 * * mon-fri", 2 * 24 * HOUR + 15 * HOUR + 5 * 60),
        ("0 0 1 * *", 31 * 24 * HOUR),
        ("0 0 1 1 *", 366 * 24 * HOUR),
        ("10,20 30 8 * * *", 24 * HOUR - 10),
    ];
    for (expression, seconds) in cases {
        let cron = Cron::parse(expression).unwrap();
        let gap = cron.longest_gap(time("2026-11-21T20:00:00Z"), Zone::UTC);
        assert_eq!(gap.as_secs(), seconds, "{expression}");
    }
    let leap = Cron::parse("0 0 29 2 *").unwrap();
    let days = |after| leap.longest_gap(time(after), Zone::UTC).as_secs() / DAY;
    assert_eq!(days("2026-11-21T20:00:00Z"), 1_461);
    assert_eq!(days("2090-11-21T20:00:00Z"), 2_921);
}

/// A field as text, in any of its forms, and the values that it means.
fn field(least: u32, most: u32) -> impl Strategy<Value = (String, Vec<u32>)> {
    let value = move || least..=most;
    prop_oneof![
        2 => Just(("*".to_owned(), (least..=most).collect::<Vec<_>>())),
        2 => value().prop_map(|value| (value.to_string(), vec![value])),
        1 => (1..=most - least).prop_map(move |step| (format!("*/{step}"), (least..=most).step_by(step as usize).collect())),
        1 => (value(), value(), 1..=most - least).prop_map(|(a, b, step)| {
            let (a, b) = (a.min(b), a.max(b));
            (format!("{a}-{b}/{step}"), (a..=b).step_by(step as usize).collect())
        }),
        1 => proptest::collection::btree_set(value(), 1..5).prop_map(|set| {
            let text: Vec<_> = set.iter().map(ToString::to_string).collect();
            (text.join(","), set.into_iter().collect())
        }),
    ]
}

/// Zones and days on which their clocks change.
const CHANGES: [(&str, &str); 12] = [
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Africa/Cairo", "2026-04-24"),
    ("Africa/Cairo", "2026-10-30"),
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("Asia/Shanghai", "1991-04-14"),
    ("Asia/Shanghai", "1991-09-15"),
    ("Pacific/Apia", "2011-12-30"),
    ("UTC", "2026-11-21"),
];

/// All times of a stretch, minute by minute, straight from the definition.
fn by_minute(
    is_due: impl Fn(NaiveDateTime) -> bool,
    runs_on: bool,
    zone: chrono_tz::Tz,
    range: std::ops::RangeInclusive<DateTime<Utc>>,
) -> Vec<DateTime<Utc>> {
    use chrono::TimeZone as _;
    let minute = TimeDelta::minutes(1);
    let (start, end) = range.clone().into_inner();
    let mut times = std::collections::BTreeSet::new();
    if runs_on {
        let mut time = start;
        while time <= end {
            if is_due(time.with_timezone(&zone).naive_local()) {
                times.insert(time);
            }
            time += minute;
        }
    } else {
        let mut wall = start.naive_utc() - TimeDelta::hours(30);
        while wall <= end.naive_utc() + TimeDelta::hours(30) {
            if is_due(wall) {
                let mut valid = wall;
                let time = loop {
                    match zone.from_local_datetime(&valid).earliest() {
                        Some(time) => break time.to_utc(),
                        None => valid += minute,
                    }
                };
                times.insert(time);
            }
            wall += minute;
        }
    }
    times
        .into_iter()
        .filter(|time| range.contains(time))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn no_minute_is_left_out_or_added_when_clocks_change(
        minute in field(0, 59),
        // Twice as many near the hours at which clocks change; `*` would mean others too.
        hour in prop_oneof![
            field(0, 23),
            field(0, 4).prop_filter("no star", |(text, _)| !text.starts_with('*')),
        ],
        change in 0..CHANGES.len(),
        offset in 0_i64..48 * 3_600,
    ) {
        let (zone, day) = CHANGES[change];
        let start = time(&format!("{day}T00:00:00Z")) - TimeDelta::hours(36) + TimeDelta::seconds(offset);
        let end = time(&format!("{day}T00:00:00Z")) + TimeDelta::hours(40);
        let cron = Cron::parse(&format!("{} {} * * *", minute.0, hour.0)).unwrap();
        let zone = Zone::named(zone).unwrap();
        let mut found = Vec::new();
        let mut after = start;
        while let Some(next) = cron.next(after, zone).filter(|next| *next <= end) {
            prop_assert!(next > after);
            found.push(next);
            after = next;
        }
        let is_due = |wall: NaiveDateTime| minute.1.contains(&wall.minute()) && hour.1.contains(&wall.hour());
        let first = start.with_second(0).unwrap() + TimeDelta::minutes(1);
        let runs_on = hour.0.starts_with('*') || hour.1.len() == 24;
        let expected = by_minute(is_due, runs_on, zone.name().parse().unwrap(), first..=end);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn croner_agrees_where_no_clock_changes(
        second in field(0, 59), minute in field(0, 59), hour in field(0, 23),
        day in field(1, 31), month in field(1, 12), weekday in field(0, 6),
        after in 0_i64..4_000_000_000,
    ) {
        let expression = [second.0, minute.0, hour.0, day.0, month.0, weekday.0].join(" ");
        let ours = Cron::parse(&expression).unwrap();
        let croners = croner::Cron::from_str(&expression).unwrap();
        let mut after = DateTime::from_timestamp(after, 0).unwrap();
        for _ in 0..5 {
            let next = ours.next(after, Zone::UTC);
            let expected = croners.find_next_occurrence(&after, false).ok();
            // Ours gives up after 50 years, and it is right to: see `YEARS`.
            prop_assert_eq!(next, expected, "{} after {}", expression, after);
            let gap = ours.longest_gap(after, Zone::UTC);
            match next {
                Some(next) => {
                    // Only the way to the first time may be longer than that between two.
                    if let Some(second) = ours.next(next, Zone::UTC) {
                        prop_assert!((second - next).to_std().unwrap() <= gap, "{} {:?}", expression, gap);
                    }
                    after = next;
                }
                None => break,
            }
        }
    }
}
