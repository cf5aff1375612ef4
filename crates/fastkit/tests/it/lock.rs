//! Locks: what every back end promises, and what each does for itself.

#[macro_use]
mod suite;

mod file;
#[cfg(feature = "redis")]
mod redis;
