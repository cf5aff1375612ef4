//! The macros of fastkit: `#[cached]` keeps what a function returns, `#[scheduled]` and `#[background]`
//! run one beside everything else.
//!
//! They are sugar: what they write can be written by hand with `Pool::get_or_load`, `Job::new` and
//! `Task::new`. Entry points only; the work is done on tokens in the modules, where it can be tested.

mod cached;
mod job;
mod job_options;
mod options;
mod template;
#[cfg(test)]
mod tests;
mod times;
mod value;

use job::Kind;

use proc_macro::TokenStream;
use quote::quote;

/// Keeps what a function returns, for all who call it with the same arguments.
///
/// On plain and asynchronous functions and methods. Of all who miss a value at the same time one runs
/// the function, the others wait for its result. An `Err` is not kept, nor is a `None`.
///
/// | option | | default |
/// |---|---|---|
/// | `ttl` | how long a value is kept: seconds, a text with a unit (`"500ms"`, `"5m"`, `"2h"`), or an expression of type `Duration`; 0 is without end | `120` |
/// | `key` | a text with what stands in braces filled in (`"user:{id}"`, `"{self.name}/{page.number}"`), or an expression that is `Hash + Eq` (`(a, b)`) | function and arguments |
/// | `pool` | the name of the pool | one of its own, named after the function |
/// | `backend` | a `Remote` that keeps the values outside of this process; for an `async fn` with a text as `key`, of values that are JSON | this process |
/// | `max_size` | the most values, of a pool of its own | `256` |
/// | `policy` | which value makes room, of a pool of its own: `"fifo"`, `"lru"`, `"lfu"`, `"lifo"`, `"mru"`, `"rr"` | `"fifo"` |
/// | `negative` | how long an `Err` or a `None` is kept, as `ttl` | not at all |
/// | `refresh_ahead` | how long before its end a value that is asked for is loaded anew, while everybody still gets the old one, as `ttl` | not at all |
///
/// Beside `f` it writes `invalidate_f` with the same arguments, which removes the value of these
/// and tells whether there was one. With a `pool` and a text as `key`, `pool.delete(key)` does, too.
///
/// Without a `key`, all arguments have to be `Hash + Eq + Clone + Send + Sync + 'static` or a reference
/// to such a value; `self` takes part only by a `key`. Arguments are compared by value. What the
/// function returns has to be `Clone + Send + Sync + 'static`. Functions with type parameters, and
/// methods of a trait's `impl`, cannot be cached. Methods keep apart what belongs to different types;
/// an associated function without `self` cannot know the type that it is called on.
///
/// ```text
/// #[cached(ttl = 60, key = "user:{id}", pool = "users")]
/// async fn user(db: &Database, id: u64) -> Result<User, DbError> { .. }
///
/// invalidate_user(&db, 7); // or cache::pool("users").delete("user:7")
/// ```
#[proc_macro_attribute]
pub fn cached(attribute: TokenStream, item: TokenStream) -> TokenStream {
    cached::lower(&quote!(::fastkit), attribute.into(), item.into()).into()
}

/// [`macro@cached`] for those who know fastkit as `fastflyer::fastkit` only.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn cached_of_fastflyer(attribute: TokenStream, item: TokenStream) -> TokenStream {
    cached::lower(&quote!(::fastflyer::fastkit), attribute.into(), item.into()).into()
}

