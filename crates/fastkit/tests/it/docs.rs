//! The committed reference of the settings is the generated one.

use fastkit::{Locale, settings};
use std::{fs, path::Path};

#[test]
fn the_reference_is_up_to_date() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (name, locale) in [
        ("settings.md", Locale::En),
        ("settings.zh-CN.md", Locale::ZhCn),
    ] {
        let committed = fs::read_to_string(docs.join(name)).unwrap_or_default();
        assert!(
            committed == settings::reference(locale),
            "docs/{name} is stale: run `cargo run -p fastkit --example settings_reference`"
        );
    }
}
