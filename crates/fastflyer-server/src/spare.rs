//! Input buffers that the guards of an event loop's thread share while their connections are idle.
//!
//! Asking the allocator instead costs more than the request: a freed buffer of this size goes back
//! to the system at once.

use bytes::BytesMut;
use std::cell::RefCell;

/// Room of a new buffer.
const SIZE: usize = 8 * 1024;
/// Most buffers that a thread keeps.
const MOST_KEPT: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn take() -> BytesMut {
    SPARE
        .with_borrow_mut(Vec::pop)
        .unwrap_or_else(|| BytesMut::with_capacity(SIZE))
}

/// Takes back an empty buffer; one that has grown or shrunk is given up.
pub(crate) fn put_back(buffer: BytesMut) {
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < MOST_KEPT && (SIZE / 2..=SIZE * 2).contains(&buffer.capacity()) {
            spare.push(buffer);
        }
    });
}
