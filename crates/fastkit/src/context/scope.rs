//! The current request of a thread, and [`Scoped`], which carries it along with a future.

use super::{RequestId, TraceContext};
use pin_project_lite::pin_project;
use std::{
    cell::Cell,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

thread_local! {
    // `const` and without a destructor: an access is an address, without a check for "first use".
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
    // Apart, since it has a destructor: touched only by requests that bring a trace context.
    static TRACE: Cell<Option<TraceContext>> = const { Cell::new(None) };
}

#[derive(Clone, Copy, Debug)]
struct Current {
    id: RequestId,
    deadline: Option<Instant>,
    /// Whether what `TRACE` holds is of this request.
    traced: bool,
}

/// The id of the request that this thread serves at the moment.
///
/// ```
/// use fastkit::context::{RequestId, current, enter};
///
/// let id = RequestId::random();
/// {
///     let _scope = enter(id);
///     assert_eq!(current(), Some(id));
/// }
/// assert_eq!(current(), None);
/// ```
#[must_use]
#[inline]
pub fn current() -> Option<RequestId> {
    CURRENT.get().map(|current| current.id)
}

/// Makes `id` the current request of this thread until the returned scope is dropped, which brings
/// back what was current before. Don't hold it across an `.await`: that is what [`Scoped`] is for.
#[must_use = "the request ends when the scope is dropped"]
#[inline]
pub fn enter(id: RequestId) -> Scope {
    enter_as(Current {
        id,
        deadline: None,
        traced: false,
    })
}

#[inline]
fn enter_as(current: Current) -> Scope {
    Scope {
        previous: CURRENT.replace(Some(current)),
        hidden_trace: None,
        thread: PhantomData,
    }
}

/// A request that is being served, with what those who work for it have to know.
///
/// [`Served::current`] on one thread and [`enter`](Served::enter) on another carry a request over.
///
/// ```
/// use fastkit::context::{RequestId, Served};
/// use std::time::{Duration, Instant};
///
/// let served = Served {
///     id: RequestId::random(),
///     deadline: Some(Instant::now() + Duration::from_secs(5)),
///     trace: None,
/// };
/// let _scope = served.enter();
/// assert_eq!(Served::current(), Some(served));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The id of the request.
    pub id: RequestId,
    /// When the answer is of no use any more; `None` for "no such time".
    pub deadline: Option<Instant>,
    /// The trace that the request belongs to.
    pub trace: Option<TraceContext>,
}

impl Served {
    /// The request that this thread serves at the moment.
    #[must_use]
    pub fn current() -> Option<Self> {
        let current = CURRENT.get()?;
        let trace = current.traced.then(|| {
            TRACE.with(|slot| {
                let trace = slot.take();
                slot.set(trace.clone());
                trace
            })
        });
        Some(Self {
            id: current.id,
            deadline: current.deadline,
            trace: trace.flatten(),
        })
    }

    /// Makes it the current request of this thread; see [`enter`].
    #[must_use = "the request ends when the scope is dropped"]
    #[inline]
    pub fn enter(&self) -> Scope {
        let mut scope = enter_as(Current {
            id: self.id,
            deadline: self.deadline,
            traced: self.trace.is_some(),
        });
        if let Some(trace) = &self.trace {
            scope.hidden_trace = Some(TRACE.replace(Some(trace.clone())));
        }
        scope
    }
}

/// A request of which no more is known.
impl From<RequestId> for Served {
    fn from(id: RequestId) -> Self {
        Self {
            id,
            deadline: None,
            trace: None,
        }
    }
}

/// A stretch of code that serves a request; see [`enter`].
#[derive(Debug)]
pub struct Scope {
    previous: Option<Current>,
    /// What `TRACE` held before, where this scope has put something there.
    hidden_trace: Option<Option<TraceContext>>,
    /// A scope belongs to the thread that it was entered on.
    thread: PhantomData<*const ()>,
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        CURRENT.set(self.previous);
        if let Some(trace) = self.hidden_trace.take() {
            // A thread that is ending has no slot any more.
            let _ = TRACE.try_with(|slot| slot.set(trace));
        }
    }
}

pin_project! {
    /// A future that serves a request: each poll, and its drop, happen in the scope of the request.
    ///
    /// ```
    /// use fastkit::context::{RequestId, Scoped, current};
    ///
    /// let id = RequestId::random();
    /// let future = Scoped::new(id, async { current() });
    /// # use std::{pin::pin, task::{Context, Poll, Waker}, future::Future};
    /// # let Poll::Ready(seen) = pin!(future).poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
    /// assert_eq!(seen, Some(id));
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Scoped<F> {
        served: Served,
        #[pin]
        // `None` once dropped, so that destructors of the future run in the scope too.
        future: Option<F>,
    }

    impl<F> PinnedDrop for Scoped<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _scope = this.served.enter();
            this.future.set(None);
        }
    }
}

