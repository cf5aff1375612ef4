//! [`Date`]: once.

use super::{TriggerError, Zone, zone::Reading};
use chrono::{DateTime, NaiveDateTime, Utc};
use std::fmt;

#[derive(Clone, Debug)]
pub(super) enum Date {
    Instant(DateTime<Utc>),
    /// What the clock of the job's zone shows.
    Wall(NaiveDateTime),
}

impl Date {
    pub(super) fn parse(text: &str) -> Result<Self, TriggerError> {
        let trimmed = text.trim();
        if let Ok(time) = DateTime::parse_from_rfc3339(trimmed) {
            return Ok(Self::Instant(time.to_utc()));
        }
        let formats = [
            "%Y-%m-%d %H:%M:%S%.f",
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M",
            "%Y-%m-%dT%H:%M",
        ];
        let mut readings = formats
            .iter()
            .filter_map(|format| NaiveDateTime::parse_from_str(trimmed, format).ok());
        readings.next().map(Self::Wall).ok_or_else(|| {
            TriggerError(format!(
                "{text:?} is no time: write it like 2026-12-01 08:00:00, or with an offset like 2026-12-01T08:00:00+08:00"
            ))
        })
    }

    pub(super) fn next(&self, after: DateTime<Utc>, zone: Zone) -> Option<DateTime<Utc>> {
        let time = match self {
            Self::Instant(time) => *time,
            Self::Wall(wall) => match zone.reading(*wall)? {
                Reading::Once(time)
                | Reading::Twice { first: time, .. }
                | Reading::Skipped { resumes: time } => time,
            },
        };
        (time > after).then_some(time)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant(time) => write!(f, "at {} UTC", time.naive_utc()),
            Self::Wall(wall) => write!(f, "at {wall}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_their_forms() {
        let shanghai = Zone::named("Asia/Shanghai").unwrap();
        let cases = [
            ("2026-12-01 08:00:00", "2026-12-01T00:00:00Z"),
            ("2026-12-01T08:00:00", "2026-12-01T00:00:00Z"),
            ("2026-12-01 08:00", "2026-12-01T00:00:00Z"),
            (" 2026-12-01T08:00 ", "2026-12-01T00:00:00Z"),
            ("2026-12-01 08:00:00.25", "2026-12-01T00:00:00.25Z"),
            ("2026-12-01T08:00:00Z", "2026-12-01T08:00:00Z"),
            ("2026-12-01 08:00:00+01:00", "2026-12-01T07:00:00Z"),
            ("2028-02-29 00:00", "2028-02-28T16:00:00Z"),
        ];
        for (text, time) in cases {
            let date = Date::parse(text).unwrap();
            let time: DateTime<Utc> = time.parse().unwrap();
            assert_eq!(
                date.next(DateTime::UNIX_EPOCH, shanghai),
                Some(time),
                "{text}"
            );
            assert_eq!(
                date.next(time, shanghai),
                None,
                "{text} is due once, and not after itself"
            );
        }
        for text in [
            "",
            "tomorrow",
            "2026-12-01",
            "2026-13-01 08:00",
            "2027-02-29 08:00",
            "2026-12-01 24:00",
            "08:00",
        ] {
            let error = Date::parse(text).unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "{text:?} is no time: write it like 2026-12-01 08:00:00, or with an offset like 2026-12-01T08:00:00+08:00"
                )
            );
        }
    }

    #[test]
    fn times_that_do_not_exist_or_exist_twice_are_run_once() {
        let cases = [
            (
                "America/New_York",
                "2026-03-08 02:30:00",
                "2026-03-08T07:00:00Z",
            ),
            (
                "America/New_York",
                "2026-11-01 01:30:00",
                "2026-11-01T05:30:00Z",
            ),
            (
                "Australia/Lord_Howe",
                "2026-10-04 02:10:00",
                "2026-10-03T15:30:00Z",
            ),
            (
                "Australia/Lord_Howe",
                "2026-04-05 01:45:00",
                "2026-04-04T14:45:00Z",
            ),
            (
                "Africa/Cairo",
                "2026-04-24 00:00:00",
                "2026-04-23T22:00:00Z",
            ),
            (
                "Pacific/Apia",
                "2011-12-30 12:00:00",
                "2011-12-30T10:00:00Z",
            ),
        ];
        for (zone, text, time) in cases {
            let date = Date::parse(text).unwrap();
            assert_eq!(
                date.next(DateTime::UNIX_EPOCH, Zone::named(zone).unwrap()),
                Some(time.parse().unwrap()),
                "{text} in {zone}"
            );
        }
    }
}
