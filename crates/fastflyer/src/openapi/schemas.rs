//! [`Schemas`]: the named types of the document, from schemars.
//!
//! What a type looks like when it is read and when it is written can differ (`skip`, `default`),
//! so both are generated; the component is split into `XInput` and `X` only where they do differ.
//! Each root type has a generator of its own, so that names never depend on the order of routes.

use crate::{extract::TypeKey, validation::bound_integers};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};
use std::{
    any::TypeId,
    collections::{BTreeMap, BTreeSet, HashMap},
};

const PREFIX: &str = "#/components/schemas/";
/// Marks references of the input side until it is known which components are split.
const INPUT_MARK: &str = "\u{1}input:";

/// The schemas of all types that the operations mention.
#[derive(Debug, Default)]
pub struct Schemas {
    input: Side,
    output: Side,
    problems: Vec<String>,
    /// The operation that is being described, for messages.
    place: String,
    /// Whether a handler may fail with data of its own.
    failures_have_data: bool,
}

/// The types as they are read, or as they are written.
#[derive(Debug, Default)]
struct Side {
    roots: HashMap<TypeId, Value>,
    definitions: BTreeMap<String, Definition>,
}

#[derive(Debug)]
struct Definition {
    schema: Value,
    place: String,
}

impl Schemas {
    /// The schema of `T` as it is read from a request.
    pub fn input<T: JsonSchema + 'static>(&mut self) -> Value {
        self.root::<T>(false)
    }

    /// The schema of `T` as it is written into a response.
    pub fn output<T: JsonSchema + 'static>(&mut self) -> Value {
        self.root::<T>(true)
    }

    pub(super) fn enter(&mut self, place: String) {
        self.place = place;
    }

    pub(super) fn failures_have_data(&mut self) {
        self.failures_have_data = true;
    }

    /// Whether a failed request may have data in its body.
    pub(super) fn data_of_failures(&self) -> bool {
        self.failures_have_data
    }

    pub(super) fn problem(&mut self, text: String) {
        self.problems.push(text);
    }

    fn root<T: JsonSchema + 'static>(&mut self, output: bool) -> Value {
        let side = if output {
            &mut self.output
        } else {
            &mut self.input
        };
        let key = TypeKey::of::<T>().id;
        if let Some(known) = side.roots.get(&key) {
            return known.clone();
        }
        let mut generator = generator(output);
        let mut schema = generator.subschema_for::<T>().to_value();
        let mut definitions = generator.take_definitions(true);
        // serde refuses what is beyond the type; schemars says so for the smallest types only.
        bound_integers(&mut schema);
        definitions.values_mut().for_each(bound_integers);
        if !output {
            map_refs(&mut schema, &|name| Some(format!("{INPUT_MARK}{name}")));
            for definition in definitions.values_mut() {
                map_refs(definition, &|name| Some(format!("{INPUT_MARK}{name}")));
            }
        }
        for (name, schema) in definitions {
            match side.definitions.get(&name) {
                Some(known) if known.schema == schema => {}
                Some(known) => self.problems.push(format!(
                    "two different types are both called `{name}` in the OpenAPI document: one of {}, one of {}; rename one with #[schemars(rename = \"..\")]",
                    known.place, self.place
                )),
                None => {
                    let place = self.place.clone();
                    side.definitions.insert(name, Definition { schema, place });
                }
            }
        }
        side.roots.insert(key, schema.clone());
        schema
    }

    /// The schema itself, where `schema` is a reference to a component.
    pub(super) fn follow<'a>(&'a self, schema: &'a Value, output: bool) -> &'a Value {
        let side = if output { &self.output } else { &self.input };
        let mut schema = schema;
        // A chain of references is short; a circle of nothing but references cannot be written.
        for _ in 0..16 {
            let Some(name) = reference(schema) else { break };
            let name = name.strip_prefix(INPUT_MARK).unwrap_or(name);
            let Some(definition) = side.definitions.get(name) else {
                break;
            };
            schema = &definition.schema;
        }
        schema
    }

    /// A constraint that stands in the schema of a type whose constraints nobody checks, as
    /// `name: keyword`. What follows from the Rust type alone (`u8`, `[T; 4]`) is no constraint.
    pub(super) fn constraint(&self, schema: &Value) -> Option<String> {
        let mut seen = BTreeSet::new();
        self.find_constraint(schema, &mut seen)
    }

    fn find_constraint<'a>(
        &'a self,
        schema: &'a Value,
        seen: &mut BTreeSet<&'a str>,
    ) -> Option<String> {
        const KEYWORDS: [&str; 8] = [
            "minLength",
            "maxLength",
            "pattern",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minProperties",
            "maxProperties",
        ];
        let object = schema.as_object()?;
        if let Some(name) = reference(schema) {
            let name = name.strip_prefix(INPUT_MARK).unwrap_or(name);
            if !seen.insert(name) {
                return None;
            }
            return self.find_constraint(&self.input.definitions.get(name)?.schema, seen);
        }
        let char_type = object.get("minLength") == Some(&Value::from(1))
            && object.get("maxLength") == Some(&Value::from(1));
        if !char_type && let Some(keyword) = KEYWORDS.iter().find(|k| object.contains_key(**k)) {
            return Some((*keyword).to_owned());
        }
        let range = |least: &str, most: &str| {
            (object.contains_key(least) || object.contains_key(most))
                && object.get(least) != object.get(most)
        };
        if range("minItems", "maxItems") {
            return Some("minItems or maxItems".to_owned());
        }
        if range("minimum", "maximum") && !is_range_of_type(object) {
            return Some("minimum or maximum".to_owned());
        }
        for (name, property) in object
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if let Some(found) = self.find_constraint(property, seen) {
                return Some(format!("{name}: {found}"));
            }
        }
        for key in ["items", "additionalProperties"] {
            if let Some(found) = object.get(key).and_then(|s| self.find_constraint(s, seen)) {
                return Some(found);
            }
        }
        for key in ["anyOf", "oneOf", "allOf", "prefixItems"] {
            for branch in object
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                if let Some(found) = self.find_constraint(branch, seen) {
                    return Some(found);
                }
            }
        }
        None
    }

    /// Ends the collection: the components by name, and `paths` with its references made final.
    pub(super) fn finish(self, paths: &mut Value) -> (Map<String, Value>, Vec<String>) {
        let split = self.split();
        let final_name = |name: &str| {
            let bare = name.strip_prefix(INPUT_MARK)?;
            let suffix = if split.contains(bare) { "Input" } else { "" };
            Some(format!("{bare}{suffix}"))
        };
        map_refs(paths, &final_name);
        let mut problems = self.problems;
        let mut components = BTreeMap::new();
        for (name, definition) in self.output.definitions {
            components.insert(name, definition.schema);
        }
        for (name, mut definition) in self.input.definitions {
            map_refs(&mut definition.schema, &final_name);
            let full = if split.contains(&name) {
                format!("{name}Input")
            } else {
                name
            };
            match components.get(&full) {
                Some(known) if *known != definition.schema => problems.push(format!(
                    "two different types are both called `{full}` in the OpenAPI document, one of {}; rename one with #[schemars(rename = \"..\")]",
                    definition.place
                )),
                _ => {
                    components.insert(full, definition.schema);
                }
            }
        }
        // Hidden operations are checked like all others, but their types are not shown.
        let mut shown = BTreeSet::new();
        mentioned(paths, &components, &mut shown);
        components.retain(|name, _| shown.contains(name));
        (components.into_iter().collect(), problems)
    }

    /// The names whose input and output differ, directly or by what they refer to.
    fn split(&self) -> BTreeSet<String> {
        let unmarked = |schema: &Value| {
            let mut schema = schema.clone();
            map_refs(&mut schema, &|name| {
                name.strip_prefix(INPUT_MARK).map(str::to_owned)
            });
            schema
        };
        let both: Vec<(&String, Value)> = self
            .input
            .definitions
            .iter()
            .filter(|(name, _)| self.output.definitions.contains_key(*name))
            .map(|(name, definition)| (name, unmarked(&definition.schema)))
            .collect();
        let mut split: BTreeSet<String> = both
            .iter()
            .filter(|(name, schema)| self.output.definitions[*name].schema != *schema)
            .map(|(name, _)| (*name).clone())
            .collect();
        loop {
            let more: Vec<String> = both
                .iter()
                .filter(|(name, schema)| !split.contains(*name) && refers_to(schema, &split))
                .map(|(name, _)| (*name).clone())
                .collect();
            if more.is_empty() {
                return split;
            }
            split.extend(more);
        }
    }
}