/// Ties a future to the request that is being served right now, for a task of its own: the log lines
/// of the task carry the id, too, and its calls the trace. It has no deadline, since nobody waits for it.
/// Outside of a request the future stays as it is.
///
/// ```
/// # use tokio::runtime::Builder;
/// use fastkit::context::{RequestId, Scoped, current, follow};
///
/// # Builder::new_current_thread().build()?.block_on(async {
/// let id = RequestId::random();
/// let handler = async { tokio::spawn(follow(async { current() })).await };
/// assert_eq!(Scoped::new(id, handler).await.ok().flatten(), Some(id));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn follow<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let served = Served::current();
    async move {
        match served {
            Some(served) => {
                let deadline = None;
                Scoped::new(Served { deadline, ..served }, future).await
            }
            None => future.await,
        }
    }
}

impl<F> Scoped<F> {
    /// Ties the future to the request.
    pub fn new(served: impl Into<Served>, future: F) -> Self {
        Self {
            served: served.into(),
            future: Some(future),
        }
    }

    /// The request that the future serves.
    pub fn id(&self) -> RequestId {
        self.served.id
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _scope = this.served.enter();
        this.future
            .as_pin_mut()
            .expect("only the drop takes the future out")
            .poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        pin::pin,
        sync::{Arc, Mutex},
        task::Waker,
    };

    fn id(text: &str) -> RequestId {
        RequestId::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn scopes_nest_and_restore_even_after_a_panic() {
        let outer = enter(id("outer"));
        let result = std::panic::catch_unwind(|| {
            let _inner = enter(id("inner"));
            assert_eq!(current(), Some(id("inner")));
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(result.is_err());
        assert_eq!(current(), Some(id("outer")));
        drop(outer);
        assert_eq!(current(), None);
    }

    #[test]
    fn deadline_and_trace_belong_to_their_scope() {
        let parent = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let served = |name| Served {
            id: id(name),
            deadline: Some(Instant::now()),
            trace: TraceContext::parse(parent, Some(name.as_bytes())),
        };
        let (outer, inner) = (served("outer"), served("inner"));
        assert_eq!(Served::current(), None);
        {
            let _outer = outer.enter();
            {
                let _inner = inner.enter();
                assert_eq!(Served::current(), Some(inner.clone()));
            }
            {
                let _bare = enter(id("bare"));
                let seen = Served::current().unwrap();
                assert_eq!((seen.deadline, seen.trace), (None, None));
            }
            assert_eq!(Served::current(), Some(outer.clone()));
        }
        assert_eq!(Served::current(), None);
        let carried = std::thread::spawn(move || {
            let _scope = inner.enter();
            Served::current().unwrap().trace
        });
        assert_eq!(carried.join().unwrap().unwrap().state(), Some("inner"));
    }

    #[test]
    fn who_follows_a_request_has_its_trace_and_no_deadline() {
        let parent = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let served = Served {
            id: id("outer"),
            deadline: Some(Instant::now()),
            trace: TraceContext::parse(parent, None),
        };
        let following = {
            let _scope = served.enter();
            follow(async { Served::current() })
        };
        let mut following = pin!(following);
        let Poll::Ready(seen) = following
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        else {
            panic!("it waits for nothing")
        };
        let expected = Served {
            deadline: None,
            ..served
        };
        assert!(expected.trace.is_some());
        assert_eq!(seen, Some(expected));
    }

    #[test]
    fn futures_that_take_turns_keep_their_requests() {
        async fn two_steps() -> (Option<RequestId>, Option<RequestId>) {
            let first = current();
            let mut waited = false;
            std::future::poll_fn(|_| {
                if std::mem::replace(&mut waited, true) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
            (first, current())
        }
        let mut cx = Context::from_waker(Waker::noop());
        let (mut a, mut b) = (
            pin!(Scoped::new(id("a"), two_steps())),
            pin!(Scoped::new(id("b"), two_steps())),
        );
        assert!(a.as_mut().poll(&mut cx).is_pending());
        assert!(b.as_mut().poll(&mut cx).is_pending());
        assert_eq!(current(), None);
        assert_eq!(a.poll(&mut cx), Poll::Ready((Some(id("a")), Some(id("a")))));
        assert_eq!(b.poll(&mut cx), Poll::Ready((Some(id("b")), Some(id("b")))));
    }

    #[test]
    fn a_cancelled_future_is_dropped_in_its_request() {
        struct Witness(Arc<Mutex<Option<RequestId>>>);
        impl Drop for Witness {
            fn drop(&mut self) {
                *self.0.lock().unwrap() = current();
            }
        }
        let seen = Arc::new(Mutex::new(None));
        let witness = Witness(seen.clone());
        drop(Scoped::new(id("gone"), async move {
            std::future::pending::<()>().await;
            drop(witness);
        }));
        assert_eq!(*seen.lock().unwrap(), Some(id("gone")));
    }
}
