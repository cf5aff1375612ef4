//! Writes `docs/settings.md` and `docs/settings.zh-CN.md` anew: `cargo run -p fastkit --example settings_reference`.

use fastkit::{Locale, settings};
use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    fs::create_dir_all(&docs)?;
    fs::write(docs.join("settings.md"), settings::reference(Locale::En))?;
    fs::write(
        docs.join("settings.zh-CN.md"),
        settings::reference(Locale::ZhCn),
    )
}
