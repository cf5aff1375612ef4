//! Runs the service; `routes`, `openapi` and `env` show what it is without a port.

fn main() -> fastflyer::Result<()> {
    live_demo::app().run()
}
