//! Which alternative of `anyOf` and `oneOf` was meant, so that its error is the one reported.
//!
//! Options and enums are written as alternatives. "Matches none of them" helps nobody, so the
//! alternative that the client evidently chose is looked for; the key type is [`Verdict`].

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::Location;
use serde_json::Value;

/// The errors of one alternative.
type Branch = [ValidationError<'static>];

/// What to report for a value that fits no alternative.
#[derive(Debug)]
pub(super) enum Verdict<'e> {
    /// The errors of this alternative.
    Branch(&'e Branch),
    /// The value, or its member of this name, is none of these.
    OneOf(Option<String>, Vec<String>),
    /// The value has none of these types.
    Types(Vec<&'static str>),
    /// The member of this name, which tells the alternatives apart, is not there.
    Missing(String),
    /// Nothing better is known.
    NoForm,
}

/// Finds what to report, given the errors of each alternative at `own`.
pub(super) fn judge<'e>(
    own: &Location,
    instance: &Value,
    branches: &'e [Vec<ValidationError<'static>>],
) -> Verdict<'e> {
    // An option's `null` says nothing, unless it is all there is.
    let some: Vec<&Branch> = branches
        .iter()
        .map(Vec::as_slice)
        .filter(|branch| !wants_null(own, branch))
        .collect();
    match some.as_slice() {
        [] => return Verdict::Types(vec!["null"]),
        [only] => return Verdict::Branch(only),
        _ => {}
    }
    by_choices(own, instance, &some)
        .or_else(|| by_tag(own, &some))
        .or_else(|| by_key(own, instance, &some))
        .or_else(|| by_type(own, &some))
        .unwrap_or(Verdict::NoForm)
}

fn wants_null(own: &Location, branch: &Branch) -> bool {
    branch
        .iter()
        .any(|error| error.instance_path() == own && types(error) == ["null"])
}

/// Alternatives that are single values: what stands there is none of them.
fn by_choices<'e>(
    own: &Location,
    instance: &Value,
    branches: &[&'e Branch],
) -> Option<Verdict<'e>> {
    let mut choices = Vec::new();
    let mut others = branches.iter().filter(|branch| {
        let found = branch
            .iter()
            .filter(|error| error.instance_path() == own)
            .find_map(allowed);
        let is_choice = found.is_some();
        choices.extend(found.into_iter().flatten());
        !is_choice
    });
    // Beside choices an enum may have alternatives with content, which a scalar did not mean.
    let only_content = others.all(|branch| {
        !matches!(instance, Value::Array(_) | Value::Object(_))
            && type_errors(own, branch)
                .any(|names| names.iter().all(|name| matches!(*name, "object" | "array")))
    });
    (only_content && !choices.is_empty()).then(|| Verdict::OneOf(None, unique(choices)))
}

/// Alternatives told apart by the value of a member.
fn by_tag<'e>(own: &Location, branches: &[&'e Branch]) -> Option<Verdict<'e>> {
    let tag_of = |branch: &Branch| {
        branch.iter().find_map(|error| {
            let member = member_of(own, error.instance_path())?;
            Some((member, allowed(error)?))
        })
    };
    let tags: Vec<_> = branches.iter().map(|branch| tag_of(branch)).collect();
    let mut names = tags.iter().flatten().map(|(name, _)| name);
    if let Some(name) = names.next() {
        if !names.all(|other| other == name) {
            return None;
        }
        let untagged: Vec<_> = branches
            .iter()
            .zip(&tags)
            .filter(|(branch, tag)| tag.is_none() && !is_elsewhere(own, branch))
            .collect();
        return match untagged.as_slice() {
            [] => {
                let name = name.clone();
                let values = tags.into_iter().flatten().flat_map(|(_, values)| values);
                Some(Verdict::OneOf(Some(name), unique(values.collect())))
            }
            [(branch, _)] => Some(Verdict::Branch(branch)),
            _ => None,
        };
    }
    let mut missing = branches.iter().map(|branch| required(own, branch));
    let first = missing.next()?;
    let rest: Vec<_> = missing.collect();
    first
        .into_iter()
        .find(|name| rest.iter().all(|names| names.contains(name)))
        .map(Verdict::Missing)
}

