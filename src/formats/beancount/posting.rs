//! One posting: flag, account, units, cost, price.

use super::cursor::{Cursor, Read};
use super::model::{CostSpec, Num, Posting, PriceSpec};
use super::parse::Parser;
use crate::formats::journal::Fault;

/// Reads a posting up to its comment.
pub(super) fn read(parser: &mut Parser<'_, '_>, cursor: &mut Cursor<'_>) -> Read<Posting> {
    let flag = flag(cursor);
    let account = parser.account(cursor)?;
    let mut posting = Posting {
        account,
        flag,
        number: None,
        currency: None,
        cost: None,
        price: None,
        meta: Vec::new(),
        line: parser.line,
    };
    if cursor.is_number() {
        posting.number = Some(cursor.number()?);
    }
    cursor.blanks();
    if cursor.is_currency() {
        posting.currency = Some(parser.currency(cursor)?);
    }
    if cursor.takes('{') {
        posting.cost = Some(cost(parser, cursor)?);
    }
    if cursor.takes('@') {
        let total = cursor.rest().starts_with('@');
        cursor.at += usize::from(total);
        posting.price = Some(price(parser, cursor, total)?);
        if total && posting.number.is_none() {
            return cursor.wrong("bad-price", "@@ needs an amount before it");
        }
    }
    Ok(posting)
}

/// `! Assets:Cash`: a mark and a blank before the account.
fn flag(cursor: &mut Cursor<'_>) -> Option<char> {
    cursor.blanks();
    let c = cursor
        .peek()
        .filter(|c| c.is_ascii_uppercase() || "*!&#?%".contains(*c))?;
    let behind = &cursor.rest()[c.len_utf8()..];
    if !behind.starts_with([' ', '\t']) {
        return None;
    }
    cursor.at += c.len_utf8();
    Some(c)
}

fn price(parser: &mut Parser<'_, '_>, cursor: &mut Cursor<'_>, total: bool) -> Read<PriceSpec> {
    let from = cursor.at;
    let number = if cursor.is_number() {
        Some(cursor.number()?)
    } else {
        None
    };
    if number.is_some_and(|n| n.is_sign_negative() && !n.is_zero()) {
        let fault = Fault::new("bad-price", "a price cannot be negative")
            .hint("the sign belongs to the amount: -10 HOOL @ 5 USD");
        return Err((fault, from));
    }
    cursor.blanks();
    let currency = if cursor.is_currency() {
        Some(parser.currency(cursor)?)
    } else {
        None
    };
    Ok(PriceSpec {
        number,
        currency,
        total,
    })
}

/// What stands between `{` and `}`, or `{{` and `}}`; the first brace is read.
fn cost(parser: &mut Parser<'_, '_>, cursor: &mut Cursor<'_>) -> Read<CostSpec> {
    let total = cursor.takes('{');
    let mut spec = CostSpec {
        per: Num::Missing,
        total: Num::Absent,
        currency: None,
        date: None,
        label: None,
    };
    loop {
        cursor.blanks();
        if cursor.takes('}') {
            break;
        }
        if cursor.takes('*') {
            let fault = Fault::new("unsupported", "lots cannot be merged ({*})")
                .hint("beancount does not do it either; name the lots that are sold");
            return Err((fault, cursor.at));
        }
        if cursor.is_string() {
            spec.label = Some(cursor.string()?);
        } else if let Some(date) = cursor.date()? {
            spec.date = Some(date);
        } else {
            compound(parser, cursor, total, &mut spec)?;
        }
        if !cursor.takes(',') {
            if !cursor.takes('}') {
                return cursor.wrong("bad-cost", "the closing brace of the cost is missing");
            }
            break;
        }
    }
    if total && !cursor.takes('}') {
        return cursor.wrong("bad-cost", "the closing braces }} of the cost are missing");
    }
    Ok(spec)
}

/// `100 USD`, `100 # 9.95 USD`, `USD`.
fn compound(
    parser: &mut Parser<'_, '_>,
    cursor: &mut Cursor<'_>,
    total: bool,
    spec: &mut CostSpec,
) -> Read<()> {
    let from = cursor.at;
    let first = if cursor.is_number() {
        Num::Is(cursor.number()?)
    } else {
        Num::Missing
    };
    if cursor.takes('#') {
        if total {
            return cursor.wrong(
                "bad-cost",
                "a cost in {{…}} is a total already: it has no part a unit",
            );
        }
        spec.total = if cursor.is_number() {
            Num::Is(cursor.number()?)
        } else {
            Num::Missing
        };
        spec.per = first;
    } else if total {
        spec.total = first;
        spec.per = Num::Absent;
    } else {
        spec.per = first;
    }
    cursor.blanks();
    if cursor.is_currency() {
        spec.currency = Some(parser.currency(cursor)?);
    }
    let negative = |n: Num| matches!(n, Num::Is(n) if n.is_sign_negative() && !n.is_zero());
    if negative(spec.per) || negative(spec.total) {
        return Err((Fault::new("bad-cost", "a cost cannot be negative"), from));
    }
    if cursor.at == from {
        return cursor.wrong("bad-cost", "a cost, a date or a label should stand here");
    }
    Ok(())
}
