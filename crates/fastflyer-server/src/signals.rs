//! TERM and INT, turned into calls of a [`Handle`]. Where there are no signals, nothing.

use crate::{Error, Handle};

/// Ends the watching when dropped.
#[derive(Debug)]
pub(crate) struct Watching {
    #[cfg(unix)]
    iterator: signal_hook::iterator::Handle,
    #[cfg(unix)]
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Watches the signals in a thread of its own.
#[cfg(unix)]
pub(crate) fn watch(handle: Handle) -> Result<Watching, Error> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let failed = |cause| Error::setup("watch signals", cause);
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT]).map_err(failed)?;
    let iterator = signals.handle();
    let thread = std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                if signal == SIGINT && handle.is_stopping() {
                    handle.stop_now();
                } else {
                    handle.stop();
                }
            }
        })
        .map_err(failed)?;
    Ok(Watching {
        iterator,
        thread: Some(thread),
    })
}

#[cfg(not(unix))]
pub(crate) fn watch(_handle: Handle) -> Result<Watching, Error> {
    Ok(Watching {})
}

#[cfg(unix)]
impl Drop for Watching {
    fn drop(&mut self) {
        self.iterator.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
