//! Empty header maps with room, kept by the thread between requests.
//!
//! Each message needs one, and making one costs two allocations and growing.

use http::HeaderMap;
use std::cell::RefCell;

/// Most maps that a thread keeps.
const MOST_KEPT: usize = 128;
/// Maps that have grown larger than this are given up.
const LARGEST_KEPT: usize = 256;
/// Room of a new map. It grows with what it holds and then stays so: emptying a map costs by its room.
const ROOM: usize = 6;

thread_local! {
    static SPARE: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
}

/// An empty header map with room for a usual message: one that was [given back](give_headers) on
/// this thread, or a new one.
pub fn take_headers() -> HeaderMap {
    SPARE
        .with_borrow_mut(Vec::pop)
        .unwrap_or_else(|| HeaderMap::with_capacity(ROOM))
}

/// Keeps a header map that is no longer needed for the next [`take_headers`] on this thread.
pub fn give_headers(mut headers: HeaderMap) {
    if headers.capacity() == 0 || headers.capacity() > LARGEST_KEPT {
        return;
    }
    headers.clear();
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < MOST_KEPT {
            spare.push(headers);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

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
}
