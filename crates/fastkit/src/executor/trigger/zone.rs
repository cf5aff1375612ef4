//! [`Zone`]: a time zone, and what its clocks show when.
//!
//! The database is compiled in, so that it is there in an empty image and the same on all hosts.

use super::TriggerError;
use crate::env;
use chrono::{DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::{GapInfo, TZ_VARIANTS, Tz};
use std::{fmt, str::FromStr};

/// A time zone of the IANA database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

/// What a time on the clock of the wall means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Once(DateTime<Utc>),
    /// The clocks go back over it.
    Twice {
        first: DateTime<Utc>,
        second: DateTime<Utc>,
    },
    /// The clocks go forward over it, and show at `resumes` the first time behind it.
    Skipped {
        resumes: DateTime<Utc>,
    },
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of this name, `Asia/Shanghai` for instance. Capitals count.
    ///
    /// ```
    /// use fastkit::executor::Zone;
    ///
    /// assert_eq!(Zone::named("Europe/Berlin")?.name(), "Europe/Berlin");
    /// let error = Zone::named("Asia/Shanghia").unwrap_err();
    /// assert_eq!(error.to_string(), r#"there is no time zone "Asia/Shanghia"; did you mean Asia/Shanghai?"#);
    /// # Ok::<(), fastkit::executor::TriggerError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there is none, with the nearest name that there is.
    pub fn named(name: &str) -> Result<Self, TriggerError> {
        name.parse().map(Self).map_err(|_| {
            TriggerError(match nearest(name) {
                Some(known) => format!("there is no time zone {name:?}; did you mean {known}?"),
                None => format!(
                    "there is no time zone {name:?}; a name of the IANA database is needed, like Asia/Shanghai or UTC"
                ),
            })
        })
    }

    /// That of the variable `TZ` (`Asia/Shanghai`, `:Asia/Shanghai` or a path of the zone's file), else that
    /// of the system, else Asia/Shanghai. A `TZ` that is something else, a rule such as `CST-8` for
    /// instance, is said in a warning and counts as not set.
    ///
    /// ```
    /// use fastkit::executor::Zone;
    ///
    /// let zone = Zone::local();
    /// assert_eq!(Zone::named(zone.name())?, zone);
    /// # Ok::<(), fastkit::executor::TriggerError>(())
    /// ```
    pub fn local() -> Self {
        let system = || iana_time_zone::get_timezone().ok();
        let (zone, ignored) = choose(env::optional("TZ").as_deref(), system);
        if let Some(ignored) = ignored {
            tracing::warn!(
                "TZ = {ignored:?} is no name of the IANA database, like Asia/Shanghai: jobs use the time zone {zone}"
            );
        }
        zone
    }

    /// The name.
    ///
    /// ```
    /// assert_eq!(fastkit::executor::Zone::UTC.name(), "UTC");
    /// ```
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What the clocks of the zone show at a time.
    ///
    /// ```
    /// use fastkit::executor::Zone;
    /// use chrono::{DateTime, Utc};
    ///
    /// let time: DateTime<Utc> = "2026-11-21T20:00:00Z".parse()?;
    /// assert_eq!(Zone::named("Asia/Shanghai")?.at(time).to_rfc3339(), "2026-11-22T04:00:00+08:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at(self, time: DateTime<Utc>) -> DateTime<FixedOffset> {
        time.with_timezone(&self.offset(time))
    }

    fn offset(self, time: DateTime<Utc>) -> FixedOffset {
        self.0.offset_from_utc_datetime(&time.naive_utc()).fix()
    }

    /// The time on the wall; `None` at the end of the calendar.
    pub(super) fn wall(self, time: DateTime<Utc>) -> Option<NaiveDateTime> {
        time.naive_utc().checked_add_offset(self.offset(time))
    }

    /// When the clocks show `wall`; `None` at the end of the calendar.
    pub(super) fn reading(self, wall: NaiveDateTime) -> Option<Reading> {
        Some(match self.0.from_local_datetime(&wall) {
            MappedLocalTime::Single(time) => Reading::Once(time.to_utc()),
            MappedLocalTime::Ambiguous(first, second) => Reading::Twice {
                first: first.to_utc(),
                second: second.to_utc(),
            },
            MappedLocalTime::None => Reading::Skipped {
                resumes: GapInfo::new(&wall, &self.0)?.end?.to_utc(),
            },
        })
    }

    /// When the clocks go back between `first` and `second`, two times at which they show the same.
    pub(super) fn goes_back(self, first: DateTime<Utc>, second: DateTime<Utc>) -> DateTime<Utc> {
        let offset = self.offset(second);
        let (mut before, mut from) = (first.timestamp(), second.timestamp());
        while from - before > 1 {
            let middle = before + (from - before) / 2;
            match DateTime::from_timestamp(middle, 0) {
                Some(time) if self.offset(time) == offset => from = middle,
                _ => before = middle,
            }
        }
        DateTime::from_timestamp(from, 0).unwrap_or(second)
    }
}

/// The name.
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// As [`Zone::named`].
impl FromStr for Zone {
    type Err = TriggerError;

    fn from_str(name: &str) -> Result<Self, TriggerError> {
        Self::named(name)
    }
}

