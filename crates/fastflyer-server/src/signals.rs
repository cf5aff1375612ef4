//! TERM and INT, turned into calls of a [`Handle`]; USR1 and HUP, for those who want them. Where there
//! are no signals, nothing.

use crate::{Error, Handle, OnSignal, ServerConfig};

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
pub(crate) fn watch(handle: Handle, config: &ServerConfig) -> Result<Watching, Error> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
    let failed = |cause| Error::setup("watch signals", cause);
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT]).map_err(failed)?;
    let wanted = [
        (SIGUSR1, config.reopen.clone()),
        (SIGHUP, config.reload.clone()),
    ];
    for (signal, call) in &wanted {
        if call.is_some() {
            signals.add_signal(*signal).map_err(failed)?;
        }
    }
    let iterator = signals.handle();
    let thread = std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                let call = wanted.iter().find(|(wanted, _)| *wanted == signal);
                match (signal, call) {
                    (_, Some((_, Some(OnSignal(call))))) => call(),
                    (SIGINT, _) if handle.is_stopping() => handle.stop_now(),
                    _ => handle.stop(),
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
pub(crate) fn watch(_handle: Handle, _config: &ServerConfig) -> Result<Watching, Error> {
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
