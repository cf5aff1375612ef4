//! The goals for the server, judged by the committed results, and why some are missed.
//!
//! A reason is written by hand, into `results/reasons.json` under the goal's key, so that it outlives the next run; it is
//! shown only while its goal is missed. Nothing is measured here. Key type: [`Goal`].

use std::collections::BTreeMap;

use crate::{
    access_log::AccessLog,
    growth::Growth,
    idle::Idle,
    readme::{grouped, in_order},
    results::{self, CaseRates, Instructions, Rates},
    servers::{BASE, Case, OURS},
    two_loops::{self, TwoLoops},
};

const REASONS: &str = "reasons";

/// All results that there are.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) instructions: Option<Instructions>,
    pub(crate) rates: Option<Rates>,
    pub(crate) two_loops: Option<TwoLoops>,
    pub(crate) access_log: Option<AccessLog>,
    pub(crate) idle: Option<Idle>,
    pub(crate) growth: Option<Growth>,
}

impl Measured {
    pub(crate) fn load() -> Result<Self, String> {
        Ok(Self {
            instructions: results::load(results::INSTRUCTIONS)?,
            rates: results::load(results::RATES)?,
            two_loops: results::load(results::TWO_LOOPS)?,
            access_log: results::load(results::ACCESS_LOG)?,
            idle: results::load(results::IDLE)?,
            growth: results::load(results::GROWTH)?,
        })
    }

    fn rates_of(&self, server: &str, case: Case) -> Option<&CaseRates> {
        self.rates.as_ref()?.servers.get(server)?.cases.get(&case)
    }

    /// Ours by the best peer, and which that is. Each stands against the base of its own rounds.
    fn against_best(
        &self,
        case: Case,
        ratio: fn(&CaseRates) -> Option<f64>,
    ) -> Option<(f64, &'static str)> {
        let ours = ratio(self.rates_of(OURS, case)?)?;
        let peers = in_order(&self.rates.as_ref()?.servers)
            .filter(|(name, _)| *name != OURS)
            .filter_map(|(name, rates)| Some((ratio(rates.cases.get(&case)?)?, name)));
        let (best, name) = peers.max_by(|left, right| left.0.total_cmp(&right.0))?;
        Some((ours / best, name))
    }
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// One row.
#[derive(Debug)]
struct Goal {
    /// What its reason stands under.
    key: &'static str,
    figure: String,
    bound: Bound,
    /// What was reached; `None` when nobody measured.
    value: Option<f64>,
    /// How a value and its bound are written.
    unit: Unit,
    /// Behind the value.
    note: String,
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Count,
    Ratio,
    Percent,
    Milliseconds,
    Megabytes,
    Kibibytes,
}

impl Unit {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are neither negative nor huge"
    )]
    fn write(self, value: f64) -> String {
        match self {
            Self::Count => grouped(value.round() as u64),
            Self::Ratio => format!("{value:.2}"),
            Self::Percent => format!("{:.1} %", value * 100.0),
            Self::Milliseconds => format!("{value:.1} ms"),
            Self::Megabytes => format!("{value:.1} MB"),
            Self::Kibibytes => format!("{value:.1} KiB"),
        }
    }
}

impl Goal {
    fn new(
        key: &'static str,
        figure: impl Into<String>,
        unit: Unit,
        bound: Bound,
        value: Option<f64>,
    ) -> Self {
        Self {
            key,
            figure: figure.into(),
            bound,
            value,
            unit,
            note: String::new(),
        }
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn met(&self) -> Option<bool> {
        self.value.map(|value| match self.bound {
            Bound::AtMost(most) => value <= most,
            Bound::AtLeast(least) => value >= least,
        })
    }

    fn row(&self) -> String {
        let bound = match self.bound {
            Bound::AtMost(most) => format!("≤ {}", self.unit.write(most)),
            Bound::AtLeast(least) => format!("≥ {}", self.unit.write(least)),
        };
        let reached = self
            .value
            .map_or_else(|| "-".to_owned(), |value| self.unit.write(value));
        let note = match self.note.as_str() {
            "" => String::new(),
            note => format!(" ({note})"),
        };
        let verdict = match self.met() {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "not measured",
        };
        format!(
            "| {} | {bound} | {reached}{note} | {verdict} |\n",
            self.figure
        )
    }
}

fn goals(measured: &Measured) -> Vec<Goal> {
    [
        instructions(measured),
        rates(measured),
        two_cores(measured),
        access_log(measured),
        memory(measured),
        growth(measured),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn instructions(measured: &Measured) -> Vec<Goal> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "instruction counts are far below 2^52"
    )]
    let count = |case| {
        let all = measured.instructions.as_ref()?;
        Some(*all.servers.get(OURS)?.counts.get(&case)? as f64)
    };
    [
        ("instructions-a", Case::A, 7_000.0),
        ("instructions-b", Case::B, 15_000.0),
        ("instructions-c", Case::C, 22_000.0),
    ]
    .map(|(key, case, most)| {
        let figure = format!("{case}: instructions per request");
        Goal::new(key, figure, Unit::Count, Bound::AtMost(most), count(case))
    })
    .into()
}

