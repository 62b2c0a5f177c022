//! Jobs of a server that moves, and the results of those that ended.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::StreamExt;
use jiff::Timestamp;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};

use super::{MoveError, Place, Side};
use crate::server::config::ServeError;
use crate::server::jobs::key;
use crate::server::make_folder;
use crate::server::registry::leaving::{self, Leaving};
use crate::server::results::{self, Bucket, brief, proved};
use crate::wire::job::JobResult;
use crate::wire::read_hash;

/// Parts of a result on their way at once.
const PARTS_MAX: usize = 4;

/// Where results are kept, besides the folder of a server on files.
#[derive(Debug, Clone, Default)]
pub struct Results {
    /// A bucket of both sides.
    pub bucket: Option<Bucket>,
    /// The data folder of the servers on the database.
    pub data: Option<PathBuf>,
}

/// What became of jobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Jobs {
    /// They are on the other side now.
    pub moved: usize,
    /// Their results could not be brought there.
    pub left: usize,
}

type Store = Arc<dyn ObjectStore>;

/// Brings jobs over, after the people they belong to: results first, so that none is promised that is not there.
pub fn bring(
    (from, source): (&Place, &Side),
    (to, target): (&Place, &Side),
    results: &Results,
    now: Timestamp,
) -> Result<Jobs, MoveError> {
    let place = to.shown();
    let list = source.registry.write_now(|db| {
        leaving::leave(db, &place, now)?;
        Ok(leaving::list(db, now)?)
    });
    let list = list.map_err(|p| source.failed(p))?;
    let mut way = Way::open((from, to), results)?;
    let mut jobs = Jobs::default();
    for job in &list {
        let there = target.registry.read(|db| leaving::has(db, job.id));
        if there.map_err(|p| target.failed(p))? {
            continue;
        }
        if !way.bring(job)? {
            jobs.left += 1;
            continue;
        }
        let kept = target.registry.write_now(|db| leaving::arrive(db, job));
        kept.map_err(|p| target.failed(p))?;
        jobs.moved += 1;
    }
    let told = source.registry.write_now(leaving::left);
    told.map_err(|p| source.failed(p))?;
    Ok(jobs)
}

/// From where to where results go.
struct Way {
    runtime: tokio::runtime::Runtime,
    from: Vec<Store>,
    to: Option<Store>,
}

impl Way {
    fn open((from, to): (&Place, &Place), results: &Results) -> Result<Way, MoveError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|e| failed(e.to_string()))?;
        let of_server = |e: ServeError| failed(e.to_string());
        let bucket = results.bucket.as_ref();
        let bucket = bucket.map(|b| results::open(Some(b), std::path::Path::new(""), true));
        let bucket = bucket.transpose().map_err(of_server)?;
        let folder = |place: &Place| match place {
            Place::Folder(folder) => Some(folder.join("results")),
            Place::Database { .. } => results.data.as_ref().map(|data| data.join("results")),
        };
        let here = folder(from).filter(|path| path.is_dir());
        let here = here.map(|path| results::open(None, &path, true));
        let here = here.transpose().map_err(of_server)?;
        let to = match (&bucket, folder(to)) {
            (Some(bucket), _) => Some(Arc::clone(bucket)),
            (None, None) => None,
            (None, Some(path)) => {
                make_folder(&path).map_err(failed)?;
                Some(results::open(None, &path, true).map_err(of_server)?)
            }
        };
        Ok(Way {
            runtime,
            from: here.into_iter().chain(bucket).collect(),
            to,
        })
    }

    /// Sees to it that a job's result is there; false if there is none to bring, or no place for it.
    fn bring(&mut self, job: &Leaving) -> Result<bool, MoveError> {
        let Some(result) = &job.result else {
            return Ok(true);
        };
        let Some(to) = &self.to else {
            return Ok(false);
        };
        let key = key(job.id, job.attempts);
        let brought = self.runtime.block_on(see_to(&self.from, to, &key, result));
        brought.map_err(|e| failed(brief(&e)))
    }
}

fn failed(why: String) -> MoveError {
    MoveError::Place {
        place: "results of jobs".to_owned(),
        why,
    }
}

async fn see_to(
    from: &[Store],
    to: &Store,
    key: &Key,
    result: &JobResult,
) -> object_store::Result<bool> {
    match to.head(key).await {
        Ok(there) if there.size == result.bytes => return Ok(true),
        Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    for store in from {
        if copy(store, to, key, result).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Copies a result, if it is there and what it was made as.
async fn copy(
    from: &Store,
    to: &Store,
    key: &Key,
    result: &JobResult,
) -> object_store::Result<bool> {
    let found = match from.get(key).await {
        Ok(found) => found,
        Err(object_store::Error::NotFound { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    let Ok(digest) = read_hash(&result.sha256) else {
        return Ok(false);
    };
    let mut pieces = Box::pin(proved(found.into_stream(), digest));
    let mut upload = WriteMultipart::new(to.put_multipart(key).await?);
    while let Some(piece) = pieces.next().await {
        let Ok(piece) = piece else {
            // Cut short or changed: nothing of it is kept.
            upload.abort().await?;
            return Ok(false);
        };
        upload.put(piece);
        upload.wait_for_capacity(PARTS_MAX).await?;
    }
    upload.finish().await?;
    Ok(true)
}
