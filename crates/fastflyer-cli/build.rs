//! Compiles the project template into the binary: the sources of the demo project, which is built
//! and tested as such, and the files of `templates/openapi`, which only a created project has.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// What a created project takes from the demo.
const FROM_DEMO: [&str; 5] = ["build.rs", "locales", "src", "static", "tests"];

fn main() -> io::Result<()> {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let demo = package.join("../../examples/openapi").canonicalize()?;
    let own = package.join("templates/openapi");

    let mut files = Vec::new();
    for name in FROM_DEMO {
        collect(&demo, Path::new(name), &mut files)?;
    }
    let demo_files = files.len();
    for entry in fs::read_dir(&own)? {
        collect(&own, Path::new(&entry?.file_name()), &mut files)?;
    }
    println!("cargo::rerun-if-changed={}", own.display());

    let mut code = String::new();
    for (constant, files) in [
        ("DEMO", &mut files[..demo_files].to_vec()),
        ("OWN", &mut files[demo_files..].to_vec()),
    ] {
        files.sort();
        let _ = writeln!(code, "const {constant}: &[(&str, &str)] = &[");
        for (name, path) in files.iter() {
            let _ = writeln!(code, "    ({name:?}, include_str!({path:?})),");
        }
        code.push_str("];\n");
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells a build script by this variable where to write"
    )]
    let out = std::env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("template.rs"), code)
}

/// All files at and under `name`, by their names with slashes, in the order of their names.
fn collect(root: &Path, name: &Path, files: &mut Vec<(String, String)>) -> io::Result<()> {
    let path = root.join(name);
    println!("cargo::rerun-if-changed={}", path.display());
    if path.is_dir() {
        for entry in fs::read_dir(&path)? {
            collect(root, &name.join(entry?.file_name()), files)?;
        }
        return Ok(());
    }
    let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
    files.push((parts.join("/"), path.to_string_lossy().into_owned()));
    Ok(())
}
