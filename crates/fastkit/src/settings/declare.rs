//! The macro behind the table: one declaration per variable gives its field in `Settings`, its row
//! in the table, its method of `Config`, and the line that resolves it.

/// A list of settings, then a list of names that are known without effect.
///
/// Each setting is written as two doc comments (English, Chinese), then
/// `name: Type as Kind = Preset => state("detail")` (`with` names a cargo feature of this crate,
/// `feature` one that is still to come), then optionally `or [alias ...]` with other
/// spellings and `else [NAME ...]` with names of other systems, and a semicolon.
macro_rules! settings {
    (
        $(group $group:ident {
            $(
                #[doc = $en:literal]
                #[doc = $zh:literal]
                $name:ident : $type:ty as $kind:ty = $preset:expr => $state:ident $(($detail:literal))?
                $(, or [$($alias:literal)*])? $(, else [$($fallback:literal)*])? ;
            )*
        })*
        without_effect {
            $(#[doc = $old_en:literal] #[doc = $old_zh:literal] $old:literal because $reason:literal;)*
        }
    ) => {
        /// All settings, resolved and checked; from [`Settings::load`].
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct Settings {
            /// The name of the service, shown in the docs. Set in code.
            pub title: String,
            /// What the service is for, in Markdown, shown in the docs. Set in code.
            pub description: String,
            /// Whom to ask, shown in the docs. Set in code.
            pub contact: Option<Contact>,
            /// The folder of the project's static files. Set in code.
            pub static_dir: Option<PathBuf>,
            $($(
                #[doc = $en]
                #[doc = ""]
                #[doc = concat!(" From `flyer_", stringify!($name), "`.")]
                pub $name: $type,
            )*)*
        }

        impl Settings {
            pub(super) fn resolve(config: &Config, resolver: &mut Resolver<'_>) -> Self {
                Self {
                    title: config.title.clone().unwrap_or_else(|| "FastFlyer".to_owned()),
                    description: config.description.clone().unwrap_or_default(),
                    contact: config.contact.clone(),
                    static_dir: config.static_dir.clone(),
                    $($($name: resolver.take::<$kind>(concat!("flyer_", stringify!($name))),)*)*
                }
            }
        }

        pub(super) static TABLE: &[Variable] = &[
            $($(Variable {
                name: concat!("flyer_", stringify!($name)),
                aliases: &[$($($alias),*)?],
                fallbacks: &[$($($fallback),*)?],
                group: Group::$group,
                default: $preset,
                summary: $en.trim_ascii(),
                summary_zh: $zh.trim_ascii(),
                state: settings!(@state $state $(($detail))?),
                feature: settings!(@feature $state $(($detail))?),
                empty_counts: <$kind as Kind>::EMPTY_COUNTS,
                allowed: <$kind as Kind>::allowed,
            },)*)*
            $(Variable {
                name: $old,
                aliases: &[],
                fallbacks: &[],
                group: Group::Original,
                default: Preset::Unset,
                summary: $old_en.trim_ascii(),
                summary_zh: $old_zh.trim_ascii(),
                state: State::NoEffect($reason),
                feature: None,
                empty_counts: false,
                allowed: <Text as Kind>::allowed,
            },)*
        ];

        /// One method per variable. What stands here is weaker than `.env` and the environment.
        impl Config {
            $($(settings!(@method $state $(($detail))? $name $type, $en);)*)*
        }
    };
    (@state active) => { State::Active };
    (@state planned($part:literal)) => { State::Planned($part) };
    (@state feature($feature:literal)) => { State::Feature($feature) };
    // A feature of this crate, which may be compiled in.
    (@state with($feature:literal)) => {
        if cfg!(feature = $feature) { State::Active } else { State::Feature($feature) }
    };
    (@feature feature($feature:literal)) => { Some($feature) };
    (@feature with($feature:literal)) => { Some($feature) };
    (@feature $state:ident $(($detail:literal))?) => { None };
    // What needs a feature that is not there cannot be set in code either.
    (@method feature($feature:literal) $name:ident $type:ty, $en:literal) => {};
    (@method with($feature:literal) $name:ident $type:ty, $en:literal) => {
        #[cfg(feature = $feature)]
        settings!(@method active $name $type, $en);
    };
    (@method $state:ident $(($detail:literal))? $name:ident $type:ty, $en:literal) => {
        #[doc = $en]
        #[doc = ""]
        #[doc = concat!(" As `flyer_", stringify!($name), "`; text is taken as it is written there.")]
        pub fn $name(mut self, value: impl IntoText<$type>) -> Self {
            self.values.insert(concat!("flyer_", stringify!($name)), value.into_text());
            self
        }
    };
}

pub(super) use settings;
