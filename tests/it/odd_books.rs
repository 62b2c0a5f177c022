//! Books by chance with everything that is hard to write down: many currencies and scales, prices that
//! come out uneven, huge and zero amounts, names and texts no grammar likes, voids, reversals, closed
//! accounts, parties, assertions. The same seed, the same book.

use hissab::ledger::account::{Contact, Kind};
use hissab::ledger::change::{
    AccountPatch, Assertion, Change, CurrencyChange, NewAccount, PriceChange, Target,
};
use hissab::ledger::draft::{Draft, DraftEntry, DraftPrice};
use hissab::ledger::transaction::{Number, PriceBasis, Status, Tag, TransactionId, Voucher};
use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::books::{Shop, dec};
use crate::chance::Chance;
use hissab::book::Book;

/// Code, places, sign, name. The base currency and USD are there already.
const CURRENCIES: &[(&str, u8, Option<&str>, Option<&str>)] = &[
    ("JPY", 0, Some("¥"), None),
    ("BTC", 8, None, Some("Bitcoin; \"digital\"")),
    ("AAPL", 4, None, None),
    ("FUND 2030", 3, None, Some("Pension, growth")),
    ("€", 2, None, None),
    ("usd", 2, None, None),
    ("Köln:5%", 1, None, None),
];

const ODD_ACCOUNTS: &[&str] = &[
    "Assets:Bank of India",
    "Assets:Bank-of-India",
    "Assets:चाय की दुकान",
    "Assets:Bank:HDFC:Savings 2",
    "Liabilities:Karte \"Gold\" 'x'",
    "Liabilities:(in dispute)",
    "Expenses:50% off; or more",
    "Expenses:a-b_c/d\\e",
    "Expenses:東京",
    "Income:Zinsen & <Gebühren>",
    "Revenue:Other",
    "Equity:#1",
    "kasse:bar",
    "Assets",
];

const TEXTS: &[&str] = &[
    "Counter sale",
    "चाय और बिस्कुट",
    "Rent, April; paid \"late\"",
    "a | b",
    "(bracketed) *start",
    "* star",
    "two\nlines",
    " padded ",
    "tab\there",
    "back\\slash 'quote' \"double\"",
    "=SUM(A1)",
    "<b>&amp;</b>",
    "date: tomorrow",
    "x, date2: never, y",
    "[2026-13-45]",
    "ends with colon:",
    "; semicolon first",
    "ß→🙂",
    "",
    "\"quoted\"",
];

const TAGS: &[(&str, &str)] = &[
    ("trip", "goa"),
    ("paid", ""),
    ("two words", "a, b: c"),
    ("date", "soon"),
    ("date2", "2026-02-30"),
    ("type", "Z"),
    ("id", "A-1"),
    ("voucher", "sales"),
    ("ok", "[x]"),
    ("naïve", "ü\nü"),
    ("filename", "x"),
];

/// A book of about so many transactions.
pub fn odd_book(seed: u64, count: usize) -> Shop {
    odd_book_where(seed, count, Foreign::Freely)
}

/// How other currencies than the book's own occur.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    Freely,
    /// Always with a price in the book's own.
    Priced,
    Never,
}

pub fn odd_book_where(seed: u64, count: usize, foreign: Foreign) -> Shop {
    let mut chance = Chance::from(seed);
    let mut shop = Shop::new();
    chart(&mut shop);
    let chart = shop.book.chart().unwrap();
    let paths: Vec<String> = chart
        .accounts()
        .iter()
        .map(|a| a.path.to_string())
        .collect();
    for _ in 0..count {
        let draft = transaction(&mut shop, &mut chance, &paths, foreign);
        shop.write("posted", vec![Change::Post(draft)]).unwrap();
    }
    corrections(&mut shop, &mut chance, count as u64);
    facts(&mut shop, &mut chance, &paths);
    shop
}

