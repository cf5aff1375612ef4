//! Writes to the store what is to be remembered, and reads what others have written: once a second, and
//! when somebody has changed a job.

use super::{
    race::{First, race},
    shared::{Shared, State},
};
use crate::executor::store::{Entry, Store};
use std::{io, sync::Arc, time::Duration};
use tokio::{sync::oneshot, time::sleep};

/// How often the store is written and read.
const PACE: Duration = Duration::from_secs(1);

/// Goes on until it is told to finish, and writes the rest then.
pub(super) async fn keep(
    shared: Arc<Shared>,
    store: Arc<dyn Store>,
    mut finish: oneshot::Receiver<()>,
) {
    let mut troubled = false;
    loop {
        let turn = race(shared.hurry.notified(), sleep(PACE));
        let over = matches!(race(&mut finish, turn).await, First::A(_));
        exchange(&shared, &store, &mut troubled).await;
        if over {
            return;
        }
    }
}

/// Writes and reads once.
async fn exchange(shared: &Arc<Shared>, store: &Arc<dyn Store>, troubled: &mut bool) {
    let batch = shared.state().memory.batch();
    let at = store.clone();
    let done = tokio::task::spawn_blocking(move || {
        let written = match batch.is_empty() {
            true => Ok(()),
            false => at.append(&batch),
        };
        (batch, written, at.poll())
    });
    let Ok((batch, written, read)) = done.await else {
        tracing::error!(target: "fastkit::executor", "the store of jobs panicked; what was to be written is lost");
        return;
    };
    let problem = match written {
        Ok(()) => None,
        Err(error) => {
            shared.state().memory.put_back(batch);
            Some(("written", error))
        }
    };
    let problem = match read {
        Ok(entries) => {
            shared.read(entries);
            problem
        }
        Err(error) => problem.or(Some(("read", error))),
    };
    tell(problem, troubled);
}

/// Once when it begins, and once when it is over.
fn tell(problem: Option<(&str, io::Error)>, troubled: &mut bool) {
    match problem {
        Some((what, error)) if !*troubled => {
            tracing::warn!(target: "fastkit::executor", "the store of jobs cannot be {what}, and is tried again each second: {error}");
            *troubled = true;
        }
        None if *troubled => {
            tracing::info!(target: "fastkit::executor", "the store of jobs can be written and read again");
            *troubled = false;
        }
        _ => {}
    }
}

/// What is remembered, at the start.
pub(super) fn first(shared: &Shared, store: &dyn Store) -> io::Result<()> {
    let entries: Vec<Entry> = store.poll()?;
    let mut state = shared.state();
    let State { core, memory, .. } = &mut *state;
    // All of them are of jobs that are yet to begin.
    let news = memory.read(entries, |_| false, |id| core.has(id));
    debug_assert!(news.is_empty(), "nobody is here yet");
    Ok(())
}
