//! Tables and charts out of the committed results, into `bench/README.md` between its markers and `results/*.svg`.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use crate::{
    access_log,
    build::bench,
    chart::{Bar, Chart, Panel, svg},
    goals::{self, Measured},
    growth, idle,
    results::{self, Context, Instructions, Rates},
    servers::{self, BASE, Case, OURS},
    two_loops,
};

/// The markers of the table of goals, which has no results of its own.
const GOALS: &str = "goals";

/// Writes what there are results of.
///
/// # Errors
///
/// Fails when a file cannot be read or written, or a marker is missing.
pub(crate) fn write() -> Result<(), String> {
    let path = bench().join("README.md");
    let mut text =
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let measured = Measured::load()?;
    for (name, block) in blocks(&measured)? {
        text = replaced(&text, name, &block)?;
    }
    if let Some(instructions) = &measured.instructions {
        write_chart(results::INSTRUCTIONS, &instructions_chart(instructions))?;
    }
    if let Some(rates) = &measured.rates {
        write_chart(results::RATES, &rates_chart(rates))?;
    }
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// What belongs between which markers.
fn blocks(measured: &Measured) -> Result<Vec<(&'static str, String)>, String> {
    let tables = [
        (
            results::INSTRUCTIONS,
            measured.instructions.as_ref().map(instructions_table),
        ),
        (results::RATES, measured.rates.as_ref().map(rates_table)),
        (
            results::TWO_LOOPS,
            measured.two_loops.as_ref().map(two_loops::table),
        ),
        (
            results::ACCESS_LOG,
            measured.access_log.as_ref().map(access_log::table),
        ),
        (results::IDLE, measured.idle.as_ref().map(idle::table)),
        (results::GROWTH, measured.growth.as_ref().map(growth::table)),
        (GOALS, Some(goals::table(measured)?)),
    ];
    let missing = || "Not measured yet.".to_owned();
    Ok(tables
        .into_iter()
        .map(|(name, table)| (name, table.unwrap_or_else(missing)))
        .collect())
}

fn write_chart(name: &str, chart: &Chart<'_>) -> Result<(), String> {
    let path = results::path(name, "svg");
    match svg(chart) {
        Some(text) => {
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
        }
        None => Ok(()),
    }
}

/// The text with what stands between the markers of `name` replaced.
fn replaced(text: &str, name: &str, content: &str) -> Result<String, String> {
    let (begin, end) = (
        format!("<!-- {name}:begin -->"),
        format!("<!-- {name}:end -->"),
    );
    let missing = || format!("bench/README.md lacks the markers {begin} and {end}");
    let (before, rest) = text.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(format!("{before}{begin}\n{content}\n{end}{after}"))
}

/// Servers with results, in the order of the table of servers.
pub(crate) fn in_order<T>(all: &BTreeMap<String, T>) -> impl Iterator<Item = (&'static str, &T)> {
    servers::ALL
        .iter()
        .filter_map(|server| Some((server.name, all.get(server.name)?)))
}

pub(crate) fn name(name: &str) -> String {
    if name == OURS {
        format!("**{name}**")
    } else {
        name.to_owned()
    }
}

/// Where it was measured.
pub(crate) fn machine(context: &Context) -> String {
    format!(
        "Last run: {}, {} cores shared with others; Linux {}; {}; commit {}.",
        context.cpu, context.cores, context.kernel, context.rustc, context.commit
    )
}

/// Where and with what it was measured.
fn context(context: &Context) -> String {
    let versions: Vec<_> = context
        .versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    format!("{}\n{}.", machine(context), versions.join(", "))
}

pub(crate) fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
}

/// Access lines that are lost, where there should be any.
pub(crate) fn lines(lost: Option<u64>) -> String {
    lost.map_or_else(|| "-".to_owned(), |lost| lost.to_string())
}

fn instructions_table(results: &Instructions) -> String {
    let mut text = String::from("| server | A | B | C | measured |\n|---|--:|--:|--:|---|\n");
    for (server, figures) in in_order(&results.servers) {
        let _ = write!(text, "| {} |", name(server));
        for case in [Case::A, Case::B, Case::C] {
            let cell = figures
                .counts
                .get(&case)
                .map_or_else(|| "-".to_owned(), |count| grouped(*count));
            let _ = write!(text, " {cell} |");
        }
        let _ = writeln!(text, " {} |", figures.date);
    }
    let _ = write!(
        text,
        "\n![Instructions per request](results/instructions.svg)\n\n{} {}, {} connections, {} and {} requests.",
        context(&results.context),
        results.valgrind,
        results.connections,
        results.requests.0,
        results.requests.1
    );
    text
}

