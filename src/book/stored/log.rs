//! What the audit log keeps of changes, as JSON.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keys::Keys;
use super::more::{
    AccountMore, EntryJson, Pairs, decimal, entries_from_json, entries_to_json, pairs, tags,
    unreadable,
};
use crate::book::{LoggedChange, Result};
use crate::ledger::account::{Account, AccountKey, AccountType, Contact, Kind};
use crate::ledger::change::{Assertion, ImportBatch, PriceChange};
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::transaction::{Number, State, Status, Transaction, TransactionId, Voucher};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AccountJson {
    key: u32,
    id: Uuid,
    path: String,
    kind: String,
    #[serde(rename = "type")]
    account_type: String,
    opened_on: Option<String>,
    closed_on: Option<String>,
    more: AccountMore,
    version: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct CurrencyJson {
    key: u16,
    code: String,
    scale: u8,
    symbol: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PriceJson {
    on: String,
    commodity: String,
    currency: String,
    rate: Option<String>,
}

/// One logged change, as the column `changes` of `audit` keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
enum ChangeJson {
    Posted {
        first: u64,
        last: u64,
    },
    Amended {
        number: u64,
        before: Box<BeforeJson>,
    },
    Voided {
        first: u64,
        last: u64,
    },
    Reinstated {
        number: u64,
        reason: Option<String>,
    },
    Account {
        before: Option<Box<AccountJson>>,
        after: Box<AccountJson>,
    },
    Currency {
        before: Option<CurrencyJson>,
        after: CurrencyJson,
    },
    Price {
        before: Option<PriceJson>,
        after: PriceJson,
    },
    Setting {
        name: String,
        before: Option<String>,
        after: Option<String>,
    },
    Assertion {
        id: Uuid,
        on: String,
        account: String,
        currency: String,
        amount: String,
        subaccounts: bool,
        source: String,
        withdrawn: bool,
    },
    Imported {
        id: Uuid,
        file: String,
        sha256: String,
        format: String,
        account: Option<String>,
        skipped: u64,
        rows: String,
    },
    ImportUndone {
        batch: Uuid,
    },
    ImportRestored {
        batch: Uuid,
    },
    Accepted {
        code: String,
        reference: String,
        reason: String,
    },
}

/// A transaction as it was.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct BeforeJson {
    id: Uuid,
    version: u32,
    date: String,
    voucher: u8,
    status: u8,
    description: String,
    payee: Option<String>,
    reference: Option<String>,
    due: Option<String>,
    reverses: Option<u64>,
    tags: Pairs,
    metadata: Pairs,
    entries: Vec<EntryJson>,
}

/// Logged changes as text.
pub fn changes_to_json(changes: &[LoggedChange], scales: &[u8]) -> Result<String> {
    let json: Vec<ChangeJson> = changes
        .iter()
        .map(|change| to_json(change, scales))
        .collect();
    serde_json::to_string(&json).map_err(|_| unreadable("a change"))
}

/// The reverse of [`changes_to_json`].
pub fn changes_from_json(text: &str, keys: &Keys) -> Result<Vec<LoggedChange>> {
    let json: Vec<ChangeJson> = serde_json::from_str(text)
        .map_err(|_| unreadable("the list of changes of an audit record"))?;
    json.into_iter()
        .map(|change| from_json(change, keys))
        .collect()
}

fn to_json(change: &LoggedChange, scales: &[u8]) -> ChangeJson {
    match change {
        LoggedChange::Posted { first, last } => ChangeJson::Posted {
            first: *first,
            last: *last,
        },
        LoggedChange::Amended { number, before } => ChangeJson::Amended {
            number: *number,
            before: Box::new(before_to_json(before, scales)),
        },
        LoggedChange::Voided { first, last } => ChangeJson::Voided {
            first: *first,
            last: *last,
        },
        LoggedChange::Reinstated { number, reason } => ChangeJson::Reinstated {
            number: *number,
            reason: reason.clone(),
        },
        LoggedChange::Account { before, after } => ChangeJson::Account {
            before: before.as_deref().map(|b| Box::new(account_to_json(b))),
            after: Box::new(account_to_json(after)),
        },
        LoggedChange::Currency { before, after } => ChangeJson::Currency {
            before: before.as_ref().map(currency_to_json),
            after: currency_to_json(after),
        },
        LoggedChange::Price { before, after } => ChangeJson::Price {
            before: before.as_ref().map(price_to_json),
            after: price_to_json(after),
        },
        LoggedChange::Setting {
            name,
            before,
            after,
        } => ChangeJson::Setting {
            name: name.clone(),
            before: before.clone(),
            after: after.clone(),
        },
        LoggedChange::Assertion(a) => ChangeJson::Assertion {
            id: a.id,
            on: a.on.to_string(),
            account: a.account.to_string(),
            currency: a.currency.to_string(),
            amount: a.amount.normalize().to_string(),
            subaccounts: a.subaccounts,
            source: a.source.clone(),
            withdrawn: a.withdrawn,
        },
        LoggedChange::Imported { batch, rows } => ChangeJson::Imported {
            id: batch.id,
            file: batch.file.clone(),
            sha256: crate::ledger::audit::hex(&batch.sha256),
            format: batch.format.clone(),
            account: batch.account.as_deref().map(str::to_owned),
            skipped: batch.skipped,
            rows: crate::ledger::audit::hex(rows),
        },
        LoggedChange::ImportUndone { batch } => ChangeJson::ImportUndone { batch: *batch },
        LoggedChange::ImportRestored { batch } => ChangeJson::ImportRestored { batch: *batch },
        LoggedChange::Accepted {
            code,
            reference,
            reason,
        } => ChangeJson::Accepted {
            code: code.clone(),
            reference: reference.clone(),
            reason: reason.clone(),
        },
    }
}

/// Rows that may be missing behind the last one before a range is called unreadable.
const MISSING_MAX: u64 = 1_000_000;

/// A closed range of numbers; a damaged one could keep a reader busy for ever.
fn range(first: u64, last: u64, keys: &Keys) -> Result<(u64, u64)> {
    if first >= 1 && first <= last && last <= keys.numbers.saturating_add(MISSING_MAX) {
        Ok((first, last))
    } else {
        Err(unreadable("a range of numbers in the log"))
    }
}

fn from_json(change: ChangeJson, keys: &Keys) -> Result<LoggedChange> {
    Ok(match change {
        ChangeJson::Posted { first, last } => {
            let (first, last) = range(first, last, keys)?;
            LoggedChange::Posted { first, last }
        }
        ChangeJson::Amended { number, before } => LoggedChange::Amended {
            number,
            before: Box::new(before_from_json(number, *before, keys)?),
        },
        ChangeJson::Voided { first, last } => {
            let (first, last) = range(first, last, keys)?;
            LoggedChange::Voided { first, last }
        }
        ChangeJson::Reinstated { number, reason } => LoggedChange::Reinstated { number, reason },
        ChangeJson::Account { before, after } => LoggedChange::Account {
            before: before
                .map(|b| account_from_json(*b))
                .transpose()?
                .map(Box::new),
            after: Box::new(account_from_json(*after)?),
        },
        ChangeJson::Currency { before, after } => LoggedChange::Currency {
            before: before.map(currency_from_json),
            after: currency_from_json(after),
        },
        ChangeJson::Price { before, after } => LoggedChange::Price {
            before: before.map(price_from_json).transpose()?,
            after: price_from_json(after)?,
        },
        ChangeJson::Setting {
            name,
            before,
            after,
        } => LoggedChange::Setting {
            name,
            before,
            after,
        },
        ChangeJson::Assertion {
            id,
            on,
            account,
            currency,
            amount,
            subaccounts,
            source,
            withdrawn,
        } => LoggedChange::Assertion(Assertion {
            id,
            on: date(&on)?,
            account: account.into(),
            currency: currency.into(),
            amount: decimal(&amount)?,
            subaccounts,
            source,
            withdrawn,
        }),
        ChangeJson::Imported {
            id,
            file,
            sha256,
            format,
            account,
            skipped,
            rows,
        } => LoggedChange::Imported {
            batch: ImportBatch {
                id,
                file,
                sha256: unhex(&sha256)?,
                format,
                account: account.map(Into::into),
                skipped,
            },
            rows: unhex(&rows)?,
        },
        ChangeJson::ImportUndone { batch } => LoggedChange::ImportUndone { batch },
        ChangeJson::ImportRestored { batch } => LoggedChange::ImportRestored { batch },
        ChangeJson::Accepted {
            code,
            reference,
            reason,
        } => LoggedChange::Accepted {
            code,
            reference,
            reason,
        },
    })
}

fn date(text: &str) -> Result<Date> {
    text.parse().map_err(|_| unreadable("a date in the log"))
}

fn unhex(text: &str) -> Result<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return Err(unreadable("a hash in the log"));
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16)
            .map_err(|_| unreadable("a hash in the log"))?;
    }
    Ok(hash)
}

