//! Where results of jobs lie: a folder of this machine, or a bucket that speaks S3.
//!
//! A result that comes back other than it went out is never passed on whole: its last piece stays back.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt, unfold};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use sha2::{Digest, Sha256};

use super::config::ServeError;

/// A bucket, and how it is reached.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// `s3://BUCKET` or `s3://BUCKET/FOLDER`.
    pub place: String,
    /// `https://minio.example.com`; none: Amazon's of the region.
    pub endpoint: Option<String>,
    pub region: String,
    pub keys: Keys,
    /// Plain HTTP beyond this machine is meant.
    pub allow_plain_http: bool,
}

/// What signs requests to a bucket.
#[derive(Clone)]
pub struct Keys {
    pub id: String,
    pub secret: String,
    /// Of keys that are good for a while only.
    pub token: Option<String>,
}

/// Never the secret, whatever prints it.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.id)
    }
}

impl Keys {
    /// The `[default]` profile of a file in the form that Amazon's tools keep.
    ///
    /// Errors: which line is missing.
    pub fn read(text: &str) -> Result<Keys, String> {
        let mut inside = true;
        let mut found = [None, None, None];
        let names = [
            "aws_access_key_id",
            "aws_secret_access_key",
            "aws_session_token",
        ];
        for line in text.lines().map(str::trim) {
            if let Some(profile) = line.strip_prefix('[') {
                inside = profile.trim_end_matches(']').trim() == "default";
            } else if let Some((name, value)) = line.split_once('=')
                && inside
                && let Some(at) = names.iter().position(|n| *n == name.trim())
            {
                found[at] = Some(value.trim().to_owned()).filter(|v| !v.is_empty());
            }
        }
        let [id, secret, token] = found;
        let missing = |name: &str| format!("it has no line {name} = … under [default]");
        Ok(Keys {
            id: id.ok_or_else(|| missing(names[0]))?,
            secret: secret.ok_or_else(|| missing(names[1]))?,
            token,
        })
    }
}

const NO_S3: ServeError = ServeError::NotBuiltIn {
    what: "S3",
    feature: "s3",
};

/// Refuses what names no bucket, and every bucket where S3 is not built in.
pub fn check_place(place: &str) -> Result<(), ServeError> {
    let (bucket, _) = split(place)
        .ok_or_else(|| refused(format!("{place:?} is not of the form s3://BUCKET/FOLDER")))?;
    let named = bucket
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    if bucket.is_empty() || !named {
        return Err(refused(format!("{bucket:?} is not the name of a bucket")));
    }
    match cfg!(feature = "s3") {
        true => Ok(()),
        false => Err(NO_S3),
    }
}

/// Bucket and folder.
fn split(place: &str) -> Option<(&str, &str)> {
    let rest = place.strip_prefix("s3://")?;
    Some(match rest.split_once('/') {
        Some((bucket, folder)) => (bucket, folder.trim_matches('/')),
        None => (rest, ""),
    })
}

impl Bucket {
    /// Refuses what cannot work or would be unsafe, before anything is asked.
    pub fn check(&self) -> Result<(), ServeError> {
        check_place(&self.place)?;
        if let Some(endpoint) = &self.endpoint {
            self.check_endpoint(endpoint)?;
        }
        Ok(())
    }

    fn check_endpoint(&self, endpoint: &str) -> Result<(), ServeError> {
        let url: axum::http::Uri = endpoint
            .parse()
            .map_err(|_| refused(format!("{endpoint:?} is not an address")))?;
        let host = url.host().unwrap_or_default();
        let userless = url.authority().is_some_and(|a| !a.as_str().contains('@'));
        match url.scheme_str() {
            _ if !userless => Err(refused(
                "the endpoint is an address without a user: https://HOST".to_owned(),
            )),
            Some("https") => Ok(()),
            Some("http") if self.allow_plain_http || crate::wire::host::is_this_machine(host) => {
                Ok(())
            }
            Some("http") => Err(refused(format!(
                "plain HTTP to {host} would send books in the clear"
            ))),
            _ => Err(refused(format!(
                "{endpoint:?} begins with neither https:// nor http://"
            ))),
        }
    }

