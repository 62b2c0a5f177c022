//! What work on one remote book needs: the session, the outbox, and what was last seen of the book.

use std::path::Path;
use std::sync::Arc;

use super::cache::Cache;
use super::outbox::Outbox;
use super::place::Place;
use super::session::Session;

/// A remote book, as someone works on it.
#[derive(Clone)]
pub struct Desk {
    pub session: Arc<Session>,
    pub place: Place,
    pub outbox: Outbox,
    pub cache: Cache,
}

impl Desk {
    /// `state` is hissab's state folder.
    pub fn new(session: Arc<Session>, place: Place, state: &Path) -> Desk {
        Desk {
            outbox: Outbox::of(state, &place),
            cache: Cache::of(state, &place),
            session,
            place,
        }
    }

    /// A path of the API below the organisation: `/orgs/acme` and `below`.
    pub fn path(&self, below: &str) -> String {
        format!("/orgs/{}{below}", self.place.org)
    }
}
