//! Empty header maps with room, kept by the thread between requests.
//!
//! Each message needs one, and making one costs two allocations and growing.

use http::{HeaderMap, HeaderValue, header};
use std::cell::RefCell;

/// Most maps that a thread keeps.
const MOST_KEPT: usize = 128;
/// Maps that have grown larger than this are given up.
const LARGEST_KEPT: usize = 256;
/// Room of a new map. It grows with what it holds and then stays so: emptying a map costs by its room.
const ROOM: usize = 6;

thread_local! {
    static SPARE: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
    /// Maps that say nothing but that the body is JSON.
    static JSON: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
}

/// `application/json`.
pub const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An empty header map with room for a usual message: one that was [given back](give_headers) on
/// this thread, or a new one.
pub fn take_headers() -> HeaderMap {
    SPARE
        .with_borrow_mut(Vec::pop)
        .unwrap_or_else(|| HeaderMap::with_capacity(ROOM))
}

/// Like [`take_headers`], with the content type `application/json`: nearly every answer begins so, and
/// most of them come back unchanged.
pub fn take_json_headers() -> HeaderMap {
    JSON.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
        let mut headers = take_headers();
        headers.insert(header::CONTENT_TYPE, APPLICATION_JSON);
        headers
    })
}

/// Keeps a header map that is no longer needed for the next [`take_headers`] on this thread.
pub fn give_headers(mut headers: HeaderMap) {
    if headers.capacity() == 0 || headers.capacity() > LARGEST_KEPT {
        return;
    }
    let pool = if is_json(&headers) {
        &JSON
    } else {
        headers.clear();
        &SPARE
    };
    pool.with_borrow_mut(|spare| {
        if spare.len() < MOST_KEPT {
            spare.push(headers);
        }
    });
}

/// Whether the map is one that [`take_json_headers`] would give.
fn is_json(headers: &HeaderMap) -> bool {
    let mut fields = headers.iter();
    matches!(
        (fields.next(), fields.next()),
        (Some((name, value)), None) if *name == header::CONTENT_TYPE && *value == APPLICATION_JSON
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn json_headers_are_only_those_of_json() {
        let mut headers = take_json_headers();
        assert_eq!(headers.len(), 1);
        headers.insert("x-a", HeaderValue::from_static("1"));
        give_headers(headers);
        give_headers(take_json_headers());
        let mut other = take_headers();
        other.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        give_headers(other);
        for _ in 0..3 {
            let headers = take_json_headers();
            assert_eq!(
                (headers.len(), &headers["content-type"]),
                (1, &APPLICATION_JSON)
            );
            assert_eq!(take_headers().len(), 0);
        }
    }
}
