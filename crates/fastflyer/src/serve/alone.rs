//! The service as one process alone.

#[cfg(unix)]
use super::systemd::listen;
use super::{Log, banner, say_goodbye, server_config};
use crate::{App, FlyerApi, Result};
#[cfg(feature = "tls")]
use fastflyer_server::Handle;
use fastflyer_server::{OnSignal, Report, ServerConfig};
use fastkit::{logger, settings::Loaded};
use std::sync::Arc;

impl FlyerApi {
    pub(super) fn serve_alone(self, loaded: Loaded) -> Result<()> {
        let mut log = Log::start(&loaded.settings)?;
        let app = self.assemble(loaded, log.console())?;
        log.follow(&app)?;
        for note in app.notes.iter() {
            tracing::info!(target: "fastflyer", "{note}");
        }
        let settings = &app.core.settings;
        if settings.enable_max_requests {
            tracing::warn!(target: "fastflyer", "flyer_enable_max_requests has no effect in one process alone, which nobody would replace; set flyer_supervisor=1");
        }
        let config = ServerConfig {
            reopen: Some(OnSignal(Arc::new(logger::reopen_all))),
            reload: reload(&app),
            ..server_config(&app)
        };
        let (server, accepting) = listen(config)?;
        let handle = server.handle();
        let _ = app.core.server.set(handle.clone());
        banner(settings, &server.address()?, "one process");
        let Report { stats, .. } = server.run_telling(app, || accepting(&handle))?;
        say_goodbye(stats.requests, stats.cut);
        drop(log);
        Ok(())
    }
}

/// Reads certificates anew; a supervised worker is replaced instead.
#[cfg(feature = "tls")]
fn reload(app: &App) -> Option<OnSignal> {
    let core = Arc::clone(&app.core);
    let reload = move || match core.server.get().map(Handle::reload_certificates) {
        Some(Err(error)) => {
            tracing::error!(target: "fastflyer", "{error}; the old certificates stay")
        }
        _ => tracing::info!(target: "fastflyer", "the certificates were read anew"),
    };
    app.core
        .settings
        .tls_cert
        .is_some()
        .then(|| OnSignal(Arc::new(reload)))
}

/// Without TLS nothing can be read anew in a running process, so HUP ends it as it always does.
#[cfg(not(feature = "tls"))]
fn reload(_: &App) -> Option<OnSignal> {
    None
}

/// A server, and what to do when it accepts.
#[cfg(not(unix))]
fn listen(
    config: ServerConfig,
) -> Result<(
    fastflyer_server::Server,
    impl FnOnce(&fastflyer_server::Handle),
)> {
    Ok((fastflyer_server::Server::bind(config)?, |_: &_| ()))
}
