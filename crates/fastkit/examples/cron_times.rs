//! Prints the next times of cron expressions: what `tests/cron/compare.py` compares with croniter, and what
//! answers "when would this run?".
//!
//! Each line of the input has four parts with tabs between them: how many times, the time zone, the time in
//! seconds since 1970 after which to begin, the expression. For each there is one line of the times in
//! seconds since 1970, fewer if there are no more, or `error: ` and why.
//!
//! ```text
//! $ printf '3\tAsia/Shanghai\t1795291200\t0 8 * * mon-fri\n' | cargo run -q -p fastkit --features executor --example cron_times
//! 1795392000 1795478400 1795564800
//! ```

use chrono::{DateTime, Utc};
use fastkit::executor::{Trigger, Zone};
use std::{
    error::Error,
    io::{self, BufRead, BufWriter, Write},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut output = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        match times(&line?) {
            Ok(times) => {
                let times: Vec<_> = times
                    .iter()
                    .map(|time| time.timestamp().to_string())
                    .collect();
                writeln!(output, "{}", times.join(" "))?;
            }
            Err(error) => writeln!(output, "error: {error}")?,
        }
    }
    Ok(output.flush()?)
}

fn times(line: &str) -> Result<Vec<DateTime<Utc>>, Box<dyn Error>> {
    let [count, zone, after, expression] = line.splitn(4, '\t').collect::<Vec<_>>()[..] else {
        return Err(
            "a line has four parts: count, time zone, seconds since 1970, expression".into(),
        );
    };
    let after = DateTime::from_timestamp(after.parse()?, 0).ok_or("no such time")?;
    let trigger = Trigger::cron(expression)?;
    Ok(trigger
        .times(after, Zone::named(zone)?)
        .take(count.parse()?)
        .collect())
}
