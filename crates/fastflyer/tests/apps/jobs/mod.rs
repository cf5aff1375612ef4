//! An app of background work.

pub async fn on_startup() -> fastflyer::Result<()> {
    Ok(())
}

pub async fn on_shutdown() -> fastflyer::Result<()> {
    Ok(())
}
