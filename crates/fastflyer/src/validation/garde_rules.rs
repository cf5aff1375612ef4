//! The refusals of garde at the paths that the client knows.
//!
//! garde names fields as Rust does. The schema has the names of the wire; the walk here goes
//! through both at once. Names that cannot be mapped stay as they are: a message at a path that is
//! a little off is better than none.

use std::fmt::Write;

use serde_json::Value;

use super::place::FieldPath;
use super::{FieldErrors, Place};
use crate::values::schema;

/// garde's errors by wire names, without those at paths that `known` has already.
///
/// `schema` is the root schema of the type. `instance`, where the caller has it, tells which
/// variant of an enum a field belongs to.
#[must_use]
pub fn from_garde(
    report: &garde::Report,
    schema: &Value,
    instance: Option<&Value>,
    place: Place,
    known: &FieldErrors,
) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (path, error) in report.iter() {
        let path = wire_path(&components(path), schema, instance, place);
        if known.get(&path).is_empty() {
            errors.add(path, error.message());
        }
    }
    errors
}

/// A step of garde's paths.
#[derive(Debug)]
enum Component {
    Index(usize),
    Name(String),
}

/// The steps of a path. Its `Display` is ambiguous and its iterator private, so its serialised
/// form is taken: pairs of a kind and a text.
fn components(path: &garde::Path) -> Vec<Component> {
    let Ok(Value::Array(pairs)) = serde_json::to_value(path) else {
        return vec![Component::Name(path.to_string())];
    };
    pairs
        .iter()
        .filter_map(|pair| {
            let text = pair.get(1)?.as_str()?;
            match pair.get(0)?.as_str()? {
                "key" => Some(Component::Name(
                    text.strip_prefix("r#").unwrap_or(text).to_owned(),
                )),
                "index" => Some(Component::Index(text.parse().ok()?)),
                // The inside of an option.
                _ => None,
            }
        })
        .collect()
}

/// How many of the indexes right behind the first one can only be those of lists. An index 0 may
/// be the only field of a tuple struct instead, which the wire does not show.
fn later_indexes(components: &[Component]) -> usize {
    components
        .iter()
        .skip(1)
        .map_while(|component| match component {
            Component::Index(index) => Some(usize::from(*index > 0)),
            Component::Name(_) => None,
        })
        .sum()
}

/// Lists nest no deeper than this in a sensible type.
const MAX_DEPTH: usize = 16;

/// Where the walk stands: in the schema and in the instance, as far as both are known.
#[derive(Clone, Copy, Debug)]
struct Position<'v> {
    root: &'v Value,
    schema: Option<&'v Value>,
    instance: Option<&'v Value>,
}

impl<'v> Position<'v> {
    fn member(self, name: &str) -> Self {
        Self {
            root: self.root,
            schema: self.schema.and_then(|schema| {
                schema::property(self.root, schema, name)
                    .or_else(|| schema::other_properties(self.root, schema))
            }),
            instance: self.instance.and_then(|instance| instance.get(name)),
        }
    }

    fn item(self, index: usize) -> Self {
        Self {
            root: self.root,
            schema: self
                .schema
                .and_then(|schema| schema::item(self.root, schema, index)),
            instance: self.instance.and_then(|instance| instance.get(index)),
        }
    }

    /// The wire name of a Rust field: the same, or the only one that differs by case and
    /// separators alone.
    fn wire_name(self, field: &str) -> Option<&'v str> {
        let names = schema::property_names(self.root, self.schema?);
        if let Some(same) = names.iter().find(|name| **name == field) {
            return Some(same);
        }
        let plain = normalise(field);
        let mut alike = names.into_iter().filter(|name| normalise(name) == plain);
        let first = alike.next()?;
        alike.all(|other| other == first).then_some(first)
    }

    /// How many indexes may follow here; any number where the schema is not known.
    fn list_depth(self) -> usize {
        let mut at = self;
        for depth in 0..MAX_DEPTH {
            match at.schema {
                Some(schema) if schema::types(at.root, schema).array => at = at.item(0),
                Some(_) => return depth,
                None => return MAX_DEPTH,
            }
        }
        MAX_DEPTH
    }

    fn is_map(self) -> bool {
        self.schema
            .is_some_and(|schema| schema::other_properties(self.root, schema).is_some())
    }

    /// The content of an enum's variant that is written as an object with one member.
    fn variant(self) -> Option<(&'v str, Self)> {
        let (name, _) = self
            .instance?
            .as_object()
            .filter(|members| members.len() == 1)?
            .iter()
            .next()?;
        let inside = self.member(name);
        inside.schema.is_some().then_some((name.as_str(), inside))
    }
}

fn wire_path(
    components: &[Component],
    root: &Value,
    instance: Option<&Value>,
    place: Place,
) -> String {
    let mut path = FieldPath::new(place);
    let mut at = Position {
        root,
        schema: Some(root),
        instance,
    };
    for (index, component) in components.iter().enumerate() {
        match component {
            Component::Index(item) if at.list_depth() > later_indexes(&components[index..]) => {
                path.index(*item);
                at = at.item(*item);
            }
            // A newtype: its inside is written in its place.
            Component::Index(_) => {
                if let Some((variant, inside)) = at.variant() {
                    path.name(variant);
                    at = inside;
                }
            }
            Component::Name(field) => {
                let wire = at.wire_name(field);
                let inside_variant = at
                    .variant()
                    .and_then(|(name, inside)| Some((name, inside, inside.wire_name(field)?)));
                if let Some(wire) = wire {
                    path.name(wire);
                    at = at.member(wire);
                } else if let Some((variant, inside, wire)) = inside_variant {
                    path.name(variant);
                    path.name(wire);
                    at = inside.member(wire);
                } else if !is_flattened(at, &components[index + 1..]) {
                    path.name(field);
                    at = at.member(field);
                }
            }
        }
    }
    path.finish()
}

/// Whether a field without a wire name is flattened: the field after it stands at this level.
fn is_flattened(at: Position<'_>, rest: &[Component]) -> bool {
    match rest.first() {
        Some(Component::Name(next)) => !at.is_map() && at.wire_name(next).is_some(),
        _ => false,
    }
}

/// Letters and digits in lower case.
fn normalise(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.chars().filter(|c| c.is_alphanumeric()) {
        // Writing to a string cannot fail.
        let _ = write!(plain, "{}", c.to_lowercase());
    }
    plain
}