fn before_to_json(t: &Transaction, scales: &[u8]) -> BeforeJson {
    BeforeJson {
        id: t.id.0,
        version: t.version,
        date: t.date.to_string(),
        voucher: t.voucher.code(),
        status: t.status.code(),
        description: t.description.to_string(),
        payee: t.payee.clone(),
        reference: t.reference.clone(),
        due: t.due.map(|d| d.to_string()),
        reverses: t.reverses.map(|n| n.0),
        tags: pairs(&t.tags),
        metadata: t.metadata.clone(),
        entries: entries_to_json(&t.entries, scales),
    }
}

fn before_from_json(number: u64, json: BeforeJson, keys: &Keys) -> Result<Transaction> {
    Ok(Transaction {
        id: TransactionId(json.id),
        number: Number(number),
        version: json.version,
        state: State::Live,
        date: date(&json.date)?,
        voucher: Voucher::from_code(json.voucher).ok_or_else(|| unreadable("a voucher type"))?,
        status: Status::from_code(json.status).ok_or_else(|| unreadable("a status"))?,
        description: json.description.into(),
        payee: json.payee,
        reference: json.reference,
        due: json.due.as_deref().map(date).transpose()?,
        tags: tags(json.tags),
        metadata: json.metadata,
        reverses: json.reverses.map(Number),
        reversed_by: None,
        entries: entries_from_json(&json.entries, keys)?,
    })
}

