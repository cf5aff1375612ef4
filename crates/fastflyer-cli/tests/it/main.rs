//! The command line as its users meet it: the real binary, real folders, real sockets on free ports.

mod create;
mod project;
mod show;
mod support;
mod usage;