    #[cfg(feature = "s3")]
    fn open(&self) -> Result<Arc<dyn ObjectStore>, ServeError> {
        use std::time::Duration;

        use object_store::aws::AmazonS3Builder;
        use object_store::prefix::PrefixStore;
        use object_store::{ClientOptions, RetryConfig};

        self.check()?;
        let (bucket, folder) = split(&self.place).unwrap_or_default();
        // A result may be large and its reader slow: only silence ends a request.
        let options = ClientOptions::new()
            .with_timeout_disabled()
            .with_read_timeout(Duration::from_secs(120))
            .with_connect_timeout(Duration::from_secs(5));
        let retry = RetryConfig {
            max_retries: 4,
            retry_timeout: Duration::from_secs(20),
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&self.region)
            .with_access_key_id(&self.keys.id)
            .with_secret_access_key(&self.keys.secret)
            .with_client_options(options)
            .with_retry(retry);
        if let Some(token) = &self.keys.token {
            builder = builder.with_token(token);
        }
        if let Some(endpoint) = &self.endpoint {
            builder = builder
                .with_endpoint(endpoint)
                .with_allow_http(endpoint.starts_with("http://"));
        }
        let store = builder.build().map_err(|e| refused(e.to_string()))?;
        Ok(match folder {
            "" => Arc::new(store),
            folder => Arc::new(PrefixStore::new(store, folder)),
        })
    }

    #[cfg(not(feature = "s3"))]
    fn open(&self) -> Result<Arc<dyn ObjectStore>, ServeError> {
        Err(NO_S3)
    }

    /// Writes, reads and removes a small object: what the server will do.
    ///
    /// Errors: which of it failed, in words for the operator.
    pub fn probe(&self) -> Result<(), ServeError> {
        use object_store::ObjectStoreExt;
        let store = self.open()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| refused(e.to_string()))?;
        let key = object_store::path::Path::from(format!("check-{}", uuid::Uuid::now_v7()));
        let say = |what: &str, e: object_store::Error| refused(format!("{what}: {}", brief(&e)));
        runtime.block_on(async {
            let words = Bytes::from_static(b"hissab serve --check-config");
            let put = store.put(&key, words.clone().into()).await;
            put.map_err(|e| say("cannot write there", e))?;
            let got = store.get(&key).await;
            let got = got.map_err(|e| say("cannot read there", e))?.bytes().await;
            let same = got.map_err(|e| say("cannot read there", e))? == words;
            let gone = store.delete(&key).await;
            gone.map_err(|e| say("cannot remove there", e))?;
            match same {
                true => Ok(()),
                false => Err(refused("what is read is not what was written".to_owned())),
            }
        })
    }
}

fn refused(why: String) -> ServeError {
    ServeError::Results { why }
}

/// An error of the store with what it said, on one line and not a page long.
pub fn brief(error: &object_store::Error) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").chars().take(400).collect()
}

/// In a folder that others write into too, half a result this old is nobody's: no job takes so long.
const LEFT_BEHIND: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// Opens where the results of a server go: its bucket, else a folder. What an interrupted write left in the folder goes.
///
/// `shared`: other servers and workers may be writing into the folder now.
pub fn open(
    bucket: Option<&Bucket>,
    folder: &Path,
    shared: bool,
) -> Result<Arc<dyn ObjectStore>, ServeError> {
    if let Some(bucket) = bucket {
        return bucket.open();
    }
    let failed = |why: String| ServeError::Data {
        path: folder.to_owned(),
        why,
    };
    for item in std::fs::read_dir(folder).map_err(|e| failed(e.to_string()))? {
        let path = item.map_err(|e| failed(e.to_string()))?.path();
        if path.to_string_lossy().contains('#') && (!shared || is_left_behind(&path)) {
            std::fs::remove_file(&path).map_err(|e| failed(e.to_string()))?;
        }
    }
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|e| failed(e.to_string()))?;
    Ok(Arc::new(store))
}

/// Whether nobody has written to a file for long; one whose age cannot be told stays.
fn is_left_behind(path: &Path) -> bool {
    let written = std::fs::metadata(path).and_then(|found| found.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFT_BEHIND))
}

