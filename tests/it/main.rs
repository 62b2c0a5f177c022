//! The integration tests, one binary: features through the door.

mod frame;
mod support;
mod tidy;
