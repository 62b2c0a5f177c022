//! GnuCash's XML: one record at a time; templates of scheduled transactions are passed over whole.

use super::model::{
    Account, Commodity, CommodityName, GnucashBook, Price, Ratio, Split, Transaction,
};
use crate::formats::fault::Fault;
use crate::formats::xml::{Node, Records};

const WANTED: &[&str] = &[
    "gnc:commodity",
    "gnc:account",
    "gnc:transaction",
    "price",
    "gnc:schedxaction",
    "gnc:budget",
];
const SKIPPED: &[&str] = &["gnc:template-transactions", "book:slots"];

/// Reads a book's text.
///
/// Errors: what is no sound XML, and records without what they must have.
pub fn read(text: &str) -> Result<GnucashBook, Fault> {
    let mut records = Records::new(text);
    let mut book = GnucashBook::default();
    let business = |name: &str| name.starts_with("gnc:Gnc");
    let wants = |name: &str| WANTED.contains(&name) || business(name);
    while let Some(node) = records.next(wants, |name| SKIPPED.contains(&name))? {
        match node.name.as_str() {
            "gnc:commodity" => book.commodities.push(commodity(&node)),
            "gnc:account" => book.accounts.push(account(&node)?),
            "gnc:transaction" => book.transactions.push(transaction(&node)?),
            "price" => book.prices.push(price(&node)?),
            "gnc:schedxaction" => book.leave_out("scheduled transactions"),
            "gnc:budget" => book.leave_out("budgets"),
            _ => book.leave_out("business records (customers, invoices; what they posted is read)"),
        }
    }
    Ok(book)
}

fn lacks(node: &Node, what: &str) -> Fault {
    Fault::at(
        "bad-record",
        u64::from(node.line),
        1,
        format!("<{}> has no {what} that can be read", node.name),
    )
    .hint("is the file complete? open it in GnuCash and save it again")
}

fn name_of(node: &Node, child: &str) -> Option<CommodityName> {
    let node = node.child(child)?;
    Some((
        node.text_of("cmdty:space").to_owned(),
        node.text_of("cmdty:id").to_owned(),
    ))
}

fn commodity(node: &Node) -> Commodity {
    let text = |name| node.text_of(name).to_owned();
    Commodity {
        name: (text("cmdty:space"), text("cmdty:id")),
        full_name: text("cmdty:name"),
        fraction: node.text_of("cmdty:fraction").parse().unwrap_or(0),
    }
}

/// The value of a slot by its key.
fn slot<'n>(slots: Option<&'n Node>, key: &str) -> &'n str {
    let found = slots.and_then(|slots| slots.all("slot").find(|s| s.text_of("slot:key") == key));
    found.map_or("", |slot| slot.text_of("slot:value"))
}

fn account(node: &Node) -> Result<Account, Fault> {
    let text = |name| node.text_of(name).to_owned();
    let guid = text("act:id");
    if guid.is_empty() {
        return Err(lacks(node, "id"));
    }
    Ok(Account {
        guid,
        name: text("act:name"),
        kind: text("act:type"),
        commodity: name_of(node, "act:commodity").or_else(|| name_of(node, "act:currency")),
        unit: node.text_of("act:commodity-scu").parse().unwrap_or(0),
        parent: Some(text("act:parent")).filter(|p| !p.is_empty()),
        code: text("act:code"),
        description: text("act:description"),
        notes: slot(node.child("act:slots"), "notes").to_owned(),
    })
}

fn transaction(node: &Node) -> Result<Transaction, Fault> {
    let text = |name| node.text_of(name).to_owned();
    let slots = node.child("trn:slots");
    // The day itself, where GnuCash wrote it; else the instant, in the zone it was written in.
    let day = slots
        .and_then(|s| {
            s.all("slot")
                .find(|s| s.text_of("slot:key") == "date-posted")
        })
        .and_then(|s| s.child("slot:value"))
        .map_or("", |v| v.text_of("gdate"));
    let posted = if day.is_empty() {
        node.child("trn:date-posted")
            .map_or("", |d| d.text_of("ts:date"))
    } else {
        day
    };
    let splits = node
        .child("trn:splits")
        .map(|s| s.all("trn:split").map(split).collect::<Result<Vec<_>, _>>());
    Ok(Transaction {
        guid: text("trn:id"),
        currency: name_of(node, "trn:currency").ok_or_else(|| lacks(node, "currency"))?,
        number: text("trn:num"),
        posted: posted.to_owned(),
        description: text("trn:description"),
        notes: slot(slots, "notes").to_owned(),
        splits: splits.transpose()?.unwrap_or_default(),
        line: node.line,
    })
}

fn split(node: &Node) -> Result<Split, Fault> {
    let text = |name| node.text_of(name).to_owned();
    let ratio = |name: &str, what| Ratio::read(node.text_of(name)).ok_or_else(|| lacks(node, what));
    let value = ratio("split:value", "value")?;
    Ok(Split {
        account: text("split:account"),
        memo: text("split:memo"),
        action: text("split:action"),
        reconciled: text("split:reconciled-state"),
        value,
        quantity: if node.child("split:quantity").is_some() {
            ratio("split:quantity", "quantity")?
        } else {
            value
        },
    })
}

fn price(node: &Node) -> Result<Price, Fault> {
    let on = node
        .child("price:time")
        .map_or("", |t| t.text_of("ts:date"));
    Ok(Price {
        commodity: name_of(node, "price:commodity").ok_or_else(|| lacks(node, "commodity"))?,
        currency: name_of(node, "price:currency").ok_or_else(|| lacks(node, "currency"))?,
        on: on.to_owned(),
        value: Ratio::read(node.text_of("price:value")).ok_or_else(|| lacks(node, "value"))?,
    })
}