/// Pieces on their way out, hashed; the last one goes only if all of them are what was kept.
pub fn proved(
    pieces: BoxStream<'static, object_store::Result<Bytes>>,
    digest: [u8; 32],
) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
    struct Way {
        pieces: BoxStream<'static, object_store::Result<Bytes>>,
        hasher: Sha256,
        held: Option<Bytes>,
    }
    let way = Way {
        pieces,
        hasher: Sha256::new(),
        held: None,
    };
    unfold(Some(way), move |way| async move {
        let mut way = way?;
        loop {
            match way.pieces.next().await {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => {
                    way.hasher.update(&piece);
                    if let Some(before) = way.held.replace(piece) {
                        return Some((Ok(before), Some(way)));
                    }
                }
                Some(Err(error)) => return Some((Err(std::io::Error::other(error)), None)),
                None => {
                    let found: [u8; 32] = way.hasher.finalize().into();
                    let sound = found == digest;
                    let other = || std::io::Error::other("the result is not what was kept");
                    return match (sound, way.held) {
                        (true, last) => last.map(|last| (Ok(last), None)),
                        (false, _) => Some((Err(other()), None)),
                    };
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "s3")]
    fn bucket(place: &str, endpoint: Option<&str>) -> Bucket {
        Bucket {
            place: place.to_owned(),
            endpoint: endpoint.map(str::to_owned),
            region: "us-east-1".to_owned(),
            keys: Keys {
                id: "id".to_owned(),
                secret: "canary".to_owned(),
                token: None,
            },
            allow_plain_http: false,
        }
    }

    /// What speaks against a bucket.
    #[cfg(feature = "s3")]
    fn against(place: &str, endpoint: Option<&str>) -> Option<String> {
        match bucket(place, endpoint).check() {
            Ok(()) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    #[cfg(feature = "s3")]
    #[test]
    fn a_bucket_is_named_and_reached_safely() {
        assert_eq!(against("s3://acme-results", None), None);
        assert_eq!(
            against("s3://acme/a/b/", Some("https://s3.example.com")),
            None
        );
        assert_eq!(against("s3://acme", Some("http://127.0.0.1:9000")), None);
        for (place, endpoint) in [
            ("acme", None),
            ("s3://", None),
            ("s3://a b", None),
            ("s3://acme", Some("http://10.0.0.1:9000")),
            ("s3://acme", Some("ftp://s3.example.com")),
            ("s3://acme", Some("s3.example.com")),
            ("s3://acme", Some("https://id:secret@s3.example.com")),
        ] {
            assert!(against(place, endpoint).is_some(), "{place} {endpoint:?}");
        }
    }

    #[test]
    fn keys_are_read_from_the_default_profile_and_never_shown() {
        let text = "[other]\naws_access_key_id = no\n[default]\naws_access_key_id = yes\naws_secret_access_key=canary\n";
        let keys = Keys::read(text).unwrap();
        assert_eq!(
            (keys.id.as_str(), keys.secret.as_str(), &keys.token),
            ("yes", "canary", &None)
        );
        assert!(!format!("{keys:?}").contains("canary"));
        let missing = Keys::read("[default]\naws_access_key_id = yes\n").unwrap_err();
        assert!(missing.contains("aws_secret_access_key"), "{missing}");
    }

    #[test]
    fn the_last_piece_of_what_changed_stays_back() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let digest = Sha256::digest(b"onetwo").into();
        let through = |pieces: &[&'static str]| -> Vec<Result<Bytes, String>> {
            let pieces: Vec<_> = pieces.iter().map(|p| Ok(Bytes::from(*p))).collect();
            let stream = proved(futures_util::stream::iter(pieces).boxed(), digest);
            let stream = stream.map(|p| p.map_err(|e| e.to_string()));
            runtime.block_on(stream.collect())
        };
        assert_eq!(
            through(&["one", "", "two"]),
            [Ok("one".into()), Ok("two".into())]
        );
        for changed in [&["one", "twO"][..], &["one"], &[], &["onetwo", "more"]] {
            let got = through(changed);
            assert!(got.last().unwrap().is_err());
            assert!(got.len() <= changed.len().max(1));
        }
    }
}