/// Makes the function a job, which runs at its times once `jobs![..]` has it.
///
/// On plain and asynchronous functions, whose arguments are `Run`, `Args<T>`, and in a service
/// `State<T>`, and which return nothing, text, a number, a bool, JSON, or a `Result` of these. The
/// function itself stays as it is.
///
/// | option | | default |
/// |---|---|---|
/// | `interval` | the time from one run to the next: seconds, a text with a unit (`"500ms"`, `"5s"`, `"10m"`, `"1d"`), or an expression of type `Duration` | |
/// | `aligned` | the intervals begin at multiples of their length since 1970 | off |
/// | `cron` | a cron expression of 5 fields, or of 6 with the seconds first: `"0 8 * * mon-fri"` | |
/// | `at` | once: a text with a time of `timezone`, `"2026-12-01 08:00:00"`, or with an offset; or an expression that becomes a `DateTime<Utc>` | |
/// | `trigger` | any other `Trigger`, or a `Result` of one | |
/// | `id` | 1 to 128 of `A-Z a-z 0-9 . _ ~ -` | module and function: `tasks.hello` |
/// | `name` | what people call it | the id |
/// | `args` | what the function gets as `Args`: anything that is JSON | `null` |
/// | `single_job` | runs once for each of its times over all processes | off |
/// | `misfire_grace_time` | how late a run may begin, as `interval`; `None` is however late | `"60s"` |
/// | `coalesce` | times that have passed meanwhile are run once | on |
/// | `max_instances` | the most runs at a time in this process | `1` |
/// | `jitter` | the most by which a run is put off at random | none |
/// | `start`, `end` | no time before, none after counts: as `at` | |
/// | `timezone` | of its times: `"Asia/Shanghai"`, or a `Zone` | that of `TZ` or the system |
/// | `timeout` | how long a run may take | no end |
/// | `lock_ttl` | how long the lock of a single job outlives a holder that has died | `"20s"` |
/// | `paused` | waits to be resumed before its first run | off |
/// | `protected` | nobody may change it from outside | off |
///
/// At least one of `interval`, `cron`, `at` and `trigger` has to be there; of several, each counts.
/// A switch is a name (`single_job`) or has a value (`coalesce = false`).
///
/// ```text
/// #[scheduled(interval = "5s", single_job)]
/// async fn hello(run: Run) -> Result<(), Error> { .. }
///
/// pub fn jobs() -> Jobs { jobs![hello] }
/// ```
#[proc_macro_attribute]
pub fn scheduled(attribute: TokenStream, item: TokenStream) -> TokenStream {
    job::lower(
        Kind::Scheduled,
        &quote!(::fastkit),
        attribute.into(),
        item.into(),
    )
    .into()
}

/// [`macro@scheduled`] for those who know fastkit as `fastflyer::fastkit` only.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn scheduled_of_fastflyer(attribute: TokenStream, item: TokenStream) -> TokenStream {
    job::lower(
        Kind::Scheduled,
        &quote!(::fastflyer::fastkit),
        attribute.into(),
        item.into(),
    )
    .into()
}

/// Makes the plain function a task in the background, which begins with the service once `jobs![..]`
/// has it, and may run until the service stops.
///
/// Arguments and what it returns are as for [`macro@scheduled`]. The function itself stays as it is.
///
/// | option | | default |
/// |---|---|---|
/// | `name` | 1 to 128 of `A-Z a-z 0-9 . _ ~ -` | module and function: `tasks.watch` |
/// | `args` | what the function gets as `Args`: anything that is JSON | `null` |
/// | `single_job` | one runs at a time over all processes, the others wait | off |
/// | `lock_ttl` | how long the lock of a single task outlives a holder that has died: seconds, a text with a unit, or an expression of type `Duration` | `"20s"` |
///
/// ```text
/// #[background(single_job)]
/// fn watch(run: Run) {
///     while run.sleep(Duration::from_secs(5)) { .. }
/// }
/// ```
#[proc_macro_attribute]
pub fn background(attribute: TokenStream, item: TokenStream) -> TokenStream {
    job::lower(
        Kind::Background,
        &quote!(::fastkit),
        attribute.into(),
        item.into(),
    )
    .into()
}

/// [`macro@background`] for those who know fastkit as `fastflyer::fastkit` only.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn background_of_fastflyer(attribute: TokenStream, item: TokenStream) -> TokenStream {
    job::lower(
        Kind::Background,
        &quote!(::fastflyer::fastkit),
        attribute.into(),
        item.into(),
    )
    .into()
}