fn rates_table(results: &Rates) -> String {
    let mut text = String::from(
        "| server | case | requests/s | ratio | CPU µs | CPU ratio | p50 µs | p99 µs | spread | lines lost |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for case in Case::ALL {
        for (server, rates) in in_order(&results.servers) {
            let Some(figures) = rates.cases.get(&case) else {
                continue;
            };
            let _ = writeln!(
                text,
                "| {} | {case} | {:.0} | {} | {:.2} | {} | {:.0} | {:.0} | {:.1} % | {} |",
                name(server),
                figures.rate,
                ratio(figures.rate_ratio),
                figures.cpu_us,
                ratio(figures.cpu_ratio),
                figures.p50_us,
                figures.p99_us,
                figures.spread * 100.0,
                lines(figures.lost_lines),
            );
        }
    }
    text.push_str("\n| server | start to first answer | resident idle | resident under load | measured |\n|---|--:|--:|--:|---|\n");
    for (server, rates) in in_order(&results.servers) {
        let mib = |kib: u64| format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024);
        let _ = writeln!(
            text,
            "| {} | {:.1} ms | {} | {} | {} |",
            name(server),
            rates.start_ms,
            mib(rates.resident_idle_kib),
            mib(rates.resident_loaded_kib),
            rates.date
        );
    }
    let _ = write!(
        text,
        "\n![Rates against {BASE}](results/rates.svg)\n\n{} {} connections, {} rounds of {} s, medians; ratios are \
         taken within a round, above 1 is better than {BASE}. Load average before and after: {:.1}, {:.1}.",
        context(&results.context),
        results.connections,
        results.rounds,
        results.seconds,
        results.load_average.0,
        results.load_average.1
    );
    text
}

fn instructions_chart(results: &Instructions) -> Chart<'static> {
    let panels = [Case::A, Case::B, Case::C].into_iter().map(|case| {
        #[expect(
            clippy::cast_precision_loss,
            reason = "instruction counts are far below 2^52"
        )]
        let bars = in_order(&results.servers)
            .filter_map(|(server, figures)| {
                let count = *figures.counts.get(&case)?;
                Some(bar(server, count as f64, grouped(count)))
            })
            .collect();
        panel(case, bars, f64::total_cmp)
    });
    Chart {
        title: "User-space instructions per request",
        subtitle: "callgrind, one worker thread; fewer is better",
        panels: panels.collect(),
    }
}

fn rates_chart(results: &Rates) -> Chart<'static> {
    let panels = Case::ALL.into_iter().map(|case| {
        let bars = in_order(&results.servers)
            .filter_map(|(server, rates)| {
                let ratio = rates.cases.get(&case)?.rate_ratio?;
                Some(bar(server, ratio, format!("{ratio:.2}")))
            })
            .collect();
        panel(case, bars, |left, right| right.total_cmp(left))
    });
    Chart {
        title: "Requests per second against axum with the usual middleware",
        subtitle: "one pinned core, ratios within one run; more is better",
        panels: panels.collect(),
    }
}

fn bar(server: &str, value: f64, label: String) -> Bar {
    Bar {
        name: server.to_owned(),
        value,
        label,
        ours: server == OURS,
    }
}

/// The best on top.
fn panel(case: Case, mut bars: Vec<Bar>, order: fn(&f64, &f64) -> std::cmp::Ordering) -> Panel {
    bars.sort_by(|left, right| order(&left.value, &right.value));
    Panel {
        title: case.title(),
        bars,
    }
}

/// `12345` as `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb";
        let new = replaced(text, "x", "new").unwrap();
        assert_eq!(new, "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb");
        assert_eq!(replaced(&new, "x", "new").unwrap(), new);
        assert!(replaced(text, "y", "new").is_err());
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn the_readme_has_its_markers() {
        let text = fs::read_to_string(bench().join("README.md")).unwrap();
        for name in [
            results::INSTRUCTIONS,
            results::RATES,
            results::TWO_LOOPS,
            results::ACCESS_LOG,
            results::IDLE,
            results::GROWTH,
            GOALS,
        ] {
            replaced(&text, name, "").unwrap();
        }
    }
}