/// A is near the limit of the load client, so CPU time says more than the rate there.
fn rates(measured: &Measured) -> Vec<Goal> {
    type Ratio = fn(&CaseRates) -> Option<f64>;
    const CPU: (&str, Ratio) = ("CPU time", |rates| rates.cpu_ratio);
    const RATE: (&str, Ratio) = ("rate", |rates| rates.rate_ratio);
    let against_base = [
        ("axum-a", Case::A, CPU, 1.10),
        ("axum-b", Case::B, RATE, 1.40),
        ("axum-c", Case::C, RATE, 1.80),
    ]
    .map(|(key, case, (what, ratio), least)| {
        let figure = format!("{case}: {what} against {BASE}");
        let value = measured.rates_of(OURS, case).and_then(ratio);
        Goal::new(key, figure, Unit::Ratio, Bound::AtLeast(least), value)
    });
    let against_best = [
        ("best-peer-a", Case::A, CPU, 1.0),
        ("best-peer-b", Case::B, RATE, 1.05),
        ("best-peer-c", Case::C, RATE, 1.45),
    ]
    .map(|(key, case, (what, ratio), least)| {
        let figure = format!("{case}: {what} against the best peer");
        let best = measured.against_best(case, ratio);
        let value = best.map(|(value, _)| value);
        Goal::new(key, figure, Unit::Ratio, Bound::AtLeast(least), value)
            .note(best.map_or("", |(_, name)| name))
    });
    let rate = |server| measured.rates_of(server, Case::P)?.rate_ratio;
    let pipelined = rate(OURS).zip(rate("hyper-bare"));
    let pipelined = Goal::new(
        "pipelined",
        "A, 16-fold pipelined: rate against hyper-bare",
        Unit::Ratio,
        Bound::AtLeast(1.0),
        pipelined.map(|(ours, bare)| ours / bare),
    );
    against_base
        .into_iter()
        .chain(against_best)
        .chain([pipelined])
        .collect()
}

/// The load client shares the cores, which brings rates together: CPU time is the server's alone.
fn two_cores(measured: &Measured) -> Vec<Goal> {
    let two_loops = measured.two_loops.as_ref();
    let mut goals: Vec<Goal> = [
        ("two-loops-a", Case::A, 1.10),
        ("two-loops-b", Case::B, 1.40),
    ]
    .map(|(key, case, least)| {
        let figure = format!("{case} on two cores: CPU time against {BASE}");
        let value = two_loops.and_then(|all| all.cases.get(&case)?.get(OURS)?.cpu_ratio);
        Goal::new(key, figure, Unit::Ratio, Bound::AtLeast(least), value)
    })
    .into();
    let loops = two_loops
        .map(|all| &all.loops)
        .filter(|all| !all.is_empty());
    goals.push(Goal::new(
        "balance",
        "connections of the fuller of two event loops, above an equal part",
        Unit::Percent,
        Bound::AtMost(0.10),
        loops.map(|loops| two_loops::imbalance(loops)),
    ));
    goals
}

fn access_log(measured: &Measured) -> Vec<Goal> {
    let on = measured.access_log.as_ref().map(|all| &all.on);
    #[expect(clippy::cast_precision_loss, reason = "counts of lines")]
    let lost = on.and_then(|on| on.lost_lines).map(|lost| lost as f64);
    vec![
        Goal::new(
            "access-log",
            "access log on against off: rate",
            Unit::Ratio,
            Bound::AtLeast(0.90),
            on.and_then(|on| on.rate_ratio),
        ),
        Goal::new(
            "lost-lines",
            "access lines lost in these runs",
            Unit::Count,
            Bound::AtMost(0.0),
            lost,
        ),
    ]
}

