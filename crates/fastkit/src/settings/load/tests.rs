//! The table against itself.

use super::*;
use std::collections::BTreeSet;

#[test]
fn every_preset_is_allowed() {
    // A preset that cannot be read would silently become the default of its type: read all of them
    // as if they came from the environment.
    for variable in TABLE
        .iter()
        .filter(|variable| !matches!(variable.state, State::NoEffect(_)))
    {
        let resolver = Resolver::new(&Config::new(), &Sources::default()).preset(variable.name);
        let Some(preset) = resolver else { continue };
        let sources = Sources::from_pairs([(variable.name, preset.as_str())]);
        if let Err(errors) = Settings::load(&Config::new(), &sources) {
            panic!("{errors}");
        }
    }
}

#[test]
fn names_are_unique_and_lower_case() {
    let mut names = BTreeSet::new();
    for variable in TABLE {
        for name in std::iter::once(&variable.name).chain(variable.aliases) {
            assert!(names.insert(*name), "{name} stands twice in the table");
            assert_eq!(*name, name.to_lowercase());
            assert!(name.starts_with("flyer_"));
        }
        for text in [variable.summary, variable.summary_zh] {
            assert!(
                !text.is_empty() && !text.contains('\n'),
                "{}",
                variable.name
            );
        }
        assert!(variable.summary.ends_with('.'), "{}", variable.name);
        assert!(variable.summary_zh.ends_with('。'), "{}", variable.name);
    }
}

#[test]
fn near_names() {
    assert_eq!(nearest("flyer_prot"), Some("flyer_port"));
    assert_eq!(nearest("flyer_log_pat"), Some("flyer_log_path"));
    assert_eq!(nearest("flyer_something_of_my_own"), None);
}