fn account_to_json(account: &Account) -> AccountJson {
    AccountJson {
        key: account.key.0,
        id: account.id,
        path: account.path.to_string(),
        kind: account.kind.word().to_owned(),
        account_type: account.account_type.word().to_owned(),
        opened_on: account.opened_on.map(|d| d.to_string()),
        closed_on: account.closed_on.map(|d| d.to_string()),
        more: AccountMore::of(account),
        version: account.version,
    }
}

fn account_from_json(json: AccountJson) -> Result<Account> {
    let more = json.more;
    Ok(Account {
        key: AccountKey(json.key),
        id: json.id,
        path: json.path.into(),
        kind: Kind::from_word(&json.kind).ok_or_else(|| unreadable("a kind"))?,
        account_type: AccountType::from_word(&json.account_type)
            .ok_or_else(|| unreadable("a type"))?,
        code: more.code,
        currency: more.currency.map(Into::into),
        opened_on: json.opened_on.as_deref().map(date).transpose()?,
        closed_on: json.closed_on.as_deref().map(date).transpose()?,
        aliases: more.aliases,
        contact: Contact {
            phone: more.phone,
            email: more.email,
            tax_id: more.tax_id,
            address: more.address,
            credit_limit: more.credit_limit_text.as_deref().map(decimal).transpose()?,
        },
        note: more.note,
        version: json.version,
    })
}

fn currency_to_json(currency: &Currency) -> CurrencyJson {
    let text = |t: &Option<std::sync::Arc<str>>| t.as_deref().map(str::to_owned);
    CurrencyJson {
        key: currency.key.0,
        code: currency.code.to_string(),
        scale: currency.scale,
        symbol: text(&currency.symbol),
        name: text(&currency.name),
    }
}

fn currency_from_json(json: CurrencyJson) -> Currency {
    Currency {
        key: CurrencyKey(json.key),
        code: json.code.into(),
        scale: json.scale,
        symbol: json.symbol.map(Into::into),
        name: json.name.map(Into::into),
    }
}

fn price_to_json(price: &PriceChange) -> PriceJson {
    PriceJson {
        on: price.on.to_string(),
        commodity: price.commodity.to_string(),
        currency: price.currency.to_string(),
        rate: price.rate.map(|r| r.to_string()),
    }
}

fn price_from_json(json: PriceJson) -> Result<PriceChange> {
    Ok(PriceChange {
        on: date(&json.on)?,
        commodity: json.commodity.into(),
        currency: json.currency.into(),
        rate: json.rate.as_deref().map(decimal).transpose()?,
    })
}
