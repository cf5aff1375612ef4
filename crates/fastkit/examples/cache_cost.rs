//! What a hit costs: `cargo run --profile fast -p fastkit --features cache --example cache_cost`.
//!
//! Each cached call stands beside the bare cache crate with the same key and value. The best of
//! many short rounds counts, since others use the machine too.

use fastkit::cache::{self, Policy, cached};
use moka::sync::Cache;
use std::{
    hash::Hash,
    hint::black_box,
    io::{self, Write},
    sync::Arc,
    time::{Duration, Instant},
};

const ROUNDS: u32 = 2_000;
const CALLS: u32 = 1_000;

#[cached(ttl = 3600, policy = "lfu")]
fn by_number(id: u64) -> Arc<str> {
    format!("value {id}").into()
}

#[cached(ttl = 3600)]
fn by_number_fifo(id: u64) -> Arc<str> {
    format!("value {id}").into()
}

#[cached(ttl = 3600, policy = "lfu")]
fn by_text(name: &str) -> Arc<str> {
    format!("value {name}").into()
}

#[cached(ttl = 3600, policy = "lfu", key = "user:{id}")]
fn by_template(id: u64) -> Arc<str> {
    format!("value {id}").into()
}

#[cached(ttl = 3600, policy = "lfu")]
async fn by_number_async(id: u64) -> Arc<str> {
    format!("value {id}").into()
}

fn bare<K: Hash + Eq + Send + Sync + 'static>() -> Cache<K, Arc<str>> {
    Cache::builder()
        .max_capacity(256)
        .time_to_live(Duration::from_secs(3600))
        .build()
}

/// Nanoseconds a call, at best.
fn cost(mut call: impl FnMut(u64)) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for number in 0..CALLS {
            call(black_box(u64::from(number % 64)));
        }
        best = best.min(start.elapsed());
    }
    best.as_secs_f64() * 1e9 / f64::from(CALLS)
}

fn main() -> io::Result<()> {
    let value = |id: u64| -> Arc<str> { format!("value {id}").into() };
    let numbers: Cache<u64, Arc<str>> = bare();
    let texts: Cache<String, Arc<str>> = bare();
    let pool = cache::builder()
        .policy(Policy::Lfu)
        .ttl(3600)
        .build()
        .map_err(io::Error::other)?;
    let names: Vec<String> = (0..64).map(|id| format!("user:{id}")).collect();
    for (id, name) in (0..64).zip(&names) {
        numbers.insert(id, value(id));
        texts.insert(name.clone(), value(id));
        pool.set(name, value(id), 3600).map_err(io::Error::other)?;
    }
    let name = |id: u64| names[usize::try_from(id).unwrap_or(0)].as_str();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;

    let bare_number = cost(|id| drop(black_box(numbers.get(&id))));
    let bare_text = cost(|id| drop(black_box(texts.get(name(id)))));
    let bare_owned = cost(|id| drop(black_box(texts.get(&name(id).to_owned()))));
    let bare_template = cost(|id| drop(black_box(texts.get(&format!("user:{id}")))));
    let rows = [
        (
            "#[cached] fn(u64), lfu",
            cost(|id| drop(black_box(by_number(id)))),
            bare_number,
        ),
        (
            "#[cached] fn(u64), fifo",
            cost(|id| drop(black_box(by_number_fifo(id)))),
            bare_number,
        ),
        (
            "#[cached] async fn(u64), lfu",
            runtime.block_on(async {
                let mut best = Duration::MAX;
                for _ in 0..ROUNDS {
                    let start = Instant::now();
                    for number in 0..CALLS {
                        black_box(by_number_async(black_box(u64::from(number % 64))).await);
                    }
                    best = best.min(start.elapsed());
                }
                best.as_secs_f64() * 1e9 / f64::from(CALLS)
            }),
            bare_number,
        ),
        (
            "#[cached] fn(&str), lfu",
            cost(|id| drop(black_box(by_text(name(id))))),
            bare_owned,
        ),
        (
            "#[cached(key = \"user:{id}\")], lfu",
            cost(|id| drop(black_box(by_template(id)))),
            bare_template,
        ),
        (
            "pool.get::<Arc<str>>(key), lfu",
            cost(|id| drop(black_box(pool.get::<Arc<str>>(name(id))))),
            bare_text,
        ),
    ];
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:40} {:>9} {:>9} {:>6}",
        "a hit", "ours", "moka", "ratio"
    )?;
    for (what, ours, moka) in rows {
        writeln!(
            out,
            "{what:40} {ours:6.0} ns {moka:6.0} ns {:6.2}",
            ours / moka
        )?;
    }
    Ok(())
}
