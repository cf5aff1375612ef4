//! All failing fields of a value, by the JSON schema of its type.
//!
//! The key type is [`Explainer`]. It does not decide anything: it is asked when serde or garde
//! have refused a value, and what it does not find they say themselves.

use std::fmt;

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{ValidationError, Validator};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::alternatives::{self, Verdict};
use super::messages::{Message, Wording};
use super::place::FieldPath;
use super::{
    FieldErrors, Place, explain_parse, explain_value, formats, from_garde, received, tighten,
};
use crate::values::ValueError;

/// How many JSON values an instance may hold to be explained in full.
const MAX_VALUES: usize = 10_000;

/// How many items of each list are explained in a larger instance.
const MAX_ITEMS: usize = 100;

/// How many messages an explanation holds.
const MAX_MESSAGES: usize = 1_000;

/// The compiled schema of a type, to explain refusals with.
///
/// Compiling takes a fraction of a millisecond: make one per type at start.
///
/// # Examples
///
/// ```
/// use fastflyer::Locale;
/// use fastflyer::validation::{Explainer, Place};
/// use serde_json::json;
///
/// #[derive(schemars::JsonSchema)]
/// struct Item {
///     name: String,
///     count: u32,
/// }
///
/// let explainer = Explainer::new::<Item>();
/// let errors = explainer.explain(&json!({"count": -1}), Place::Body, Locale::En);
/// assert_eq!(errors.get("name"), ["This field is required."]);
/// assert_eq!(errors.get("count"), ["Must be at least 0; received -1."]);
/// ```
pub struct Explainer {
    schema: Value,
    validator: Option<Validator>,
}

impl Explainer {
    /// For what `T` accepts when it is deserialised.
    #[must_use]
    pub fn new<T: JsonSchema>() -> Self {
        let schema = SchemaSettings::draft2020_12()
            .for_deserialize()
            .into_generator()
            .into_root_schema_for::<T>();
        Self::from_schema(schema.to_value())
    }

    /// For a root schema, `$defs` included. A schema that cannot be compiled explains nothing.
    #[must_use]
    pub fn from_schema(schema: Value) -> Self {
        let mut checked = schema.clone();
        tighten::tighten(&mut checked);
        Self {
            validator: formats::compile(&checked),
            schema,
        }
    }

    /// The root schema, for [`crate::values::to_json`] and [`from_garde`].
    #[must_use]
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether the schema could be compiled; asked by tests and checks at start.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.validator.is_some()
    }

    /// All failing fields that the schema knows of; empty when it finds none.
    ///
    /// Of an instance with more than 10,000 values only the first items of its lists are
    /// explained, and no more than 1,000 messages are made: an answer must not grow far beyond
    /// its request.
    #[must_use]
    pub fn explain<'a>(
        &self,
        instance: &Value,
        place: Place,
        wording: impl Into<Wording<'a>>,
    ) -> FieldErrors {
        let mut explanation = Explanation {
            errors: FieldErrors::new(),
            left: MAX_MESSAGES,
            place,
            wording: wording.into(),
        };
        let Some(validator) = &self.validator else {
            return explanation.errors;
        };
        let clipped;
        let mut instance = instance;
        if values(instance, MAX_VALUES) > MAX_VALUES {
            clipped = clip(instance);
            instance = &clipped;
            if values(instance, MAX_VALUES) > MAX_VALUES {
                return explanation.errors;
            }
        }
        for error in validator.iter_errors(instance) {
            explanation.describe(&error);
        }
        explanation.errors
    }

    /// Explains what serde_json refused: the schema's findings, completed with serde's own error
    /// when they do not cover it. Never empty.
    #[must_use]
    pub fn explain_serde<'a>(
        &self,
        instance: &Value,
        error: &serde_path_to_error::Error<serde_json::Error>,
        place: Place,
        wording: impl Into<Wording<'a>>,
    ) -> FieldErrors {
        let wording = wording.into();
        let mut errors = self.explain(instance, place, wording);
        errors.complete_with(explain_parse(error, place, wording), place.name());
        errors
    }

    /// Explains what [`crate::values::many`] refused, where `instance` is what
    /// [`crate::values::to_json`] made of the pairs. Never empty.
    #[must_use]
    pub fn explain_pairs<'a>(
        &self,
        instance: &Value,
        error: &ValueError,
        place: Place,
        wording: impl Into<Wording<'a>>,
    ) -> FieldErrors {
        let wording = wording.into();
        let mut errors = self.explain(instance, place, wording);
        let received = error.name().and_then(|name| instance.get(name));
        let own = explain_value(error, place, None, received, wording);
        errors.complete_with(own, place.name());
        errors
    }

    /// Explains what garde refused: exactly the fields of the report, in the schema's words where
    /// it finds as many faults in a field as garde does, else in garde's. Never empty for a report
    /// that is not.
    #[must_use]
    pub fn explain_garde<'a>(
        &self,
        instance: &Value,
        report: &garde::Report,
        place: Place,
        wording: impl Into<Wording<'a>>,
    ) -> FieldErrors {
        let wording = wording.into();
        let known = self.explain(instance, place, wording);
        let none = FieldErrors::new();
        let mut errors = FieldErrors::new();
        for (path, texts) in from_garde(report, &self.schema, Some(instance), place, &none).iter() {
            let ours = known.get(path);
            let texts = if ours.len() >= texts.len() {
                ours
            } else {
                texts
            };
            for text in texts {
                errors.add(path, text.as_str());
            }
        }
        errors
    }
}

impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// How many JSON values there are, counted no further than beyond `limit`.
fn values(instance: &Value, limit: usize) -> usize {
    let mut waiting = vec![instance];
    let mut count = 0;
    while let Some(value) = waiting.pop() {
        count += 1;
        if count + waiting.len() > limit {
            return limit + 1;
        }
        match value {
            Value::Array(items) => waiting.extend(items.iter().take(limit)),
            Value::Object(members) => waiting.extend(members.values().take(limit)),
            _ => {}
        }
    }
    count
}

/// The instance with the first items of its lists only.
fn clip(instance: &Value) -> Value {
    match instance {
        Value::Array(items) => items.iter().take(MAX_ITEMS).map(clip).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), clip(value)))
            .collect(),
        scalar => scalar.clone(),
    }
}

/// Findings being worded.
struct Explanation<'a> {
    errors: FieldErrors,
    left: usize,
    place: Place,
    wording: Wording<'a>,
}

impl Explanation<'_> {
    fn describe(&mut self, error: &ValidationError<'_>) {
        let at = error.instance_path();
        let instance = error.instance();
        match error.kind() {
            ValidationErrorKind::AnyOf { context }
            | ValidationErrorKind::OneOfNotValid { context } => {
                self.alternatives(at, instance, context);
            }
            // Several alternatives fit: serde takes the first, so nothing is wrong with it.
            ValidationErrorKind::OneOfMultipleValid { .. } => {}
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                self.add_member(at, name, &Message::Required);
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                for name in unexpected {
                    self.add_member(at, name, &Message::Unexpected);
                }
            }
            ValidationErrorKind::PropertyNames { error } => {
                if let Some(name) = error.instance().as_str()
                    && let Some(message) = message(error)
                {
                    self.add_member(at, name, &message);
                }
            }
            _ => {
                let message = message(error).unwrap_or(Message::Unreadable(None));
                self.add(at, Some(instance), &message);
            }
        }
    }

    fn alternatives(
        &mut self,
        at: &Location,
        instance: &Value,
        branches: &[Vec<ValidationError<'static>>],
    ) {
        match alternatives::judge(at, instance, branches) {
            Verdict::Branch(errors) => errors.iter().for_each(|error| self.describe(error)),
            Verdict::OneOf(None, values) => {
                // Names of members are no values to be compared with an object.
                let received = Some(instance).filter(|value| !value.is_object());
                self.add(at, received, &Message::OneOf(values));
            }
            Verdict::OneOf(Some(member), values) => {
                let received = instance.get(&member);
                self.add(&at.join(member.as_str()), received, &Message::OneOf(values));
            }
            Verdict::Types(names) => self.add(at, Some(instance), &Message::Type(names)),
            Verdict::Missing(name) => self.add_member(at, &name, &Message::Required),
            Verdict::NoForm => self.add(at, None, &Message::NoForm),
        }
    }

    fn path(&self, at: &Location) -> FieldPath {
        let mut path = FieldPath::new(self.place);
        for segment in at {
            match segment {
                LocationSegment::Property(name) => path.name(&name),
                LocationSegment::Index(index) => path.index(index),
            }
        }
        path
    }

    fn add_member(&mut self, at: &Location, name: &str, message: &Message) {
        let mut path = self.path(at);
        path.name(name);
        self.add_at(path.finish(), None, message);
    }

    fn add(&mut self, at: &Location, instance: Option<&Value>, message: &Message) {
        self.add_at(self.path(at).finish(), instance, message);
    }

    fn add_at(&mut self, path: String, instance: Option<&Value>, message: &Message) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let received = instance
            .filter(|_| message.wants_received())
            .and_then(|value| received::received(&path, value));
        self.errors
            .add(path, message.text_with(received.as_ref(), self.wording));
    }
}

/// The rule that an error of a single keyword stands for.
fn message(error: &ValidationError<'_>) -> Option<Message> {
    use ValidationErrorKind as Kind;
    Some(match error.kind() {
        Kind::Type { .. } => Message::Type(alternatives::types(error)),
        Kind::Constant { .. } | Kind::Enum { .. } => Message::OneOf(alternatives::allowed(error)?),
        Kind::MinLength { limit } => Message::MinLength(*limit),
        Kind::MaxLength { limit } => Message::MaxLength(*limit),
        Kind::Minimum { limit } => Message::Minimum(limit.to_string()),
        Kind::Maximum { limit } => Message::Maximum(limit.to_string()),
        Kind::ExclusiveMinimum { limit } => Message::ExclusiveMinimum(limit.to_string()),
        Kind::ExclusiveMaximum { limit } => Message::ExclusiveMaximum(limit.to_string()),
        Kind::MultipleOf { multiple_of } => Message::MultipleOf(multiple_of.to_string()),
        Kind::Custom { message, .. } => Message::Pattern(message.clone()),
        Kind::Pattern { pattern } => Message::Pattern(pattern.clone()),
        Kind::Format { format } => Message::Format(format.clone()),
        Kind::MinItems { limit } => Message::MinItems(*limit),
        Kind::MaxItems { limit } => Message::MaxItems(*limit),
        Kind::AdditionalItems { limit } => Message::MaxItems(*limit as u64),
        Kind::UniqueItems => Message::UniqueItems,
        Kind::Contains => Message::ContainsItem,
        Kind::MinProperties { limit } => Message::MinProperties(*limit),
        Kind::MaxProperties { limit } => Message::MaxProperties(*limit),
        Kind::Not { .. } | Kind::FalseSchema => Message::Forbidden,
        _ => return None,
    })
}