fn chart(shop: &mut Shop) {
    let mut changes: Vec<Change> = CURRENCIES
        .iter()
        .map(|(code, scale, symbol, name)| {
            Change::Currency(CurrencyChange {
                code: (*code).into(),
                scale: *scale,
                symbol: symbol.map(Into::into),
                name: name.map(Into::into),
            })
        })
        .collect();
    for path in ODD_ACCOUNTS {
        let mut account = NewAccount::at(Uuid::from_u128(shop.id()), *path);
        if *path == "kasse:bar" {
            account.kind = Kind::Asset;
            account.code = Some("10\"00".to_owned());
            account.note = Some("first, second: third\nfourth".to_owned());
            account.opened_on = Some(date(2025, 6, 1));
        }
        changes.push(Change::OpenAccount(account));
    }
    let mut party = NewAccount::at(Uuid::from_u128(shop.id()), "Assets:Receivable:Sita & Söhne");
    party.aliases = vec!["sita".to_owned(), "upi, sita".to_owned()];
    party.contact = Contact {
        phone: Some("+91 98".to_owned()),
        email: Some("s@example.com".to_owned()),
        tax_id: Some("29ABC".to_owned()),
        address: Some("1, High Street\nPune".to_owned()),
        credit_limit: Some(dec("5000.50")),
    };
    changes.push(Change::OpenAccount(party));
    let mut dollars = NewAccount::at(Uuid::from_u128(shop.id()), "Assets:Dollars only");
    dollars.currency = Some("USD".into());
    changes.push(Change::OpenAccount(dollars));
    shop.write("chart", changes).unwrap();
}

fn day(chance: &mut Chance) -> Date {
    date(2025, 1, 1)
        .checked_add(jiff::Span::new().days(chance.below(600) as i64))
        .unwrap()
}

/// An amount of a currency of so many places: small, zero, or close to all that fits.
fn amount(chance: &mut Chance, scale: u8) -> Decimal {
    let minor: i64 = match chance.below(12) {
        0 => 0,
        1 => 9_999_999_999_999_999 - chance.below(1000) as i64,
        2 => 1,
        _ => chance.below(5_000_000) as i64 + 1,
    };
    let sign = if chance.below(2) == 0 { 1 } else { -1 };
    Decimal::from_i128_with_scale(i128::from(sign * minor), u32::from(scale))
}

fn transaction(shop: &mut Shop, chance: &mut Chance, paths: &[String], foreign: Foreign) -> Draft {
    let text = |chance: &mut Chance| (*chance.one(TEXTS)).to_owned();
    let id = TransactionId(Uuid::from_u128(
        0x0190_0000_0000_7000_8000_0000_0000_0000 + shop.id(),
    ));
    let mut draft = Draft::new(id, day(chance), text(chance));
    draft.status = *chance.one(&Status::ALL);
    if chance.below(4) == 0 {
        draft.payee = Some(text(chance)).filter(|t| !t.is_empty());
    }
    if chance.below(4) == 0 {
        draft.reference = Some(format!("R)-{}", chance.below(9)));
    }
    if chance.below(6) == 0 {
        draft.due = Some(day(chance));
    }
    if chance.below(8) == 0 {
        draft.voucher = Some(*chance.one(&Voucher::ALL));
    }
    draft.tags = tags(chance);
    if chance.below(6) == 0 {
        draft.metadata = vec![
            ("comment".to_owned(), text(chance)),
            ("Über key".to_owned(), text(chance)),
        ];
    }
    draft.entries = entries(chance, paths, foreign);
    draft
}

fn tags(chance: &mut Chance) -> Vec<Tag> {
    let count = [0, 0, 0, 1, 2][chance.below(5)];
    (0..count)
        .map(|_| {
            let (name, value) = chance.one(TAGS);
            Tag {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
            }
        })
        .collect()
}

/// Some entries with amounts, at times with a price, and one that takes the rest.
fn entries(chance: &mut Chance, paths: &[String], foreign: Foreign) -> Vec<DraftEntry> {
    let usable: Vec<&String> = paths
        .iter()
        .filter(|p| *p != "Assets:Dollars only")
        .collect();
    let mut entries = Vec::new();
    for _ in 0..=chance.below(3) {
        let places = [("INR", 2), ("USD", 2)]
            .into_iter()
            .chain(CURRENCIES.iter().map(|(code, scale, ..)| (*code, *scale)))
            .collect::<Vec<_>>();
        let (code, scale) = match foreign {
            Foreign::Never => ("INR", 2),
            Foreign::Freely | Foreign::Priced => *chance.one(&places),
        };
        let mut number = amount(chance, scale);
        if foreign == Foreign::Priced && code != "INR" && number.abs() >= dec("100000") {
            number = dec("1");
        }
        let small = number.abs() < dec("100000");
        let wanted = foreign == Foreign::Priced || chance.below(2) == 0;
        let price = (code != "INR" && small && wanted).then(|| DraftPrice {
            amount: [dec("83.10"), dec("0.335"), dec("1.3333333"), dec("7")][chance.below(4)],
            currency: Some("INR".into()),
            basis: [PriceBasis::Unit, PriceBasis::Total][chance.below(2)],
        });
        let price = price.map(|mut p| {
            if p.basis == PriceBasis::Total {
                p.amount = p.amount.round_dp(2);
            }
            p
        });
        let account = match (code, chance.below(3)) {
            ("USD", 0) => "Assets:Dollars only",
            _ => chance.one(&usable).as_str(),
        };
        entries.push(DraftEntry {
            account: account.into(),
            amount: Some(number),
            currency: Some(code.into()),
            price,
            status: *chance.one(&Status::ALL),
            memo: (chance.below(4) == 0)
                .then(|| (*chance.one(TEXTS)).to_owned())
                .filter(|t| !t.is_empty()),
            tags: tags(chance),
        });
    }
    entries.push(DraftEntry {
        account: chance.one(&usable).as_str().into(),
        ..DraftEntry::default()
    });
    entries
}

