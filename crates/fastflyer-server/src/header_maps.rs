//! Header maps that the thread keeps between messages.
//!
//! Each message needs one, and making one costs two allocations, growing, and hashing each name. Most
//! answers leave with the very headers they began with, so a map that comes back unchanged is used
//! again as it is. Key type: [`HeaderSet`].

use http::HeaderMap;
use std::{
    cell::RefCell,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Most maps of a kind that a thread keeps.
const MOST_KEPT: usize = 128;
/// Most sets that a thread keeps maps of.
const MOST_SETS: usize = 32;
/// Maps that have grown larger than this are given up.
const LARGEST_KEPT: usize = 256;
/// Room of a new map. It grows with what it holds and then stays so: emptying a map costs by its room.
const ROOM: usize = 6;

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept { empty: Vec::new(), sets: Vec::new() }) };
}

struct Kept {
    empty: Vec<HeaderMap>,
    sets: Vec<KeptSet>,
}

/// The maps of one set.
struct KeptSet {
    id: usize,
    headers: HeaderMap,
    maps: Vec<HeaderMap>,
}

/// Headers that many answers have in common.
///
/// ```
/// use fastflyer_server::{HeaderSet, give_headers};
/// use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
/// let json = HeaderSet::new(headers);
/// let map = json.take();
/// assert_eq!(map[CONTENT_TYPE], "application/json");
/// give_headers(map); // what the server does when the answer is written
/// ```
#[derive(Debug)]
pub struct HeaderSet {
    id: usize,
    headers: HeaderMap,
}

impl HeaderSet {
    /// A set of these headers.
    pub fn new(headers: HeaderMap) -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        Self {
            id: LAST.fetch_add(1, Relaxed) + 1,
            headers,
        }
    }

    /// A map with these headers and room for more: one that came back on this thread, or a copy.
    pub fn take(&self) -> HeaderMap {
        KEPT.with_borrow_mut(
            |kept| match kept.sets.iter_mut().find(|set| set.id == self.id) {
                Some(set) => set.maps.pop(),
                None => {
                    if kept.sets.len() < MOST_SETS {
                        kept.sets.push(KeptSet {
                            id: self.id,
                            headers: self.headers.clone(),
                            maps: Vec::new(),
                        });
                    }
                    None
                }
            },
        )
        .unwrap_or_else(|| self.headers.clone())
    }
}

/// An empty header map with room for a usual message: one that was [given back](give_headers) on
/// this thread, or a new one.
pub fn take_headers() -> HeaderMap {
    KEPT.with_borrow_mut(|kept| kept.empty.pop())
        .unwrap_or_else(|| HeaderMap::with_capacity(ROOM))
}

/// Keeps a header map that is no longer needed: as it is where it is that of a [`HeaderSet`], else
/// emptied.
pub fn give_headers(mut headers: HeaderMap) {
    if headers.capacity() == 0 || headers.capacity() > LARGEST_KEPT {
        return;
    }
    KEPT.with_borrow_mut(|kept| {
        let maps = match kept
            .sets
            .iter_mut()
            .find(|set| same(&set.headers, &headers))
        {
            Some(set) => &mut set.maps,
            None => {
                headers.clear();
                &mut kept.empty
            }
        };
        if maps.len() < MOST_KEPT {
            maps.push(headers);
        }
    });
}

/// Whether both have the same fields in the same order, which is cheaper to find out than whether they
/// are equal.
fn same(one: &HeaderMap, other: &HeaderMap) -> bool {
    one.len() == other.len() && one.iter().eq(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, header};

    #[test]
    fn a_map_comes_back_empty() {
        let mut headers = take_headers();
        headers.insert("x-a", HeaderValue::from_static("1"));
        let room = headers.capacity();
        give_headers(headers);
        let headers = take_headers();
        assert_eq!((headers.len(), headers.capacity()), (0, room));
        give_headers(HeaderMap::new());
        assert_ne!(take_headers().capacity(), 0);
    }

    #[test]
    fn a_set_gives_only_its_own_headers() {
        let mut json = HeaderMap::new();
        json.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let json = HeaderSet::new(json);
        let mut text = HeaderMap::new();
        text.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        let text = HeaderSet::new(text);
        for _ in 0..3 {
            let mut changed = json.take();
            changed.insert("x-a", HeaderValue::from_static("1"));
            let mut replaced = json.take();
            replaced.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            for map in [changed, replaced, json.take(), text.take(), take_headers()] {
                give_headers(map);
            }
            assert_eq!(json.take(), json.headers);
            assert_eq!(text.take(), text.headers);
            assert_eq!(take_headers().len(), 0);
        }
    }
}
