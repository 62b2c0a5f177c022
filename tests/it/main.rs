//! The integration tests, one binary: features through the door.

mod frame;
#[allow(dead_code)]
mod support;
mod tidy;