fn memory(measured: &Measured) -> Vec<Goal> {
    let ours = measured
        .rates
        .as_ref()
        .and_then(|all| all.servers.get(OURS));
    #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
    let megabytes = |kib: u64| kib as f64 * 1024.0 / 1e6;
    let idle = measured.idle.as_ref();
    let each = idle.and_then(|all| Some(all.servers.get(OURS)?.bytes_per_connection / 1024.0));
    vec![
        Goal::new(
            "memory-idle",
            "resident memory of a worker, idle",
            Unit::Megabytes,
            Bound::AtMost(8.0),
            ours.map(|ours| megabytes(ours.resident_idle_kib)),
        ),
        Goal::new(
            "memory-loaded",
            "the same under load on 100 connections",
            Unit::Megabytes,
            Bound::AtMost(12.0),
            ours.map(|ours| megabytes(ours.resident_loaded_kib)),
        ),
        Goal::new(
            "idle-connection",
            format!(
                "resident memory of each of {} idle connections",
                grouped(idle.map_or(10_000, |all| u64::from(all.connections)))
            ),
            Unit::Kibibytes,
            Bound::AtMost(8.0),
            each,
        ),
        Goal::new(
            "start",
            "start to first answer, demo project",
            Unit::Milliseconds,
            Bound::AtMost(15.0),
            ours.map(|ours| ours.start_ms),
        ),
    ]
}

fn growth(measured: &Measured) -> Vec<Goal> {
    let growth = measured.growth.as_ref();
    let connections = |wanted| growth.and_then(|all| all.of_connections(OURS, wanted));
    let base = |wanted| {
        let base = growth.and_then(|all| all.of_connections(BASE, wanted));
        base.map_or_else(String::new, |base| format!("{BASE} {base:.2}"))
    };
    vec![
        // Counts repeat to one or two per cent, CPU time to less than ten: flat is what cannot be told from equal.
        Goal::new(
            "growth-routes",
            "instructions per request with 1,000 routes against one",
            Unit::Ratio,
            Bound::AtMost(1.05),
            growth.and_then(Growth::of_requests),
        ),
        Goal::new(
            "growth-idle-connections",
            "CPU time per request with 9,900 idle connections besides 100, against without",
            Unit::Ratio,
            Bound::AtMost(1.10),
            connections((100, 9_900)),
        )
        .note(base((100, 9_900))),
        Goal::new(
            "growth-connections",
            "CPU time per request with 10,000 connections sending, against 100",
            Unit::Ratio,
            Bound::AtMost(1.10),
            connections((10_000, 0)),
        )
        .note(base((10_000, 0))),
        Goal::new(
            "start-1000",
            "start to first answer with 1,000 documented operations",
            Unit::Milliseconds,
            Bound::AtMost(50.0),
            growth.and_then(|all| Some(all.routes.get(&1000)?.start_ms)),
        ),
        Goal::new(
            "start-linear",
            "start: an operation from 500 to 1,000 against one up to 500",
            Unit::Ratio,
            Bound::AtMost(1.25),
            growth.and_then(Growth::of_start),
        ),
    ]
}

/// The rows, and below them the reasons of those that are missed.
///
/// # Errors
///
/// Fails when `results/reasons.json` cannot be read, or has a key that no goal has.
pub(crate) fn table(measured: &Measured) -> Result<String, String> {
    let reasons = results::load::<BTreeMap<String, String>>(REASONS)?.unwrap_or_default();
    written(&goals(measured), &reasons)
}

