//! What comes in: JSON bodies, paths and queries, read with words for what is wrong.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::problem::{Answer, Problem};

/// The largest body that is not streamed.
pub const BODY_MAX: usize = 1 << 20;

/// How deep JSON may nest.
const DEPTH_MAX: usize = 32;

/// A JSON body. Refuses other media types (415), more than [`BODY_MAX`] (413), deep nesting and broken JSON
/// (400), and fields that are missing, unknown or of another kind (422).
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Answer<Json<T>> {
        let media = request.headers().get(header::CONTENT_TYPE);
        let media = media.and_then(|m| m.to_str().ok()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                format!("the body is {media:?}, not application/json"),
            ));
        }
        let bytes = bytes(request, state).await?;
        parse(&bytes).map(Json)
    }
}

/// A JSON body or none at all.
pub struct JsonOrNone<T>(pub Option<T>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonOrNone<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Answer<JsonOrNone<T>> {
        let bytes = bytes(request, state).await?;
        if bytes.is_empty() {
            return Ok(JsonOrNone(None));
        }
        parse(&bytes).map(|value| JsonOrNone(Some(value)))
    }
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Answer<Bytes> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(failed)
                if failed.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Problem::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "too-large",
                    format!("the body is larger than {BODY_MAX} bytes"),
                )
            }
            _ => Problem::bad("bad-request", "the body did not arrive whole"),
        })
}

/// Reads JSON that is not nested too deep.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    if depth(bytes) > DEPTH_MAX {
        return Err(Problem::bad(
            "bad-json",
            format!("the JSON nests deeper than {DEPTH_MAX}"),
        ));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = super::strict::read(&mut json);
    read.and_then(|value| json.end().map(|()| value))
        .map_err(|error| {
            let words = words(&error);
            // The parser also calls it syntax when a choice has two members, or none.
            let sound = || serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
            if error.is_data() || sound() {
                Problem::refused("bad-field", words).fault("")
            } else {
                Problem::bad("bad-json", words)
            }
        })
}

/// A whole number of a query, as the description knows them: up to 2^63 - 1.
pub fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let number = Option::<u64>::deserialize(from)?;
    match number {
        Some(n) if i64::try_from(n).is_err() => {
            Err(serde::de::Error::custom(format!("{n} is too large")))
        }
        other => Ok(other),
    }
}

/// The parser's words; a number where an amount is meant gets told how to write it.
fn words(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let number =
        words.contains("invalid type: integer") || words.contains("invalid type: floating point");
    if number && words.contains("expected a string") {
        return format!("{words}: amounts are strings, such as \"1250.00\"");
    }
    words
}

/// How deep brackets nest, those in strings aside.
fn depth(bytes: &[u8]) -> usize {
    let (mut deepest, mut depth, mut quoted, mut escaped) = (0, 0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The parameters of a path; one that does not read is as good as a missing thing: 404.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Path<T>> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|path| Path(path.0))
            .map_err(|_: PathRejection| Problem::not_found("such thing"))
    }
}

/// The parameters of a query; what does not read is 400 with words.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Query<T>> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|query| Query(query.0))
            .map_err(|refused| Problem::bad("bad-query", refused.body_text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::org::NewMember;

    #[test]
    fn json_says_what_is_wrong_with_it() {
        let refused = |text: &str| parse::<NewMember>(text.as_bytes()).unwrap_err();
        let unknown = refused(r#"{"email":"a@b.c","role":"clerk","x":1}"#);
        assert_eq!(
            (unknown.status.as_u16(), &*unknown.code),
            (422, "bad-field")
        );
        assert!(
            unknown.detail.contains("unknown field `x`"),
            "{}",
            unknown.detail
        );
        assert_eq!(refused("{").code, "bad-json");
        assert_eq!(refused(r#"["a@b.c","clerk"]"#).code, "bad-field");
        assert_eq!(
            refused(&"[".repeat(33)).detail,
            "the JSON nests deeper than 32"
        );
        assert!(
            parse::<serde_json::Value>(br#"["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"["]"#).is_ok()
        );
    }

    #[test]
    fn an_amount_as_a_number_is_told_how_to_be_written() {
        let refused = parse::<String>(b"12.5").unwrap_err();
        assert!(refused.detail.contains("\"1250.00\""), "{}", refused.detail);
    }
}
