//! The integration tests, one binary: features through the door.

mod tidy;
