//! `hissab serve --results s3://…`: which bucket, and the keys to it, which are never an argument.

use std::path::{Path, PathBuf};

use super::serve::failure;
use crate::cli::environment::var;
use crate::cli::error::{Failure, Result};
use crate::server::results::{self, Bucket, Keys};
use crate::server::secrets;

#[derive(clap::Args)]
pub struct ResultsArgs {
    /// Keep results of export jobs in a bucket that speaks S3 [default: results/ in the data folder]
    #[arg(long, value_name = "s3://BUCKET/FOLDER", env = "HISSAB_SERVE_RESULTS")]
    pub results: Option<String>,

    /// Where the bucket is [default: Amazon's of the region]
    #[arg(
        long,
        value_name = "URL",
        env = "HISSAB_SERVE_S3_ENDPOINT",
        requires = "results"
    )]
    pub s3_endpoint: Option<String>,

    /// The region of the bucket
    #[arg(
        long,
        value_name = "REGION",
        env = "HISSAB_SERVE_S3_REGION",
        default_value = "us-east-1"
    )]
    pub s3_region: String,

    /// The keys to the bucket, a file as Amazon's tools keep them, mode 0600 [default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY]
    #[arg(
        long,
        value_name = "FILE",
        env = "HISSAB_SERVE_S3_CREDENTIALS",
        requires = "results"
    )]
    pub s3_credentials: Option<PathBuf>,
}

/// The bucket that was named, with its keys.
pub fn bucket(args: &ResultsArgs) -> Result<Option<Bucket>> {
    let Some(place) = args.results.clone() else {
        return Ok(None);
    };
    results::check_place(&place).map_err(failure)?;
    let keys = match &args.s3_credentials {
        Some(path) => keys_of(path)?,
        None => keys_of_environment()?,
    };
    Ok(Some(Bucket {
        place,
        endpoint: args.s3_endpoint.clone(),
        region: args.s3_region.clone(),
        keys,
        allow_plain_http: var("HISSAB_ALLOW_PLAIN_HTTP").is_some_and(|v| v == "1"),
    }))
}

fn keys_of(path: &Path) -> Result<Keys> {
    let refused = |why: String| {
        Failure::refused(
            "bad-results",
            format!("the keys to the store of results: {why}"),
        )
    };
    let text = secrets::text(path).map_err(refused)?;
    Keys::read(&text).map_err(|why| refused(format!("{}: {why}", path.display())))
}

fn keys_of_environment() -> Result<Keys> {
    let needed = |name: &str| {
        var(name).ok_or_else(|| {
            Failure::usage(
                "no-keys",
                format!("--results needs the keys to the bucket: {name} is not set"),
            )
            .hint("--s3-credentials FILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")
        })
    };
    Ok(Keys {
        id: needed("AWS_ACCESS_KEY_ID")?,
        secret: needed("AWS_SECRET_ACCESS_KEY")?,
        token: var("AWS_SESSION_TOKEN"),
    })
}