/// The known name that is nearest, if it is near at all.
fn nearest(name: &str) -> Option<&'static str> {
    let wanted = name.trim().to_ascii_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&wanted, &known.to_ascii_lowercase());
    let city = |known: &'static str| known.rsplit('/').next() == Some(name.trim());
    let known = || TZ_VARIANTS.iter().map(|zone| zone.name());
    // `Shanghai` means Asia/Shanghai, however far that is.
    known().find(|known| city(known)).or_else(|| {
        let (known, distance) = known()
            .map(|known| (known, distance(known)))
            .min_by_key(|(_, distance)| *distance)?;
        (distance <= (wanted.len() / 3).max(1)).then_some(known)
    })
}

/// The zone, and what `TZ` was if it cannot be used.
fn choose(
    variable: Option<&str>,
    system: impl FnOnce() -> Option<String>,
) -> (Zone, Option<String>) {
    let mut ignored = None;
    if let Some(text) = variable.map(str::trim).filter(|text| !text.is_empty()) {
        let name = text.strip_prefix(':').unwrap_or(text);
        match zone_of(name) {
            Some(zone) => return (zone, None),
            // The C library's own way to say "that of the system".
            None if name == "/etc/localtime" => {}
            None => ignored = Some(text.to_owned()),
        }
    }
    let system = system().and_then(|name| zone_of(&name));
    (system.unwrap_or(Zone(Tz::Asia__Shanghai)), ignored)
}

/// A name, or the path of a file below a folder `zoneinfo`.
fn zone_of(name: &str) -> Option<Zone> {
    let name = match name.split_once("zoneinfo/") {
        Some((folder, name)) if folder.starts_with('/') => name,
        _ => name,
    };
    let name = ["posix/", "right/"]
        .iter()
        .find_map(|variant| name.strip_prefix(variant))
        .unwrap_or(name);
    name.parse().ok().map(Zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_wins_over_the_system_and_rules_are_ignored() {
        let cases = [
            (Some("Asia/Tokyo"), None, "Asia/Tokyo", false),
            (Some(":Asia/Tokyo"), None, "Asia/Tokyo", false),
            (
                Some("/usr/share/zoneinfo/Asia/Tokyo"),
                None,
                "Asia/Tokyo",
                false,
            ),
            (
                Some(":/usr/share/zoneinfo/posix/Asia/Tokyo"),
                None,
                "Asia/Tokyo",
                false,
            ),
            (Some("UTC"), Some("Europe/Berlin"), "UTC", false),
            (Some("EST5EDT"), None, "EST5EDT", false),
            (Some("CST-8"), Some("Europe/Berlin"), "Europe/Berlin", true),
            (Some("CST-8"), None, "Asia/Shanghai", true),
            (Some("Asia/Nowhere"), None, "Asia/Shanghai", true),
            (
                Some("/etc/localtime"),
                Some("Europe/Berlin"),
                "Europe/Berlin",
                false,
            ),
            (Some(""), Some("Europe/Berlin"), "Europe/Berlin", false),
            (None, Some("Europe/Berlin"), "Europe/Berlin", false),
            (None, Some("Etc/Unknown"), "Asia/Shanghai", false),
            (None, None, "Asia/Shanghai", false),
        ];
        for (variable, system, zone, is_ignored) in cases {
            let (chosen, ignored) = choose(variable, || system.map(str::to_owned));
            assert_eq!(
                (chosen.name(), ignored.is_some()),
                (zone, is_ignored),
                "TZ = {variable:?}, {system:?}"
            );
            if is_ignored {
                assert_eq!(ignored.as_deref(), variable);
            }
        }
    }

    #[test]
    fn names_that_are_wrong_bring_the_nearest() {
        let cases = [
            ("asia/shanghai", "did you mean Asia/Shanghai?"),
            ("Shanghai", "did you mean Asia/Shanghai?"),
            ("America/NewYork", "did you mean America/New_York?"),
            ("Europe/Berln", "did you mean Europe/Berlin?"),
            ("utc", "did you mean UTC?"),
            (
                "Middle-earth/Shire",
                "a name of the IANA database is needed, like Asia/Shanghai or UTC",
            ),
            (
                "",
                "a name of the IANA database is needed, like Asia/Shanghai or UTC",
            ),
        ];
        for (name, advice) in cases {
            assert_eq!(
                Zone::named(name).unwrap_err().to_string(),
                format!("there is no time zone {name:?}; {advice}")
            );
        }
    }

    #[test]
    fn clocks_go_back_at_the_second_that_they_do() {
        let cases = [
            (
                "America/New_York",
                "2026-11-01 01:30:00",
                "2026-11-01T06:00:00Z",
            ),
            (
                "Australia/Lord_Howe",
                "2026-04-05 01:30:00",
                "2026-04-04T15:00:00Z",
            ),
            (
                "Africa/Cairo",
                "2026-10-29 23:59:59",
                "2026-10-29T21:00:00Z",
            ),
        ];
        for (zone, wall, change) in cases {
            let zone = Zone::named(zone).unwrap();
            let wall: NaiveDateTime = wall.replace(' ', "T").parse().unwrap();
            let Some(Reading::Twice { first, second }) = zone.reading(wall) else {
                panic!("{wall} exists twice in {zone}");
            };
            assert_eq!(
                zone.goes_back(first, second),
                change.parse::<DateTime<Utc>>().unwrap()
            );
        }
    }

    #[test]
    fn the_ends_of_the_calendar_do_not_panic() {
        for zone in [
            Zone::UTC,
            Zone(Tz::Asia__Shanghai),
            Zone(Tz::America__New_York),
        ] {
            for time in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
                let _ = zone.at(time);
                let _ = zone.wall(time);
                let _ = zone.reading(time.naive_utc());
            }
        }
    }
}
