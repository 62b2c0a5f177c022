//! What was last seen of a remote book's chart and settings, so that a posting that has to wait still
//! finds its accounts. Never shown as if it were the book.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::error::{ClientError, Result};
use super::files;
use super::place::Place;

const SCHEMA: &str = "hissab/cache/1";
const BYTES_MAX: u64 = 64 << 20;

#[derive(Serialize, Deserialize)]
struct Held {
    schema: String,
    place: String,
    sequence: u64,
    info: Box<RawValue>,
    chart: Box<RawValue>,
}

/// The file of one remote book.
#[derive(Debug, Clone)]
pub struct Cache {
    path: PathBuf,
    place: String,
}

impl Cache {
    /// `folder` is hissab's state folder.
    pub fn of(folder: &std::path::Path, place: &Place) -> Cache {
        Cache {
            path: folder
                .join("seen")
                .join(super::outbox::folder_name(&place.server))
                .join(format!("{}.json", place.org)),
            place: place.to_string(),
        }
    }

    /// Keeps the settings and the chart as the server told them at a sequence.
    pub fn save<I: Serialize, C: Serialize>(
        &self,
        sequence: u64,
        info: &I,
        chart: &C,
    ) -> Result<()> {
        let failed = |e: serde_json::Error| ClientError::Io {
            what: e.to_string(),
        };
        let held = Held {
            schema: SCHEMA.to_owned(),
            place: self.place.clone(),
            sequence,
            info: to_raw_value(info).map_err(failed)?,
            chart: to_raw_value(chart).map_err(failed)?,
        };
        files::replace(&self.path, &serde_json::to_vec(&held).map_err(failed)?)
    }

    /// The sequence that is kept, if anything is.
    pub fn sequence(&self) -> Option<u64> {
        self.held().map(|held| held.sequence)
    }

    /// What was kept: sequence, settings, chart. `None` also where it cannot be read any more: it is only a copy.
    pub fn load<I: DeserializeOwned, C: DeserializeOwned>(&self) -> Option<(u64, I, C)> {
        let held = self.held()?;
        let info = serde_json::from_str(held.info.get()).ok()?;
        let chart = serde_json::from_str(held.chart.get()).ok()?;
        Some((held.sequence, info, chart))
    }

    fn held(&self) -> Option<Held> {
        let bytes = files::read(&self.path, BYTES_MAX).ok().flatten()?;
        let held: Held = serde_json::from_slice(&bytes).ok()?;
        (held.schema == SCHEMA && held.place == self.place).then_some(held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_comes_back_for_the_same_book_only() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::read("https://h/acme").unwrap();
        let cache = Cache::of(home.path(), &place);
        assert!(cache.load::<u8, u8>().is_none());
        cache.save(7, &"info", &vec![1, 2]).unwrap();
        let (sequence, info, chart): (u64, String, Vec<u8>) = cache.load().unwrap();
        assert_eq!((sequence, &*info, chart), (7, "info", vec![1, 2]));
        let other = Place::read("https://h:444/acme").unwrap();
        assert!(Cache::of(home.path(), &other).sequence().is_none());
    }
}
