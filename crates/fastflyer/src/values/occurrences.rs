//! The values of one name, found without collecting them.
//!
//! The key types are [`Occurrences`], a cheap cursor, and [`Groups`], which puts repeated names
//! together in linear time however many pairs a client sends.

use std::collections::HashMap;

use super::pairs::Pair;

/// A cursor over the values of one parameter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Occurrences<'de> {
    /// This one, until it is taken.
    Single(Option<&'de str>),
    /// All of these.
    Slice(&'de [&'de str]),
    /// Those of the pairs that have the name.
    Named {
        items: &'de [Pair<'de>],
        name: &'de str,
    },
    /// A chain through pairs with the same name.
    Linked {
        items: &'de [Pair<'de>],
        next: &'de [Option<usize>],
        at: Option<usize>,
    },
}

impl<'de> Occurrences<'de> {
    pub(super) fn single(value: &'de str) -> Self {
        Self::Single(Some(value))
    }

    pub(super) fn slice(values: &'de [&'de str]) -> Self {
        Self::Slice(values)
    }

    pub(super) fn named(items: &'de [Pair<'de>], name: &'de str) -> Self {
        Self::Named { items, name }
    }
}

impl<'de> Iterator for Occurrences<'de> {
    type Item = &'de str;

    #[inline]
    fn next(&mut self) -> Option<&'de str> {
        match self {
            Self::Single(value) => value.take(),
            Self::Slice(values) => {
                let (first, rest) = values.split_first()?;
                *values = rest;
                Some(first)
            }
            Self::Named { items, name } => {
                let found = items.iter().position(|(other, _)| other == name)?;
                let value = items[found].1.as_ref();
                *items = &items[found + 1..];
                Some(value)
            }
            Self::Linked { items, next, at } => {
                let found = (*at)?;
                *at = next[found];
                Some(items[found].1.as_ref())
            }
        }
    }
}

/// Below this many pairs, comparing names beats hashing them.
const FEW: usize = 24;

/// The distinct names of pairs in order of first appearance, each with its values.
#[derive(Debug)]
pub(super) struct Groups<'de> {
    items: &'de [Pair<'de>],
    /// For many pairs only: the next pair of the same name, and whether a pair is its name's first.
    links: Option<(Vec<Option<usize>>, Vec<bool>)>,
}

impl<'de> Groups<'de> {
    pub(super) fn new(items: &'de [Pair<'de>]) -> Self {
        let links = (items.len() > FEW).then(|| {
            let mut next = vec![None; items.len()];
            let mut first = vec![false; items.len()];
            let mut last_of = HashMap::with_capacity(items.len());
            for (index, (name, _)) in items.iter().enumerate() {
                match last_of.insert(name.as_ref(), index) {
                    Some(before) => next[before] = Some(index),
                    None => first[index] = true,
                }
            }
            (next, first)
        });
        Self { items, links }
    }

    /// The first group at or after `start`: its position, name and values.
    pub(super) fn from(&'de self, start: usize) -> Option<(usize, &'de str, Occurrences<'de>)> {
        let items = self.items;
        (start..items.len()).find_map(|index| {
            let name = items[index].0.as_ref();
            match &self.links {
                Some((next, first)) => first[index].then_some((
                    index,
                    name,
                    Occurrences::Linked {
                        items,
                        next,
                        at: Some(index),
                    },
                )),
                None => {
                    let is_first = items[..index].iter().all(|(other, _)| other != name);
                    is_first.then(|| (index, name, Occurrences::named(&items[index..], name)))
                }
            }
        })
    }

    /// All groups.
    pub(super) fn iter(&'de self) -> impl Iterator<Item = (&'de str, Occurrences<'de>)> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let (index, name, values) = self.from(start)?;
            start = index + 1;
            Some((name, values))
        })
    }
}
