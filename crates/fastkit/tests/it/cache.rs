//! Pools and cached functions as their users see them.

mod functions;
mod loading;
mod pools;
