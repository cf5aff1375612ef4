//! What the compiler says to one mistake each. What has to compile stands in `cache` and `jobs`, since
//! trybuild would build everything once more to run it.
//!
//! `TRYBUILD=overwrite` writes the expected messages.

#[cfg(feature = "cache")]
#[test]
fn mistakes_of_cached_are_explained() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/ui/cached_*.rs");
}

#[test]
fn mistakes_of_jobs_are_explained() {
    let tests = trybuild::TestCases::new();
    for fixtures in ["background_*", "job_*", "jobs_*", "scheduled_*"] {
        tests.compile_fail(format!("tests/ui/{fixtures}.rs"));
    }
}
