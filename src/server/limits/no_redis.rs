//! What stands for Redis in a build without it: it is never started.

use uuid::Uuid;

use crate::server::config::{Clock, LogTo, ServeError};

/// None is ever made.
pub enum Redis {}

pub fn check(_: &str) -> Result<(), ServeError> {
    Err(ServeError::no_redis())
}

pub fn probe(_: &str) -> Result<(), ServeError> {
    Err(ServeError::no_redis())
}

impl Redis {
    pub fn start(_: &str, _: Uuid, _: (LogTo, Clock)) -> Result<Redis, ServeError> {
        Err(ServeError::no_redis())
    }

    pub fn take(&self, _: [u8; 32], _: u32) -> Option<Result<(), u64>> {
        match *self {}
    }

    pub fn settle(&self, _: &[([u8; 32], u64)], _: u32) -> Option<Vec<([u8; 32], u64)>> {
        match *self {}
    }

    pub fn answers(&self) -> bool {
        match *self {}
    }

    pub fn missed(&self) -> u64 {
        match *self {}
    }
}