fn written(goals: &[Goal], reasons: &BTreeMap<String, String>) -> Result<String, String> {
    let unknown = |key: &&String| goals.iter().all(|goal| goal.key != key.as_str());
    if let Some(key) = reasons.keys().find(unknown) {
        let known: Vec<_> = goals.iter().map(|goal| goal.key).collect();
        return Err(format!(
            "results/{REASONS}.json has {key:?}, which is no goal; there are {}",
            known.join(", ")
        ));
    }
    let mut text = String::from("| figure | goal | reached | |\n|---|--:|--:|---|\n");
    let mut below = String::new();
    for goal in goals {
        text.push_str(&goal.row());
        if goal.met() != Some(false) {
            continue;
        }
        let reason = reasons.get(goal.key).map_or_else(
            || {
                eprintln!(
                    "the goal {} is missed; write a sentence of reason and next idea into results/{REASONS}.json",
                    goal.key
                );
                "no reason is written yet."
            },
            String::as_str,
        );
        below.push_str(&format!("* **{}**: {reason}\n", goal.figure));
    }
    if !below.is_empty() {
        text.push_str("\nMissed, why, and what to try next:\n\n");
        text.push_str(&below);
    }
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(key: &'static str, bound: Bound, value: Option<f64>) -> Goal {
        Goal::new(key, format!("figure of {key}"), Unit::Ratio, bound, value)
    }

    #[test]
    fn a_bound_has_two_sides() {
        assert_eq!(goal("x", Bound::AtMost(1.0), Some(1.0)).met(), Some(true));
        assert_eq!(goal("x", Bound::AtMost(1.0), Some(1.1)).met(), Some(false));
        assert_eq!(goal("x", Bound::AtLeast(1.0), Some(0.9)).met(), Some(false));
        assert_eq!(goal("x", Bound::AtLeast(1.0), None).met(), None);
    }

    #[test]
    fn only_a_missed_goal_shows_its_reason() {
        let all = [
            goal("good", Bound::AtMost(1.0), Some(0.5)),
            goal("bad", Bound::AtMost(1.0), Some(2.0)),
            goal("unknown", Bound::AtMost(1.0), None),
        ];
        let reasons = ["good", "bad", "unknown"].map(|key| (key.to_owned(), format!("why {key}.")));
        let text = written(&all, &BTreeMap::from(reasons)).unwrap();
        assert!(
            text.contains("| figure of bad | ≤ 1.00 | 2.00 | **missed** |"),
            "{text}"
        );
        assert!(
            text.contains("| figure of unknown | ≤ 1.00 | - | not measured |"),
            "{text}"
        );
        assert!(text.contains("* **figure of bad**: why bad."), "{text}");
        assert!(
            !text.contains("why good") && !text.contains("why unknown"),
            "{text}"
        );
    }

    #[test]
    fn a_missed_goal_without_a_reason_says_so() {
        let all = [goal("bad", Bound::AtLeast(1.0), Some(0.2))];
        let text = written(&all, &BTreeMap::new()).unwrap();
        assert!(text.contains("no reason is written yet"), "{text}");
    }

    #[test]
    fn a_reason_for_nothing_is_a_mistake() {
        let reasons = BTreeMap::from([("instuctions-a".to_owned(), String::new())]);
        let error = written(&goals(&Measured::default()), &reasons).unwrap_err();
        assert!(
            error.contains("instuctions-a") && error.contains("instructions-a"),
            "{error}"
        );
    }

    #[test]
    fn without_results_nothing_is_met() {
        assert!(
            goals(&Measured::default())
                .iter()
                .all(|goal| goal.met().is_none())
        );
    }

    #[test]
    fn the_best_peer_is_the_fastest_of_them() {
        let text = include_str!("../../results/rates.json");
        let measured = Measured {
            rates: Some(serde_json::from_str(text).unwrap()),
            ..Measured::default()
        };
        let (value, best) = measured
            .against_best(Case::A, |rates| rates.cpu_ratio)
            .unwrap();
        let ratio = |server| {
            measured
                .rates_of(server, Case::A)
                .unwrap()
                .cpu_ratio
                .unwrap()
        };
        assert!(best != OURS && (value - ratio(OURS) / ratio(best)).abs() < 1e-9);
        assert!(
            in_order(&measured.rates.as_ref().unwrap().servers)
                .all(|(name, _)| name == OURS || ratio(name) <= ratio(best))
        );
    }

    #[test]
    fn growth_is_judged() {
        let measured = Measured {
            growth: Some(crate::growth::tests::sample()),
            ..Measured::default()
        };
        let met: BTreeMap<_, _> = goals(&measured)
            .iter()
            .map(|goal| (goal.key, goal.met()))
            .collect();
        assert_eq!(met["growth-routes"], Some(true));
        assert_eq!(met["growth-idle-connections"], Some(false));
        assert_eq!(met["growth-connections"], None);
        assert_eq!(met["start-1000"], Some(true));
        assert_eq!(met["start-linear"], Some(false));
    }
}
