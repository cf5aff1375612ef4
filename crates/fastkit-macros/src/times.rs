//! Cron expressions and dates, checked as far as that needs no calendar.
//!
//! What is not plainly wrong passes: the whole check is that of the trigger itself, when the job is
//! added.

/// A field of a cron expression.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    /// Names of values, the first of which means `least`.
    names: &'static [&'static str],
}

const fn field(name: &'static str, least: u32, most: u32) -> Field {
    Field {
        name,
        least,
        most,
        names: &[],
    }
}

const FIELDS: [Field; 6] = [
    field("second", 0, 59),
    field("minute", 0, 59),
    field("hour", 0, 23),
    field("day", 1, 31),
    Field {
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
        ..field("month", 1, 12)
    },
    Field {
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
        ..field("weekday", 0, 7)
    },
];

/// What is wrong with a cron expression: everything, one reason per field.
pub(crate) fn cron(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    if text.trim_start().starts_with('@') {
        return Vec::new();
    }
    let fields = match parts.len() {
        5 => &FIELDS[1..],
        6 => &FIELDS[..],
        count => {
            let fields = if count == 1 { "field" } else { "fields" };
            return vec![format!(
                "{text:?} has {count} {fields}: a cron expression has 5, minute hour day month weekday, or 6 with the seconds first"
            )];
        }
    };
    let checked = fields.iter().zip(&parts);
    checked
        .filter_map(|(field, part)| part.split(',').find_map(|item| field.problem(item)))
        .map(|problem| format!("in the cron expression {text:?} {problem}"))
        .collect()
}

impl Field {
    fn problem(&self, item: &str) -> Option<String> {
        let Self {
            name, least, most, ..
        } = self;
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        if let Some(step) = step
            && step.parse::<u32>().is_ok_and(|step| step == 0)
        {
            return Some(format!("the {name} has a step of 0 in {item:?}"));
        }
        let ends = range.split('-');
        let mut wrong = ends.filter(|end| {
            end.is_empty() || end.parse().is_ok_and(|end: u64| !self.allows(end)) || {
                // Months and weekdays have names; other letters may be special signs.
                end.len() > 2
                    && end.bytes().all(|byte| byte.is_ascii_alphabetic())
                    && !self
                        .names
                        .iter()
                        .any(|known| known.eq_ignore_ascii_case(end.get(..3).unwrap_or(end)))
            }
        });
        wrong.next().map(|end| {
            let names = match self.names {
                [first, .., last] => format!(" or from {first} to {last}"),
                _ => String::new(),
            };
            format!("the {name} is {end:?}: expected a number from {least} to {most}{names}")
        })
    }

    fn allows(&self, number: u64) -> bool {
        (u64::from(self.least)..=u64::from(self.most)).contains(&number)
    }
}

/// Whether a text can be a date with a time: `2026-12-01 08:00:00`, with or without an offset.
pub(crate) fn is_date(text: &str) -> bool {
    let shape = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(byte, shape)| {
                if shape == b'0' {
                    byte.is_ascii_digit()
                } else {
                    byte == shape || (shape == b' ' && byte == b'T')
                }
            })
    };
    let number = |range: std::ops::Range<usize>| -> u32 {
        text.get(range)
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(u32::MAX)
    };
    let Some(head) = text.get(..19) else {
        return false;
    };
    shape(head, "0000-00-00 00:00:00")
        && (1..=12).contains(&number(5..7))
        && (1..=31).contains(&number(8..10))
        && number(11..13) < 24
        && number(14..16) < 60
        && number(17..19) <= 60
}
