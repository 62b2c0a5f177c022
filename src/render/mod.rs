//! Reports as values → text for people and machines: one file a format.

pub mod format;
pub mod sanitize;

pub use format::Format;
