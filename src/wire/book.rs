//! `GET /orgs/{org}`: an organisation with the state of its book.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::org::Role;
use super::{Result, patch, read_hash};
use crate::ledger::audit::hex;
use crate::ledger::settings::{BookInfo, DateOrder, Settings};

/// An organisation: what it is called, what its book says of itself, and where its history stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct OrgBody {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    /// Of the one who asks.
    pub role: Role,
    pub plan: String,
    pub base_currency: String,
    pub timezone: String,
    /// First month, 1 to 12.
    pub fiscal_year_start: u8,
    /// `dmy`, `mdy`, `ymd`.
    pub date_order: String,
    /// Nothing on or before this date may change.
    pub locked_to: Option<Date>,
    /// Everything else the book was told, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    pub book: StateBody,
}

/// Where a book's history stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct StateBody {
    pub id: Uuid,
    /// Of the newest audit record.
    pub sequence: u64,
    pub head: Option<String>,
    /// Recorded, void ones included: the last number.
    pub transactions: u64,
    pub voided: u64,
    pub changed_at: Option<Timestamp>,
    pub schema_version: u32,
    pub first_date: Option<Date>,
    pub last_date: Option<Date>,
}

impl OrgBody {
    pub fn of(id: Uuid, slug: &str, plan: &str, role: Role, info: &BookInfo) -> OrgBody {
        let settings = &info.settings;
        OrgBody {
            id,
            slug: slug.to_owned(),
            name: settings.name.clone(),
            role,
            plan: plan.to_owned(),
            base_currency: settings.base_currency.clone(),
            timezone: settings.timezone.clone(),
            fiscal_year_start: settings.fiscal_year_start,
            date_order: settings.date_order.word().to_owned(),
            locked_to: settings.locked_to,
            settings: settings.other.clone(),
            book: StateBody {
                id: info.id,
                sequence: info.sequence,
                head: info.head.map(|h| hex(&h)),
                transactions: info.transactions,
                voided: info.voided,
                changed_at: info.changed_at,
                schema_version: info.schema_version,
                first_date: info.span.map(|(first, _)| first),
                last_date: info.span.map(|(_, last)| last),
            },
        }
    }

    pub fn info(self) -> Result<BookInfo> {
        let order = super::read_word(
            "date order",
            &self.date_order,
            DateOrder::from_word,
            &["dmy", "mdy", "ymd"],
        )?;
        let settings = Settings {
            name: self.name,
            base_currency: self.base_currency,
            fiscal_year_start: self.fiscal_year_start,
            timezone: self.timezone,
            date_order: order,
            locked_to: self.locked_to,
            other: self.settings,
        };
        Ok(BookInfo {
            id: self.book.id,
            settings,
            sequence: self.book.sequence,
            head: self.book.head.as_deref().map(read_hash).transpose()?,
            transactions: self.book.transactions,
            voided: self.book.voided,
            changed_at: self.book.changed_at,
            schema_version: self.book.schema_version,
            span: self.book.first_date.zip(self.book.last_date),
            read_only: None,
        })
    }
}

/// `PATCH /orgs/{org}`: a field left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PatchOrg {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fiscal_year_start: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_order: Option<String>,
    /// `null` opens everything again, which needs a reason.
    #[serde(default, with = "patch", skip_serializing_if = "Option::is_none")]
    pub locked_to: Option<Option<Date>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
