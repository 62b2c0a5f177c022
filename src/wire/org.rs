//! Organisations, their members and invitations.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a member may do; the table in `server::access` says it in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum Role {
    Viewer,
    Auditor,
    Clerk,
    Accountant,
    Admin,
    Owner,
}

impl Role {
    pub const ALL: [Role; 6] = [
        Role::Viewer,
        Role::Auditor,
        Role::Clerk,
        Role::Accountant,
        Role::Admin,
        Role::Owner,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Auditor => "auditor",
            Role::Clerk => "clerk",
            Role::Accountant => "accountant",
            Role::Admin => "admin",
            Role::Owner => "owner",
        }
    }

    pub fn from_word(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.word() == word)
    }
}

/// An organisation as one of its members sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Membership {
    pub id: Uuid,
    /// How URLs name it: `acme`.
    pub slug: String,
    pub name: String,
    pub role: Role,
}

/// `POST /orgs`: an organisation with an empty book.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewOrg {
    pub name: String,
    /// 2 to 40 of `a-z 0-9 -`; left out: made from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Left out: INR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_currency: Option<String>,
    /// An IANA name; left out: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The month it starts in, 1 to 12; left out: April for INR, else January.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fiscal_year_start: Option<u8>,
    /// `dmy`, `mdy`, `ymd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_order: Option<String>,
    /// `plain`, `shop`, `personal`, `tally`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

/// A member, or someone invited.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Member {
    /// Of the user; of an invitation: its id.
    pub id: Uuid,
    pub email: String,
    /// Empty until an invitation is taken.
    pub name: String,
    pub role: Role,
    /// `member` or `invited`.
    pub state: String,
    pub since: Timestamp,
    /// Of the membership: `If-Match: "v1"` when its role is changed.
    pub version: u64,
}

/// `POST /orgs/:org/members`: someone who has an account on the server already.
/// `POST /orgs/:org/invites`: someone who may not have one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewMember {
    pub email: String,
    pub role: Role,
}

/// `PATCH /orgs/:org/members/:user`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PatchMember {
    pub role: Role,
}

/// An invitation: its code is shown once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Invite {
    pub id: Uuid,
    pub email: String,
    pub role: Role,
    /// Given to `POST /auth/register`, or to `POST /auth/invites/accept` by someone who has an account.
    pub code: String,
    pub expires_at: Timestamp,
}

/// `POST /auth/invites/accept`: someone who has an account comes in.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AcceptInvite {
    pub code: String,
}

/// One event of the log of members and sign-ins.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct MemberEvent {
    /// From 1, without gaps.
    pub seq: u64,
    pub at: Timestamp,
    /// Email of who did it, or tried to.
    pub who: String,
    /// `signed-in`, `sign-in-failed`, `role-changed`, `refused`, …
    pub action: String,
    /// Whom or what it was done to.
    pub subject: String,
    pub detail: String,
    /// Where it was asked from.
    pub address: String,
    /// Hash of the event before; zeros before the first.
    pub previous: String,
    pub hash: String,
}

/// `GET /orgs/:org/members/audit`: events after `since`, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct MemberEvents {
    pub data: Vec<MemberEvent>,
    pub has_more: bool,
    /// What to give as `since` for the next ones.
    pub next: u64,
}
