//! What runs leave in the log, and how schedulers end that nobody stops.

use super::*;
use crate::{
    context,
    executor::store::{Entry, Fact, Journal, Store},
};
use std::{
    fmt::Debug,
    sync::{Mutex, OnceLock, mpsc::RecvTimeoutError},
};
use tracing::field::{Field, Visit};
use tracing_subscriber::{
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

/// Lines with the request id and the span that they were written in.
static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());

#[derive(Clone, Debug, Default)]
struct Line {
    text: String,
    fields: Vec<(String, String)>,
    id: Option<String>,
    span: Option<&'static str>,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.text = format!("{value:?}"),
            name => self.fields.push((name.into(), format!("{value:?}"))),
        }
    }
}

struct Lines;

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let mut line = Line {
            id: context::current().map(|id| id.to_string()),
            span: context.event_span(event).map(|span| span.name()),
            ..Line::default()
        };
        event.record(&mut line);
        LINES.lock().unwrap().push(line);
    }
}

/// From now on lines are kept.
fn listen() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| tracing_subscriber::registry().with(Lines).init());
}

#[test]
fn jobs_that_are_paused_are_named_at_the_start() {
    listen();
    let scheduler = Scheduler::builder().build();
    for id in ["asleep-b", "asleep-a"] {
        scheduler
            .add_job(Job::new(id, never(), || {}).paused(true))
            .unwrap();
    }
    scheduler.start().unwrap();
    let lines = LINES.lock().unwrap();
    let told = "2 jobs are paused until they are resumed: asleep-a, asleep-b";
    assert!(lines.iter().any(|line| line.text == told));
}

#[test]
fn jobs_that_ran_under_a_wrong_clock_are_named() {
    listen();
    let folder = tempfile::tempdir().unwrap();
    let journal = || Journal::open(folder.path()).unwrap();
    let at = chrono::Utc::now() + chrono::TimeDelta::days(3650);
    let job = "from-the-future".to_owned();
    let fact = Fact::Due { at };
    journal().append(&[Entry { job, fact }]).unwrap();
    let scheduler = Scheduler::builder().store(Arc::new(journal())).build();
    let job = Job::new("from-the-future", never().aligned(), || {});
    scheduler.add_job(job).unwrap();
    scheduler.start().unwrap();
    let lines = LINES.lock().unwrap();
    let told = "the clock was more than a day ahead when the job from-the-future ran: that is forgotten, and what is due goes by the clock as it is now";
    assert!(lines.iter().any(|line| line.text == told));
}

/// The lines that were written under the id of the run.
fn lines(run: &str) -> Vec<Line> {
    let lines = LINES.lock().unwrap();
    let of = lines.iter().filter(|line| line.id.as_deref() == Some(run));
    of.cloned().collect()
}

#[test]
fn all_lines_of_a_run_have_its_id() {
    listen();
    let watched = Watched::started();
    let scheduler = &watched.scheduler;
    let speaks = async || {
        tracing::info!("from a task");
        Err::<(), _>(crate::executor::JobError::new("no paper"))
    };
    let speaks_plain = || tracing::info!("from a thread");
    scheduler
        .add_job(Job::new("task", never(), speaks))
        .unwrap();
    scheduler
        .add_job(Job::new("thread", never(), speaks_plain))
        .unwrap();
    for (id, own, end) in [
        ("task", "from a task", "the job failed after"),
        ("thread", "from a thread", "the job has ended after"),
    ] {
        let run = scheduler.run_now(id).unwrap().to_string();
        watched.ended(id);
        let lines = lines(&run);
        let texts: Vec<_> = lines.iter().map(|line| &*line.text).collect();
        // The thread may speak before the scheduler has heard that it began.
        assert_eq!(lines.len(), 3, "{texts:?}");
        let spoken = lines.iter().find(|line| line.text == own).unwrap();
        assert_eq!(spoken.span, Some("job"));
        let begun = lines
            .iter()
            .find(|line| line.text == "the job begins")
            .unwrap();
        assert!(
            begun.fields.contains(&("job".into(), format!("{id:?}"))),
            "{begun:?}"
        );
        assert!(
            begun.fields.contains(&("run".into(), format!("{run:?}"))),
            "{begun:?}"
        );
        assert!(texts[2].starts_with(end), "{texts:?}");
    }
}

#[test]
fn the_last_handle_ends_the_threads() {
    let watched = Watched::started();
    let (sender, dropped) = channel::<()>();
    let sender = Arc::new(Mutex::new(sender));
    let deaf = move || {
        let sender = sender.clone();
        async move {
            std::future::pending::<()>().await;
            drop(sender);
        }
    };
    watched
        .scheduler
        .add_job(Job::new("deaf", never(), deaf))
        .unwrap();
    watched.scheduler.run_now("deaf").unwrap();
    watched.started_run("deaf");
    let shared = Arc::downgrade(watched.scheduler.shared());
    let Watched { scheduler, events } = watched;
    let other = scheduler.clone();
    drop(scheduler);
    assert!(other.job("deaf").is_some());
    drop(other);
    // The run is dropped, the listener goes with the last thread, and everything with it.
    while events.recv_timeout(PATIENCE).is_ok() {}
    let dropped = dropped.recv_timeout(PATIENCE);
    assert_eq!(dropped, Err(RecvTimeoutError::Disconnected));
    assert!(shared.upgrade().is_none());
}

#[test]
fn a_panicking_listener_stops_nothing() {
    let (sender, ended) = channel();
    let scheduler = Scheduler::builder()
        .on_event(|_| panic!("not my day"))
        .on_event(move |event| {
            if let Event::Ended { .. } = event {
                let _ = sender.send(());
            }
        })
        .build();
    scheduler.add_job(Job::new("a", often(), || {})).unwrap();
    scheduler.start().unwrap();
    for _ in 0..3 {
        ended.recv_timeout(PATIENCE).unwrap();
    }
}