fn corrections(shop: &mut Shop, chance: &mut Chance, count: u64) {
    for _ in 0..count / 10 {
        let target = Target::Number(Number(chance.below(count as usize) as u64 + 1));
        let reason = (chance.below(2) == 0).then(|| (*chance.one(TEXTS)).to_owned());
        let void = Change::Void {
            target,
            if_version: None,
            reason,
        };
        shop.write("voided", vec![void]).unwrap();
    }
    let live = (1..=count).find_map(|n| {
        let found = shop.book.find(Target::Number(Number(n))).unwrap().unwrap();
        (!found.is_void()).then_some(found)
    });
    if let Some(live) = live {
        let id = shop.id();
        let chart = shop.book.chart().unwrap();
        let mut reversal = Draft::new(
            TransactionId(Uuid::from_u128(id)),
            date(2026, 9, 1),
            "Reversal",
        );
        reversal.reverses = Some(live.number);
        reversal.entries = live
            .entries
            .iter()
            .map(|e| {
                let currency = chart.currency(e.currency);
                let number =
                    Decimal::from_i128_with_scale(-i128::from(e.minor), u32::from(currency.scale));
                let weight = e.detail.as_ref().and_then(|d| d.weight);
                let price = weight.filter(|_| e.minor != 0).map(|(minor, key)| {
                    let scale = u32::from(chart.currency(key).scale);
                    DraftPrice {
                        amount: Decimal::from_i128_with_scale(i128::from(minor.abs()), scale),
                        currency: Some(chart.currency(key).code.clone()),
                        basis: PriceBasis::Total,
                    }
                });
                DraftEntry {
                    account: chart.account(e.account).path.clone(),
                    amount: Some(number),
                    currency: Some(currency.code.clone()),
                    price,
                    ..DraftEntry::default()
                }
            })
            .collect();
        shop.write("reversed", vec![Change::Post(reversal)])
            .unwrap();
    }
}

/// Prices, assertions, closed accounts, a lock.
fn facts(shop: &mut Shop, chance: &mut Chance, paths: &[String]) {
    let mut changes = Vec::new();
    for (code, ..) in CURRENCIES {
        changes.push(Change::Price(PriceChange {
            on: day(chance),
            commodity: (*code).into(),
            currency: "INR".into(),
            rate: Some(dec("83.1050")),
        }));
    }
    for _ in 0..4 {
        changes.push(Change::Assertion(Assertion {
            id: Uuid::from_u128(shop.id()),
            on: day(chance),
            account: chance.one(paths).as_str().into(),
            currency: "INR".into(),
            amount: amount(chance, 2),
            subaccounts: chance.below(2) == 0,
            source: "count".to_owned(),
            withdrawn: chance.below(4) == 0,
        }));
    }
    let closed = shop
        .book
        .chart()
        .unwrap()
        .find("Expenses:東京")
        .unwrap()
        .key;
    changes.push(Change::SetAccount {
        account: closed,
        patch: AccountPatch {
            closed_on: Some(Some(date(2026, 10, 1))),
            ..AccountPatch::default()
        },
    });
    changes.push(Change::Setting {
        name: "cash".to_owned(),
        value: Some("Assets:Cash, \"till\"\nline".to_owned()),
    });
    changes.push(Change::Setting {
        name: "locked_to".to_owned(),
        value: Some("2025-03-31".to_owned()),
    });
    shop.write("facts", changes).unwrap();
}
