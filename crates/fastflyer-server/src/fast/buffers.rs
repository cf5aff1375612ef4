//! What a connection needs while it has work, kept by the event loop's thread in between.
//!
//! Ten thousand idle connections hold none of it. The pool belongs to the thread, since a task never
//! leaves the thread of its loop.

use super::output::Output;
use crate::{Stamps, head::Span};
use bytes::BytesMut;
use std::cell::RefCell;

/// Most sets that a thread keeps.
const MOST_KEPT: usize = 64;
/// Buffers that have grown larger than this are given up.
const LARGEST_KEPT: usize = 32 * 1024;
const INPUT: usize = 8 * 1024;

/// The buffers of one connection.
#[derive(Debug)]
pub(super) struct Buffers {
    /// Received and not yet looked at.
    pub(super) input: BytesMut,
    /// Answers to be written.
    pub(super) output: Output,
    /// Where the fields of the present head are.
    pub(super) fields: Vec<(Span, Span)>,
    /// Lines of the present answer beside its header map.
    pub(super) stamps: Stamps,
}

impl Buffers {
    pub(super) fn take_input(&mut self) -> BytesMut {
        std::mem::take(&mut self.input)
    }
}

thread_local! {
    // Boxed so that taking and putting back moves one pointer.
    #[expect(clippy::vec_box, reason = "the boxes are what is handed out")]
    static POOL: RefCell<Vec<Box<Buffers>>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn take() -> Box<Buffers> {
    POOL.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
        Box::new(Buffers {
            input: BytesMut::with_capacity(INPUT),
            output: Output::default(),
            fields: Vec::with_capacity(32),
            stamps: Stamps::default(),
        })
    })
}

/// Takes back a set whose connection has nothing received and nothing to write.
pub(super) fn put_back(buffers: Box<Buffers>) {
    if buffers.input.capacity() <= LARGEST_KEPT && buffers.output.capacity() <= LARGEST_KEPT {
        POOL.with_borrow_mut(|pool| {
            if pool.len() < MOST_KEPT {
                pool.push(buffers);
            }
        });
    }
}
