//! [`RouteTable`]: from method and path to the mounted operation.

use super::{Mounted, template};
use hashbrown::HashMap;
use http::Method;
use percent_encoding::percent_decode_str;
use std::{fmt, sync::Arc};

/// All operations by path, then by method.
#[derive(Default)]
pub(crate) struct RouteTable {
    tree: matchit::Router<usize>,
    /// The paths without parameters once more: most requests are for one of them, and hashing the
    /// whole path is quicker than walking the tree.
    fixed: HashMap<Box<str>, usize>,
    paths: Vec<Vec<Arc<Mounted>>>,
}

/// What a request's method and path lead to.
pub(crate) enum Found<'a> {
    Operation(&'a Arc<Mounted>, PathParams),
    /// The path is known, but not with this method.
    WrongMethod(&'a [Arc<Mounted>]),
    Nothing,
}

/// The values of the path's parameters, by position.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathParams {
    values: Values,
}

#[derive(Clone, Debug)]
enum Values {
    /// Ranges of the request's path, or of `decoded` where that was percent-encoded.
    Ranges {
        decoded: Option<Box<str>>,
        ranges: [(u32, u32); template::MAX_PARAMS],
    },
    /// Taken over from axum's router.
    Owned(Vec<String>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Ranges {
            decoded: None,
            ranges: [(0, 0); template::MAX_PARAMS],
        }
    }
}

impl PathParams {
    pub(super) fn owned(values: Vec<String>) -> Self {
        Self {
            values: Values::Owned(values),
        }
    }

    /// The decoded value of the parameter at `index`; `path` is the request's path.
    pub(crate) fn value<'a>(&'a self, index: usize, path: &'a str) -> Option<&'a str> {
        match &self.values {
            Values::Owned(values) => values.get(index).map(String::as_str),
            Values::Ranges { decoded, ranges } => {
                let (start, end) = *ranges.get(index)?;
                decoded
                    .as_deref()
                    .unwrap_or(path)
                    .get(start as usize..end as usize)
            }
        }
    }
}

impl RouteTable {
    /// Adds an operation.
    ///
    /// # Errors
    ///
    /// When the path contradicts one that is there already, or the same operation is there twice.
    pub(crate) fn insert(&mut self, mounted: Arc<Mounted>) -> Result<(), String> {
        let path = template::positional(&mounted.path);
        let index = match self.tree.at(&path) {
            // The template itself matches its own entry only if the entry is the same template.
            Ok(found)
                if self.paths[*found.value]
                    .iter()
                    .any(|m| template::positional(&m.path) == path) =>
            {
                *found.value
            }
            _ => {
                let index = self.paths.len();
                // A request writes a percent sign of the path as `%25`.
                if !path.contains(['{', '%']) {
                    self.fixed.insert(path.as_str().into(), index);
                }
                self.tree.insert(path, index).map_err(|error| {
                    format!(
                        "{} {} at {}: {error}",
                        mounted.operation.method, mounted.path, mounted.operation.place
                    )
                })?;
                self.paths.push(Vec::new());
                index
            }
        };
        let same = self.paths[index]
            .iter()
            .find(|m| m.operation.method == mounted.operation.method);
        if let Some(same) = same {
            return Err(format!(
                "{} {} is defined twice: at {} and at {}",
                mounted.operation.method,
                mounted.path,
                same.operation.place,
                mounted.operation.place
            ));
        }
        self.paths[index].push(mounted);
        Ok(())
    }

    /// Finds the operation of a request. The path is percent-decoded once, as a whole, before it is
    /// matched: an encoded slash separates segments, and bytes that are no UTF-8 become U+FFFD.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        if let Some(index) = self.fixed.get(path) {
            return match self.at(*index, method) {
                Ok(mounted) => Found::Operation(mounted, PathParams::default()),
                Err(operations) => Found::WrongMethod(operations),
            };
        }
        if !path.as_bytes().contains(&b'%') {
            return self.find_decoded(method, path, None);
        }
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        self.find_decoded(method, &decoded, Some(decoded.as_ref().into()))
    }

    fn find_decoded(&self, method: &Method, path: &str, decoded: Option<Box<str>>) -> Found<'_> {
        let Ok(found) = self.tree.at(path) else {
            return Found::Nothing;
        };
        let mounted = match self.at(*found.value, method) {
            Ok(mounted) => mounted,
            Err(operations) => return Found::WrongMethod(operations),
        };
        let mut ranges = [(0, 0); template::MAX_PARAMS];
        let begin = path.as_ptr() as usize;
        for (range, (_, value)) in ranges.iter_mut().zip(found.params.iter()) {
            // Values are slices of the path.
            let start = value.as_ptr() as usize - begin;
            *range = (start as u32, (start + value.len()) as u32);
        }
        Found::Operation(
            mounted,
            PathParams {
                values: Values::Ranges { decoded, ranges },
            },
        )
    }

    /// The operation of a path with this method, or all that the path has.
    fn at(&self, index: usize, method: &Method) -> Result<&Arc<Mounted>, &[Arc<Mounted>]> {
        let operations = &self.paths[index];
        let found = operations.iter().find(|m| m.operation.method == *method);
        found.ok_or(operations)
    }

    /// Whether any operation answers this path.
    pub(crate) fn knows(&self, path: &str) -> bool {
        !matches!(self.find(&Method::GET, path), Found::Nothing)
    }
}

impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RouteTable({} paths)", self.paths.len())
    }
}
