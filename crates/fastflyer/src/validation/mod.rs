//! Why a request was refused: every failing field at once, in the client's language.
//!
//! Whether a request is valid is decided by serde and garde alone. What is here only explains a
//! refusal afterwards, so nothing of it costs time while requests are good:
//!
//! * [`FieldErrors`] is the result: path to messages;
//! * [`Place`] and [`messages`] say how paths and texts look;
//! * [`Explainer`] holds the compiled JSON schema of a type and names all failing fields;
//! * [`explain_parse`], [`explain_value`] and [`from_garde`] turn the refusals of serde_json, of
//!   [`crate::values`] and of garde into the same form. They are what the client sees where the
//!   schema finds nothing, so an answer is never without a reason.

mod alternatives;
mod explainer;
mod field_errors;
mod formats;
mod garde_rules;
mod garde_texts;
pub mod messages;
mod parse;
mod place;
mod received;
#[cfg(test)]
mod tests;
mod tighten;
mod value;

pub use explainer::Explainer;
pub use field_errors::FieldErrors;
pub use garde_rules::from_garde;
pub use garde_texts::localised;
pub use parse::explain_parse;
pub use place::Place;
pub(crate) use tighten::bound_integers;
pub use value::explain_value;
