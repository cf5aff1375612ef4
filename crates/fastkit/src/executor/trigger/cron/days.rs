//! [`Days`]: on which days of a month a cron expression is due.

use super::field::Field;
use croner::{Cron, Weekday};
use std::str::FromStr;

/// Sets of days: a bit for each, 1 to 31; of weekdays, from Sunday.
#[derive(Clone, Debug)]
pub(super) enum Days {
    OfMonth(u32),
    OfWeek(u8),
    /// One of both is enough.
    Either(u32, u8),
    /// With `L`, `W` or `#`: by the length of the month (from 28) and the weekday of its first day.
    ByMonth(Box<[[u32; 7]; 4]>),
}

/// A month of each length; which one does not matter to the rules.
const MONTHS: [(i32, u32); 4] = [(2001, 2), (2000, 2), (2001, 4), (2001, 1)];
const WEEKDAYS: [Weekday; 7] = [
    Weekday::Sunday,
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
];

impl Days {
    /// # Errors
    ///
    /// When croner does not take a rule that [`Field`] has let through.
    pub(super) fn of(month: &Field, week: &Field) -> Result<Self, String> {
        // The fields hold no bit beyond 31 and 6.
        let of_month = (month.bits & 0xffff_fffe) as u32;
        let of_week = (week.bits & 0x7f) as u8;
        if month.rules.is_empty() && week.rules.is_empty() {
            return Ok(match (month.star, week.star) {
                (_, true) => Self::OfMonth(of_month),
                (true, false) => Self::OfWeek(of_week),
                (false, false) => Self::Either(of_month, of_week),
            });
        }
        // Each rule for itself: in a list, croner takes `L,LW` for `LW`.
        let month_rules = month.rules.iter().map(|rule| format!("0 0 {rule} * *"));
        let week_rules = week.rules.iter().map(|rule| format!("0 0 * * {rule}"));
        let read = |rule: String| {
            Cron::from_str(&rule).map_err(|error| format!("{rule:?} cannot be read: {error}"))
        };
        let rules: Vec<Cron> = month_rules
            .chain(week_rules)
            .map(read)
            .collect::<Result<_, _>>()?;
        let mut table = Box::new([[0; 7]; 4]);
        for (length, row) in (28..).zip(table.iter_mut()) {
            for (first, days) in (0..).zip(row.iter_mut()) {
                if !month.star {
                    *days |= of_month & up_to(length);
                }
                if !week.star {
                    *days |= on_weekdays(of_week, length, first);
                }
                for rule in &rules {
                    *days |= by_rule(rule, length, first)?;
                }
            }
        }
        Ok(Self::ByMonth(table))
    }

    /// The days in a month of `length` days that begins on the weekday `first`.
    pub(super) fn in_month(&self, length: u32, first: u32) -> u32 {
        match self {
            Self::OfMonth(days) => days & up_to(length),
            Self::OfWeek(week) => on_weekdays(*week, length, first),
            Self::Either(days, week) => days & up_to(length) | on_weekdays(*week, length, first),
            Self::ByMonth(table) => table[(length - 28) as usize][first as usize],
        }
    }
}

/// The bits 1 to `length`.
fn up_to(length: u32) -> u32 {
    (u32::MAX >> (31 - length)) & !1
}

fn on_weekdays(week: u8, length: u32, first: u32) -> u32 {
    // Six weeks in a row, of which the month begins somewhere in the first.
    const WEEKS: u64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28 | 1 << 35;
    let days = (u64::from(week) * WEEKS) >> first;
    ((days << 1) & u64::from(up_to(length))) as u32
}

fn by_rule(rule: &Cron, length: u32, first: u32) -> Result<u32, String> {
    let (year, month) = MONTHS[(length - 28) as usize];
    let mut days = 0;
    for day in 1..=length {
        let weekday = WEEKDAYS[((first + day - 1) % 7) as usize];
        let is_due = rule.pattern.day_match(year, month, day, weekday);
        if is_due.map_err(|error| error.to_string())? {
            days |= 1 << day;
        }
    }
    Ok(days)
}
