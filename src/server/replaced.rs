//! Books that a push or a restore replaced: kept for a while, then taken out if the book that is there holds all of
//! them. What it does not hold stays for somebody to look at.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::problem::{Answer, Problem};
use super::registry::orgs::Org;
use super::registry::{Registry, orgs};
use super::state::Shared;
use crate::book::BookError;
use crate::book::open::{Shelf, Spot};

/// How long a replaced book is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often they are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(6 * 60 * 60);

/// A book that another replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    pub org: Org,
    /// The name of its file, or the key of its rows.
    pub name: String,
    pub since: Timestamp,
}

/// Where books and their organisations are.
pub struct Rooms<'a> {
    pub registry: &'a Registry,
    pub shelf: &'a Shelf,
    /// The folder of books, if they are files.
    pub books: PathBuf,
}

impl Rooms<'_> {
    /// Every book that was replaced, by organisation, the oldest first.
    pub fn list(&self) -> Answer<Vec<Old>> {
        let mut all = Vec::new();
        for org in self.registry.read(orgs::all)? {
            let file = self.books.join(&org.file);
            let spot = Spot {
                org: org.id,
                file: &file,
            };
            let found = self.shelf.replaced(spot)?;
            all.extend(found.into_iter().map(|(name, since)| Old {
                org: org.clone(),
                name,
                since,
            }));
        }
        Ok(all)
    }

    /// Takes one out; false if the book that is there does not hold all of it.
    pub fn discard(&self, old: &Old) -> Answer<bool> {
        let file = self.books.join(&old.org.file);
        let spot = Spot {
            org: old.org.id,
            file: &file,
        };
        match self.shelf.discard(spot, &old.name) {
            Ok(()) => Ok(true),
            Err(BookError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Takes out what was kept long enough, for as long as the server runs.
pub async fn run(app: Shared) {
    let mut stopping = app.stopping.clone();
    loop {
        let state = Arc::clone(&app);
        // What fails is tried at the next look.
        let _ = tokio::task::spawn_blocking(move || sweep(&state)).await;
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Takes out what was kept long enough; gives how many.
pub fn sweep(app: &Shared) -> Answer<usize> {
    let rooms = Rooms {
        registry: &app.registry,
        shelf: app.lanes.shelf(),
        books: app.books(),
    };
    let before = app.now().saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
    let mut gone = 0;
    for old in rooms.list()?.iter().filter(|old| old.since < before) {
        let said = match rooms.discard(old) {
            Ok(true) => {
                gone += 1;
                ("info", "a replaced book was removed", String::new())
            }
            // Said when it is asked for: `hissab store replaced`.
            Ok(false) => continue,
            Err(Problem {
                internal, detail, ..
            }) => (
                "error",
                "a replaced book cannot be removed",
                internal.unwrap_or(detail),
            ),
        };
        let (level, message, reason) = said;
        let line = serde_json::json!({
            "at": app.now().to_string(), "level": level, "message": message, "org": old.org.id, "book": old.name,
            "reason": reason,
        });
        app.config.log.line(line.to_string());
    }
    Ok(gone)
}
