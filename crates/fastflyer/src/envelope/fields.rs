//! `flyer_response_fields`: fields of a body that are renamed, moved or hidden.
//!
//! The rules change the [`Shape`] of each body once at start, so that an answer costs the same with
//! and without them, and the document is made from what is sent. A path names the original fields,
//! also where their parents have other names now.

use super::format::{DataKind, Field, Format, Shape};
use fastkit::settings::{ErrorStatus, FieldRule};
use std::{borrow::Cow, collections::BTreeSet};

/// A format whose fields have other names.
pub(super) struct Renamed<F> {
    format: F,
    rules: Vec<FieldRule>,
}

impl<F: Format> Renamed<F> {
    /// Checks the rules against all bodies of the format.
    ///
    /// # Errors
    ///
    /// One reason for each rule that cannot hold.
    pub(super) fn new(format: F, rules: &[FieldRule]) -> Result<Self, Vec<String>> {
        let successes = DataKind::ALL.map(|kind| format.success(kind));
        let failures = DataKind::ALL.map(|kind| format.failed_reply(kind));
        let mut bodies: Vec<Shape> = successes.into_iter().chain(failures).collect();
        bodies.push(format.failure());
        let mut known = Vec::new();
        for body in &bodies {
            list_paths(body, "", &mut known);
        }
        let mut reasons = Vec::new();
        for rule in rules.iter().filter(|rule| !known.contains(&rule.field)) {
            let known = known.join(", ");
            reasons.push(format!(
                "flyer_response_fields: \"{rule}\": there is no field {:?}; the fields are {known}",
                rule.field
            ));
        }
        for body in bodies {
            if let Err(reason) = apply(&body, rules)
                && !reasons.contains(&reason)
            {
                reasons.push(reason);
            }
        }
        if reasons.is_empty() {
            let rules = rules.to_vec();
            Ok(Self { format, rules })
        } else {
            Err(reasons)
        }
    }

    fn renamed(&self, body: Shape) -> Shape {
        // Every body was tried in `new`.
        apply(&body, &self.rules).unwrap_or(body)
    }
}

impl<F: Format> Format for Renamed<F> {
    fn success(&self, data: DataKind) -> Shape {
        self.renamed(self.format.success(data))
    }

    fn failure(&self) -> Shape {
        self.renamed(self.format.failure())
    }

    fn failed_reply(&self, data: DataKind) -> Shape {
        self.renamed(self.format.failed_reply(data))
    }

    fn error_status(&self) -> ErrorStatus {
        self.format.error_status()
    }

    fn validation_code(&self) -> Option<u32> {
        self.format.validation_code()
    }
}

fn joined(parent: &str, name: &str) -> String {
    if parent.is_empty() {
        name.to_owned()
    } else {
        format!("{parent}.{name}")
    }
}

fn list_paths(shape: &Shape, parent: &str, found: &mut Vec<String>) {
    let Shape::Object(fields) = shape else { return };
    for field in fields {
        let path = joined(parent, &field.name);
        if !found.contains(&path) {
            found.push(path.clone());
        }
        list_paths(&field.shape, &path, found);
    }
}

/// A field while the rules are applied: it remembers its original path.
struct Node {
    /// For an object that a rule makes, the path that the rule names.
    path: String,
    name: String,
    optional: bool,
    content: Content,
}

enum Content {
    Object(Vec<Node>),
    Leaf(Shape),
}

impl Node {
    fn new(field: &Field, parent: &str) -> Self {
        let path = joined(parent, &field.name);
        Self {
            name: field.name.to_string(),
            optional: field.optional,
            content: Content::new(&field.shape, &path),
            path,
        }
    }

    fn into_field(self) -> Field {
        Field {
            name: Cow::Owned(self.name),
            optional: self.optional,
            shape: self.content.into_shape(),
        }
    }
}

impl Content {
    fn new(shape: &Shape, path: &str) -> Self {
        match shape {
            Shape::Object(fields) => {
                Self::Object(fields.iter().map(|field| Node::new(field, path)).collect())
            }
            leaf => Self::Leaf(leaf.clone()),
        }
    }

