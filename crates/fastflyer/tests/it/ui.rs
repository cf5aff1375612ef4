//! What the compiler says to one mistake each, and what has to compile.

/// Compiles every fixture; `TRYBUILD=overwrite` writes the expected messages.
#[test]
fn mistakes_are_explained() {
    let tests = trybuild::TestCases::new();
    tests.pass("tests/ui/pass/*.rs");
    tests.compile_fail("tests/ui/*.rs");
}
