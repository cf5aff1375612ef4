mod tasks {
    pub fn jobs() -> Vec<u64> {
        Vec::new()
    }
}

// What `apps!` writes for an app with this function.
fn main() {
    let _ = fastflyer::app_defaults::with_jobs(fastflyer::AppEntry::new("tasks"), tasks::jobs);
}