    fn into_shape(self) -> Shape {
        match self {
            Self::Object(nodes) => Shape::Object(nodes.into_iter().map(Node::into_field).collect()),
            Self::Leaf(shape) => shape,
        }
    }

    fn nodes(&mut self) -> &mut [Node] {
        match self {
            Self::Object(nodes) => nodes,
            Self::Leaf(_) => &mut [],
        }
    }

    fn find(&mut self, path: &str) -> Option<&mut Node> {
        self.nodes().iter_mut().find_map(|node| {
            if node.path == path {
                Some(node)
            } else {
                node.content.find(path)
            }
        })
    }

    fn take(&mut self, path: &str) -> Option<Node> {
        let Self::Object(nodes) = self else {
            return None;
        };
        match nodes.iter().position(|node| node.path == path) {
            Some(at) => Some(nodes.remove(at)),
            None => nodes.iter_mut().find_map(|node| node.content.take(path)),
        }
    }

    /// The fields at a path of an alias: an original object by its original path, else an object that
    /// is made where the path says.
    fn place(&mut self, path: &str) -> Result<&mut Vec<Node>, String> {
        if path.is_empty() {
            return match self {
                Self::Object(nodes) => Ok(nodes),
                Self::Leaf(_) => Err("the body is no object".to_owned()),
            };
        }
        if self.find(path).is_none() {
            let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
            let nodes = self.place(parent)?;
            if !nodes.iter().any(|node| node.name == name) {
                nodes.push(Node {
                    path: path.to_owned(),
                    name: name.to_owned(),
                    optional: false,
                    content: Self::Object(Vec::new()),
                });
            }
            let made = nodes.iter_mut().find(|node| node.name == name);
            return match made.map(|node| &mut node.content) {
                Some(Self::Object(nodes)) => Ok(nodes),
                _ => Err(format!(
                    "{path:?} holds a value, nothing can be put into it"
                )),
            };
        }
        match self.find(path).map(|node| &mut node.content) {
            Some(Self::Object(nodes)) => Ok(nodes),
            _ => Err(format!(
                "{path:?} holds a value, nothing can be put into it"
            )),
        }
    }

    /// Two fields of one name in one object.
    fn clash(&self) -> Option<&str> {
        let Self::Object(nodes) = self else {
            return None;
        };
        let mut names = BTreeSet::new();
        let twice = nodes.iter().find(|node| !names.insert(&node.name));
        twice
            .map(|node| node.name.as_str())
            .or_else(|| nodes.iter().find_map(|node| node.content.clash()))
    }
}