fn generator(output: bool) -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    if output {
        settings = settings.for_serialize();
    }
    settings.into_generator()
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(PREFIX)
}

/// Whether the bounds of a number are those that its Rust type has anyway.
fn is_range_of_type(schema: &Map<String, Value>) -> bool {
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => (Some(0), Some(255)),
        Some("int8") => (Some(-128), Some(127)),
        Some("uint16") => (Some(0), Some(65_535)),
        Some("int16") => (Some(-32_768), Some(32_767)),
        Some("uint32") => (Some(0), Some(4_294_967_295)),
        Some("int32") => (Some(-2_147_483_648), Some(2_147_483_647)),
        Some("uint64" | "uint128" | "uint") => (Some(0), None),
        _ => (None, None),
    };
    let is = |key: &str, bound: Option<i64>| schema.get(key).and_then(Value::as_i64) == bound;
    is("minimum", least) && is("maximum", most)
}

/// Renames references to components: `rename` gets the bare name and may give another.
fn map_refs(schema: &mut Value, rename: &dyn Fn(&str) -> Option<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get_mut("$ref")
                && let Some(name) = text.strip_prefix(PREFIX).and_then(rename)
            {
                *text = format!("{PREFIX}{name}");
            }
            object
                .values_mut()
                .for_each(|value| map_refs(value, rename));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| map_refs(value, rename)),
        _ => {}
    }
}

/// Collects the names of components that a schema refers to, directly or through others.
fn mentioned(schema: &Value, components: &BTreeMap<String, Value>, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(name) = reference(schema)
                && let Some(component) = components.get(name)
                && found.insert(name.to_owned())
            {
                mentioned(component, components, found);
            }
            object
                .values()
                .for_each(|value| mentioned(value, components, found));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|value| mentioned(value, components, found)),
        _ => {}
    }
}

fn refers_to(schema: &Value, names: &BTreeSet<String>) -> bool {
    match schema {
        Value::Object(object) => {
            reference(schema).is_some_and(|name| names.contains(name))
                || object.values().any(|value| refers_to(value, names))
        }
        Value::Array(items) => items.iter().any(|value| refers_to(value, names)),
        _ => false,
    }
}
