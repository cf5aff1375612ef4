//! [`IntoWork`]: functions, plain and asynchronous, as something that a job can run.

use super::{FromRun, Given, JobError, JobOutput, Run, lock::Boxed, private};
use serde_json::Value;
use std::{fmt, future::Future, sync::Arc};

/// What a job does.
#[derive(Clone)]
#[doc(hidden)]
pub struct Work {
    pub(crate) call: Call,
    /// Whether the arguments will be there.
    pub(crate) check: fn(&Given, &Value) -> Result<(), String>,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.call {
            Call::Async(_) => "an asynchronous function",
            Call::Plain(_) => "a plain function",
        })
    }
}

#[derive(Clone)]
pub(crate) enum Call {
    Async(Arc<AsyncCall>),
    Plain(Arc<PlainCall>),
}

pub(crate) type AsyncCall = dyn Fn(&Run) -> Boxed<'static, Finished> + Send + Sync;
pub(crate) type PlainCall = dyn Fn(&Run) -> Finished + Send + Sync;

/// How a run ended: with a text to remember, or a failure.
pub(crate) type Finished = Result<Option<String>, JobError>;

/// A function, plain or asynchronous, that a job can run.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no function that a job can run",
    note = "its arguments are `Run`, `Args<T>`, or in a service `State<T>`; it returns nothing, a plain value, or a `Result`",
    note = "what it borrows or awaits has to be `Send`, and the function `Clone`-able `Fn`, not `FnMut`"
)]
pub trait IntoWork<M> {
    #[doc(hidden)]
    fn into_work(self) -> Work;
}

/// Tells asynchronous functions from plain ones.
#[doc(hidden)]
#[derive(Debug)]
pub struct AsyncMark;

macro_rules! into_work {
    ($($argument:ident)*) => {
        impl<F, Future_, O, $($argument,)*> IntoWork<(AsyncMark, O, $($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Future_ + Send + Sync + 'static,
            Future_: Future<Output = O> + Send + 'static,
            O: JobOutput,
            $($argument: FromRun,)*
        {
            fn into_work(self) -> Work {
                let begin = move |_run: &Run| -> Result<Future_, JobError> {
                    Ok(self($($argument::from_run(_run)?),*))
                };
                Work {
                    call: Call::Async(Arc::new(move |run: &Run| {
                        let future = begin(run);
                        Box::pin(async move { future?.await.finished() })
                    })),
                    check: |_given, _args| private::all([$($argument::check(_given, _args)),*]),
                }
            }
        }

        impl<F, O, $($argument,)*> IntoWork<(O, $($argument,)*)> for F
        where
            F: Fn($($argument),*) -> O + Send + Sync + 'static,
            O: JobOutput,
            $($argument: FromRun,)*
        {
            fn into_work(self) -> Work {
                Work {
                    call: Call::Plain(Arc::new(move |_run: &Run| {
                        self($($argument::from_run(_run)?),*).finished()
                    })),
                    check: |_given, _args| private::all([$($argument::check(_given, _args)),*]),
                }
            }
        }
    };
}

into_work!();
into_work!(A);
into_work!(A B);
into_work!(A B C);
into_work!(A B C D);
into_work!(A B C D G);
into_work!(A B C D G H);
