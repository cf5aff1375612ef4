//! Filled with the fast front.
