//! [`History`]: the last runs of a job.

use super::Past;
use std::sync::Arc;

/// The last 20 runs, the newest first. Costs a word for a job that has never run. Who asks for it shares
/// it: of many jobs it is more than all the rest.
#[derive(Clone, Debug, Default)]
pub(super) struct History(Option<Arc<Vec<Past>>>);

impl History {
    /// How many runs are kept.
    pub(super) const MOST: usize = 20;

    /// Takes a run in, at its place in time; one that is there already, or is older than what is kept, is
    /// left out. So what comes back from the store changes nothing.
    pub(super) fn add(&mut self, past: Past) {
        let runs = self.0.get_or_insert_default();
        let runs = Arc::make_mut(runs);
        let place = runs
            .iter()
            .position(|other| other.started <= past.started)
            .unwrap_or(runs.len());
        if runs.iter().any(|other| other.run == past.run) || place >= Self::MOST {
            return;
        }
        runs.insert(place, past);
        runs.truncate(Self::MOST);
    }

    pub(super) fn list(&self) -> Arc<Vec<Past>> {
        self.0.clone().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::Outcome;
    use chrono::DateTime;

    fn past(second: i64) -> Past {
        let time = DateTime::from_timestamp(second, 0).unwrap();
        Past {
            run: format!("run-{second}"),
            scheduled: time,
            started: time,
            duration_ms: 1,
            outcome: Outcome::Succeeded,
            text: None,
            process: 1,
        }
    }

    #[test]
    fn the_newest_are_kept_in_order_and_once() {
        let mut history = History::default();
        for second in [5, 3, 4, 5, 30, 1] {
            history.add(past(second));
        }
        let seconds = |history: &History| -> Vec<_> {
            let runs = history.list();
            runs.iter().map(|past| past.started.timestamp()).collect()
        };
        assert_eq!(seconds(&history), [30, 5, 4, 3, 1]);
        (6..28).for_each(|second| history.add(past(second)));
        let expected: Vec<_> = [30].into_iter().chain((9..28).rev()).collect();
        assert_eq!(seconds(&history), expected);
        // Older than all that are kept.
        history.add(past(8));
        assert_eq!(seconds(&history), expected);
    }
}