/// Alternatives told apart by the name of their only member.
fn by_key<'e>(own: &Location, instance: &Value, branches: &[&'e Branch]) -> Option<Verdict<'e>> {
    let mut meant = branches.iter().filter(|branch| {
        !is_elsewhere(own, branch)
            && required(own, branch).is_empty()
            && !branch.iter().any(|error| {
                error.instance_path() == own
                    && (allowed(error).is_some()
                        || matches!(
                            error.kind(),
                            ValidationErrorKind::AdditionalProperties { .. }
                        ))
            })
    });
    match (meant.next(), meant.next()) {
        (Some(branch), None) => return Some(Verdict::Branch(branch)),
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    let Value::Object(members) = instance else {
        return None;
    };
    let mut names = Vec::new();
    for branch in branches {
        match required(own, branch).as_slice() {
            [] if is_elsewhere(own, branch) => {}
            [name] if members.len() <= 1 => names.push(name.clone()),
            _ => return None,
        }
    }
    (!names.is_empty()).then(|| Verdict::OneOf(None, unique(names)))
}

/// Alternatives of other types.
fn by_type<'e>(own: &Location, branches: &[&'e Branch]) -> Option<Verdict<'e>> {
    let fitting: Vec<_> = branches
        .iter()
        .filter(|branch| !is_elsewhere(own, branch))
        .collect();
    match fitting.as_slice() {
        [] => {
            let mut names = Vec::new();
            for name in branches
                .iter()
                .flat_map(|branch| type_errors(own, branch))
                .flatten()
            {
                if name != "null" && !names.contains(&name) {
                    names.push(name);
                }
            }
            Some(Verdict::Types(names))
        }
        [only] => Some(Verdict::Branch(only)),
        _ => None,
    }
}

/// Whether the alternative wants a value of another type.
fn is_elsewhere(own: &Location, branch: &Branch) -> bool {
    type_errors(own, branch).next().is_some()
}

fn type_errors<'b>(
    own: &'b Location,
    branch: &'b Branch,
) -> impl Iterator<Item = Vec<&'static str>> + 'b {
    branch
        .iter()
        .filter(move |error| error.instance_path() == own)
        .map(types)
        .filter(|names| !names.is_empty())
}

/// The members that are missing at `own`.
fn required(own: &Location, branch: &Branch) -> Vec<String> {
    branch
        .iter()
        .filter(|error| error.instance_path() == own)
        .filter_map(|error| match error.kind() {
            ValidationErrorKind::Required { property } => property.as_str().map(str::to_owned),
            _ => None,
        })
        .collect()
}

/// The name of the member of `own` that `path` points to.
fn member_of(own: &Location, path: &Location) -> Option<String> {
    let mut segments = path.iter().skip(own.iter().count());
    let member = segments.next()?;
    (path.as_str().starts_with(own.as_str()) && segments.next().is_none())
        .then(|| member.to_string())
}

/// The types that an error wants; none when it is another error.
pub(super) fn types(error: &ValidationError<'_>) -> Vec<&'static str> {
    match error.kind() {
        ValidationErrorKind::Type {
            kind: TypeKind::Single(name),
        } => vec![name.as_str()],
        ValidationErrorKind::Type {
            kind: TypeKind::Multiple(names),
        } => {
            let named: Vec<_> = names.iter().map(|name| name.as_str()).collect();
            named
                .iter()
                .copied()
                .filter(|name| *name != "null")
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The values that an error allows; `None` when it is another error.
pub(super) fn allowed(error: &ValidationError<'_>) -> Option<Vec<String>> {
    match error.kind() {
        ValidationErrorKind::Constant { expected_value } => Some(vec![plain(expected_value)]),
        ValidationErrorKind::Enum { options } => Some(
            options
                .as_array()?
                .iter()
                .filter(|value| !value.is_null())
                .map(plain)
                .collect(),
        ),
        _ => None,
    }
}

/// A value as a message names it: texts without quotes.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn unique(mut values: Vec<String>) -> Vec<String> {
    let mut kept = Vec::with_capacity(values.len());
    for value in values.drain(..) {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}
