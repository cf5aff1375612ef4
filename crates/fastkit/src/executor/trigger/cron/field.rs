//! [`Field`]: one field of a cron expression as a set of bits.
//!
//! It knows numbers, names, ranges and steps; what `L`, `W` and `#` mean is [`super::days`]'s.

/// What a field may hold.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) name: &'static str,
    least: u32,
    most: u32,
    /// Beside the numbers, the first of them for the least one.
    names: &'static [&'static str],
    extras: Extras,
}

/// What a field of days may hold besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extras {
    None,
    DayOfMonth,
    DayOfWeek,
}

pub(super) const SECOND: Limits = Limits {
    name: "second",
    least: 0,
    most: 59,
    names: &[],
    extras: Extras::None,
};
pub(super) const MINUTE: Limits = Limits {
    name: "minute",
    ..SECOND
};
pub(super) const HOUR: Limits = Limits {
    name: "hour",
    most: 23,
    ..SECOND
};
pub(super) const DAY_OF_MONTH: Limits = Limits {
    name: "day of month",
    least: 1,
    most: 31,
    names: &[],
    extras: Extras::DayOfMonth,
};
pub(super) const MONTH: Limits = Limits {
    name: "month",
    least: 1,
    most: 12,
    names: &[
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
    extras: Extras::None,
};
pub(super) const DAY_OF_WEEK: Limits = Limits {
    name: "day of week",
    least: 0,
    most: 7,
    names: &[
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ],
    extras: Extras::DayOfWeek,
};

/// The values of a field.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// A bit for each value; Sunday is 0 and never 7.
    pub(super) bits: u64,
    /// Whether it is `*` or `?` and nothing else.
    pub(super) star: bool,
    /// Whether a part begins with `*`.
    pub(super) wild: bool,
    /// Parts with `L`, `W` or `#`, with numbers for names: `L`, `LW`, `15W`; `5L`, `1#2`.
    pub(super) rules: Vec<String>,
}

impl Field {
    /// # Errors
    ///
    /// Names the value and what is allowed.
    pub(super) fn parse(text: &str, limits: &Limits) -> Result<Self, String> {
        let mut field = Self {
            star: text == "*" || (text == "?" && limits.extras != Extras::None),
            ..Self::default()
        };
        for part in text.split(',') {
            if part.is_empty() {
                return Err(format!("{} {text:?} has an empty part", limits.name));
            }
            field.add(part, limits)?;
        }
        if limits.extras == Extras::DayOfWeek && field.bits & SUNDAY_AS_7 != 0 {
            field.bits = (field.bits & !SUNDAY_AS_7) | 1;
        }
        Ok(field)
    }

    fn add(&mut self, part: &str, limits: &Limits) -> Result<(), String> {
        if let Some(rule) = limits.rule(part)? {
            self.rules.push(rule);
            return Ok(());
        }
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(limits.step(part, step)?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" || (range == "?" && self.star) => {
                self.wild = true;
                (limits.least, limits.end())
            }
            Some((first, last)) => limits.range(part, first, last)?,
            None => {
                let value = limits.value(range)?;
                // `10/20`: from 10 to the end.
                (
                    value,
                    if step.is_some() {
                        limits.end().max(value)
                    } else {
                        value
                    },
                )
            }
        };
        for value in (first..=last).step_by(step.unwrap_or(1)) {
            self.bits |= 1_u64 << value;
        }
        Ok(())
    }
}

const SUNDAY_AS_7: u64 = 1 << 7;

impl Limits {
    /// The last value; Sunday is counted once.
    fn end(&self) -> u32 {
        match self.extras {
            Extras::DayOfWeek => self.most - 1,
            _ => self.most,
        }
    }

    fn range(&self, part: &str, first: &str, last: &str) -> Result<(u32, u32), String> {
        let (from, to) = (self.value(first)?, self.value(last)?);
        // A week may begin and end with Sunday.
        let (from, to) = match (from, to) {
            (7, 0..=6) if self.extras == Extras::DayOfWeek => (0, to),
            (1.., 0) if self.extras == Extras::DayOfWeek => (from, 7),
            values => values,
        };
        if from <= to {
            return Ok((from, to));
        }
        let (begin, end) = match self.names {
            [begin, .., end] if number(first).is_none() => {
                (begin[..3].to_owned(), end[..3].to_owned())
            }
            _ => (self.least.to_string(), self.end().to_string()),
        };
        let range = part.split('/').next().unwrap_or(part);
        Err(format!(
            "{} {range:?} goes backwards; write {first}-{end},{begin}-{last}",
            self.name
        ))
    }

    fn step(&self, part: &str, step: &str) -> Result<usize, String> {
        // One that is longer than the field would be the same as none: `*/90` is not "every 90 minutes".
        let most = self.most - self.least + u32::from(self.least > 0);
        match number(step) {
            Some(step) if (1..=most).contains(&step) => Ok(step as usize),
            _ => Err(format!(
                "the step of {} {part:?} is not in 1-{most}",
                self.name
            )),
        }
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let value = number(text).or_else(|| {
            let lower = text.to_ascii_lowercase();
            let is = |name: &&str| lower == **name || lower == name[..3];
            let index = self.names.iter().position(is)?;
            Some(self.least + u32::try_from(index).ok()?)
        });
        match value {
            Some(value) if (self.least..=self.most).contains(&value) => Ok(value),
            _ => Err(self.out_of_range(text)),
        }
    }

    fn out_of_range(&self, text: &str) -> String {
        let quoted = if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            text.to_owned()
        } else {
            format!("{text:?}")
        };
        let names = match self.names {
            [first, .., last] => format!(" or {}-{}", &first[..3], &last[..3]),
            _ => String::new(),
        };
        format!(
            "{} {quoted} is not in {}-{}{names}",
            self.name, self.least, self.most
        )
    }

    /// A part with `L`, `W` or `#`, normalized; `None` if it is none.
    fn rule(&self, part: &str) -> Result<Option<String>, String> {
        let upper = part.to_ascii_uppercase();
        match self.extras {
            Extras::None => Ok(None),
            Extras::DayOfMonth => match part.strip_suffix(['W', 'w']) {
                _ if upper == "L" || upper == "LW" => Ok(Some(upper)),
                Some(day) => Ok(Some(format!("{}W", self.value(day)?))),
                None => Ok(None),
            },
            Extras::DayOfWeek => {
                if let Some((day, which)) = part.split_once('#') {
                    let day = self.value(day)? % 7;
                    return match number(which) {
                        Some(which @ 1..=5) => Ok(Some(format!("{day}#{which}"))),
                        _ => Err(format!(
                            "{} {part:?}: the number behind # is not in 1-5",
                            self.name
                        )),
                    };
                }
                match part.strip_suffix(['L', 'l']) {
                    Some("") => Err(format!(
                        "{} {part:?} needs a day before it, like friL",
                        self.name
                    )),
                    Some(day) => Ok(Some(format!("{}L", self.value(day)? % 7))),
                    None => Ok(None),
                }
            }
        }
    }
}

/// Digits alone; `str::parse` takes a sign too. Too many of them are a number that is too large anywhere.
fn number(text: &str) -> Option<u32> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().unwrap_or(u32::MAX))
}