/// The body with the rules applied to the fields that it has.
fn apply(body: &Shape, rules: &[FieldRule]) -> Result<Shape, String> {
    let mut root = Content::new(body, "");
    let refuse = |rule: &FieldRule, why: &str| format!("flyer_response_fields: \"{rule}\": {why}");
    let alias_of = |path: &str| {
        let rule = rules.iter().find(|rule| rule.field == path)?;
        rule.alias.as_deref()
    };
    for rule in rules {
        let Some(alias) = &rule.alias else { continue };
        let (parent, name) = alias.rsplit_once('.').unwrap_or(("", alias));
        let (home, _) = rule.field.rsplit_once('.').unwrap_or(("", &rule.field));
        if root.find(&rule.field).is_none() {
            continue;
        }
        if parent == home || (!home.is_empty() && alias_of(home) == Some(parent)) {
            if let Some(node) = root.find(&rule.field) {
                node.name = name.to_owned();
            }
            continue;
        }
        if format!("{parent}.").starts_with(&format!("{}.", rule.field)) {
            return Err(refuse(rule, "a field cannot be put into itself"));
        }
        if let Some(mut node) = root.take(&rule.field) {
            node.name = name.to_owned();
            let place = root.place(parent).map_err(|why| refuse(rule, &why))?;
            place.push(node);
        }
    }
    for rule in rules.iter().filter(|rule| rule.alias.is_none()) {
        root.take(&rule.field);
    }
    if let Some(name) = root.clash() {
        let named = |rule: &&FieldRule| {
            let alias = rule.alias.as_deref().unwrap_or("");
            alias.rsplit('.').next() == Some(name)
        };
        let text = rules.iter().find(named).map(ToString::to_string);
        return Err(format!(
            "flyer_response_fields: {:?}: two fields would be named {name:?}, and one would swallow the other",
            text.unwrap_or_default()
        ));
    }
    if matches!(&root, Content::Object(nodes) if nodes.is_empty()) {
        let all: Vec<String> = rules.iter().map(ToString::to_string).collect();
        return Err(format!(
            "flyer_response_fields: {:?}: nothing would be left of the body",
            all.join(",")
        ));
    }
    Ok(root.into_shape())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::formats::{Flyer, Standard};
    use fastkit::settings::{Config, Settings, Sources};

    fn rules(text: &str) -> Vec<FieldRule> {
        let config = Config::new().response_fields(text);
        Settings::load(&config, &Sources::default())
            .unwrap()
            .settings
            .response_fields
    }

    fn paths(shape: &Shape) -> Vec<String> {
        let mut found = Vec::new();
        list_paths(shape, "", &mut found);
        found
    }

    fn page(text: &str) -> Vec<String> {
        let format = Renamed::new(Standard, &rules(text)).unwrap_or_else(|r| panic!("{r:?}"));
        paths(&format.success(DataKind::Page))
            .into_iter()
            .filter(|path| !path.contains("links"))
            .collect()
    }

    #[test]
    fn fields_are_renamed_where_they_stand() {
        assert_eq!(
            page(
                "message=msg,data.data=data.list,error=-,meta.pagination.per_page=meta.pagination.size"
                    .replace("meta.", "data.meta.")
                    .as_str()
            ),
            [
                "status",
                "code",
                "msg",
                "data",
                "data.list",
                "data.meta",
                "data.meta.pagination",
                "data.meta.pagination.count",
                "data.meta.pagination.size",
                "data.meta.pagination.current_page",
                "data.meta.pagination.total",
                "data.meta.pagination.total_pages",
            ]
        );
    }

    #[test]
    fn a_path_names_the_original_fields() {
        for text in [
            "data=result,data.data=data.list,data.meta=-",
            "data.data=result.list,data=result,data.meta=-",
        ] {
            let paths = page(text);
            assert!(paths.contains(&"result.list".to_owned()), "{paths:?}");
        }
        // Names may be swapped: no field is lost on the way.
        assert_eq!(page("code=status,status=code")[..2], ["code", "status"]);
    }

    #[test]
    fn fields_move_to_other_objects() {
        let paths = page(
            "data.data=items,data.meta.pagination.total=page.total,data.meta=-,status=-,error=-",
        );
        assert_eq!(
            paths,
            ["code", "message", "data", "items", "page", "page.total"]
        );
    }

    #[test]
    fn what_cannot_hold_is_refused() {
        let refused = |text: &str| {
            Renamed::new(Standard, &rules(text))
                .err()
                .unwrap_or_default()
        };
        for (text, reason) in [
            (
                "mesage=msg",
                "there is no field \"mesage\"; the fields are status, code,",
            ),
            ("message=data", "two fields would be named \"data\""),
            (
                "message=code,status=x",
                "two fields would be named \"code\"",
            ),
            (
                "code=data.code",
                "\"data\" holds a value, nothing can be put into it",
            ),
            ("message=error.text", "\"error\" holds a value"),
            ("data=data.data.inner", "cannot be put into itself"),
            (
                "status=-,code=-,message=-,data=-,error=-",
                "nothing would be left of the body",
            ),
            (
                "data.meta.pagination.total=data.meta.pagination.count",
                "two fields would be named \"count\"",
            ),
        ] {
            let reasons = refused(text);
            assert!(
                reasons.iter().any(|found| found.contains(reason)),
                "{text}: {reasons:?}"
            );
            assert!(
                reasons
                    .iter()
                    .all(|found| found.starts_with("flyer_response_fields: ")),
                "{reasons:?}"
            );
        }
        let flyer = Renamed::new(Flyer, &rules("error=-"))
            .err()
            .unwrap_or_default();
        assert!(flyer[0].contains("the fields are code, message, detail, data, pageInfo"));
        // A body without data would be empty, though others would not.
        let flyer = Renamed::new(Flyer, &rules("code=-,message=-,detail=-")).err();
        assert!(flyer.is_some());
    }
}
