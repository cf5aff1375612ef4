//! The demo project.
