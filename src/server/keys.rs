//! Access tokens (JWT, one pinned algorithm) and the successors of refresh tokens.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::problem::{Answer, Problem};
use super::secrets::{KEY_BYTES, REFRESH_PREFIX};

/// Seconds an access token is good for.
pub const ACCESS_SECONDS: i64 = 600;

/// Whom access tokens are for.
const AUDIENCE: &str = "hissab-api";

/// What an access token says. No roles: those are looked up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub exp: i64,
    pub nbf: i64,
    /// The user.
    pub sub: Uuid,
    /// The session.
    pub sid: Uuid,
}

/// The keys of one server.
pub struct Keys {
    sign: EncodingKey,
    check: DecodingKey,
    rotate: EncodingKey,
    header: Header,
    validation: Validation,
    issuer: String,
}

impl Keys {
    pub fn new(secret: &[u8; KEY_BYTES], server: Uuid) -> Keys {
        let (access, refresh) = secret.split_at(KEY_BYTES / 2);
        let issuer = format!("hissab:{server}");
        let kid = Sha256::digest(access);
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // The server's own clock decides, below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Keys {
            sign: EncodingKey::from_secret(access),
            check: DecodingKey::from_secret(access),
            rotate: EncodingKey::from_secret(refresh),
            header: Header {
                kid: Some(crate::ledger::audit::hex(&kid[..4])),
                ..Header::new(Algorithm::HS256)
            },
            validation,
            issuer,
        }
    }

    /// An access token of a session.
    pub fn access(&self, user: Uuid, session: Uuid, now: Timestamp) -> Answer<String> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            exp: now.as_second() + ACCESS_SECONDS,
            nbf: now.as_second(),
            sub: user,
            sid: session,
        };
        encode(&self.header, &claims, &self.sign).map_err(Problem::internal)
    }

    /// What a token says, if this server made it and its time is now.
    pub fn verify(&self, token: &str, now: Timestamp) -> Answer<Claims> {
        let strange = || Problem::signed_out("the access token is not one of this server's");
        let claims = decode::<Claims>(token, &self.check, &self.validation)
            .ok()
            .filter(|data| data.header.kid == self.header.kid)
            .map(|data| data.claims)
            .ok_or_else(strange)?;
        if claims.exp <= now.as_second() {
            let over = Problem::signed_out("the access token has run out");
            return Err(Problem {
                code: "expired".to_owned(),
                ..over
            });
        }
        // A clock set back a little must not sign everybody out.
        if claims.nbf > now.as_second() + 60 {
            return Err(strange());
        }
        Ok(claims)
    }

    /// The one successor of a refresh token: asking twice gives the same, and it need not be kept to be known.
    pub fn successor(&self, refresh: &str) -> Answer<String> {
        let mac = jsonwebtoken::crypto::sign(refresh.as_bytes(), &self.rotate, Algorithm::HS256)
            .map_err(Problem::internal)?;
        Ok(format!("{REFRESH_PREFIX}{mac}"))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;

    use super::*;

    fn now() -> Timestamp {
        "2026-04-07T10:00:00Z".parse().unwrap()
    }

    fn keys(byte: u8) -> Keys {
        Keys::new(&[byte; KEY_BYTES], Uuid::nil())
    }

    fn made_by(keys: &Keys) -> String {
        keys.access(Uuid::from_u128(1), Uuid::from_u128(2), now())
            .unwrap()
    }

    #[test]
    fn a_token_is_good_for_ten_minutes() {
        let (keys, seconds) = (keys(1), |s| now() + jiff::SignedDuration::from_secs(s));
        let token = made_by(&keys);
        let claims = keys.verify(&token, seconds(599)).unwrap();
        assert_eq!(
            (claims.sub, claims.sid),
            (Uuid::from_u128(1), Uuid::from_u128(2))
        );
        assert_eq!(
            keys.verify(&token, seconds(600)).unwrap_err().code,
            "expired"
        );
        assert_eq!(
            keys.verify(&token, seconds(-61)).unwrap_err().code,
            "signed-out"
        );
    }

    #[test]
    fn tokens_of_others_are_strangers() {
        let keys = keys(1);
        let token = made_by(&keys);
        let (head, rest) = token.split_once('.').unwrap();
        let (body, seal) = rest.split_once('.').unwrap();
        let none = B64.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let hs384 = B64.encode(r#"{"alg":"HS384","typ":"JWT"}"#);
        let other = made_by(&super::tests::keys(2));
        let elsewhere = Keys::new(&[1; KEY_BYTES], Uuid::from_u128(9));
        let claims = String::from_utf8(B64.decode(body).unwrap()).unwrap();
        let swapped = B64.encode(claims.replace("000000000001", "000000000003"));
        let for_others = claims.replace(AUDIENCE, "other-api");
        let for_others: serde_json::Value = serde_json::from_str(&for_others).unwrap();
        let for_others = encode(&keys.header, &for_others, &keys.sign).unwrap();
        // Sealed with the right key: only the algorithm, the key's name, or what is missing is wrong.
        let right: serde_json::Value = serde_json::from_str(&claims).unwrap();
        let sealed = |header: &Header, claims: &serde_json::Value| {
            assert!(
                keys.verify(&encode(&keys.header, &right, &keys.sign).unwrap(), now())
                    .is_ok()
            );
            encode(header, claims, &keys.sign).unwrap()
        };
        let by = |algorithm| Header {
            alg: algorithm,
            ..keys.header.clone()
        };
        let without = |name: &str| {
            let mut less = right.clone();
            less.as_object_mut().unwrap().remove(name).unwrap();
            sealed(&keys.header, &less)
        };
        let wrong = [
            sealed(&by(Algorithm::HS384), &right),
            sealed(&by(Algorithm::HS512), &right),
            sealed(&Header::new(Algorithm::HS256), &right),
            without("exp"),
            without("nbf"),
            without("iss"),
            without("aud"),
            without("sub"),
            without("sid"),
            format!("{none}.{body}."),
            format!("{none}.{body}.{seal}"),
            format!("{hs384}.{body}.{seal}"),
            format!("{head}.{swapped}.{seal}"),
            format!("{head}.{body}."),
            other,
            made_by(&elsewhere),
            for_others,
            String::new(),
            "..".to_owned(),
        ];
        for token in wrong {
            let refused = keys.verify(&token, now()).unwrap_err();
            assert_eq!(refused.status.as_u16(), 401, "{token}");
        }
    }

    #[test]
    fn a_token_with_any_letter_changed_is_a_stranger() {
        let keys = keys(1);
        let token = made_by(&keys);
        for at in 0..token.len() {
            let letter = if token.as_bytes()[at] == b'A' {
                "B"
            } else {
                "A"
            };
            let changed = [&token[..at], letter, &token[at + 1..]].concat();
            assert!(keys.verify(&changed, now()).is_err(), "letter {at}");
        }
    }

    #[test]
    fn a_refresh_token_has_one_successor() {
        let keys = keys(1);
        let next = keys.successor("hsr_a").unwrap();
        assert_eq!(keys.successor("hsr_a").unwrap(), next);
        assert_ne!(keys.successor("hsr_b").unwrap(), next);
        assert_ne!(super::tests::keys(2).successor("hsr_a").unwrap(), next);
    }
}
