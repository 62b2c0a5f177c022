//! A small book with one of everything that a book can hold, and all that can be read from one.

use std::fmt::Write;
use std::ops::ControlFlow;

use hissab::book::{AuditQuery, Book, Order, Result, Scan, Voided};
use hissab::ledger::account::{AccountKey, Contact};
use hissab::ledger::change::{
    AccountPatch, Assertion, Change, ImportBatch, PriceChange, SourceRow, Target,
};
use hissab::ledger::draft::DraftEntry;
use hissab::ledger::totals::TotalsQuery;
use hissab::ledger::transaction::{Number, Status, Tag, Voucher};
use jiff::civil::{Date, date};
use uuid::Uuid;

use crate::books::{ACCOUNTS, Shop, day, dec, draft, priced};

/// Identities of the source rows of [`rich_shop`].
const IDENTITIES: &[i64] = &[-7, 11, 12, 13];

/// Beginnings of words that its texts have, and one that they have not.
const WORDS: &[&str] = &[
    "counter", "sale", "dollar", "te", "rent", "upi", "invoice", "44", "ramesh", "shop", "note",
    "zzz",
];

fn target(number: u64) -> Target {
    Target::Number(Number(number))
}

fn tag(name: &str, value: &str) -> Tag {
    Tag {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

/// Prices, voids, amendments, undone operations, imports, tags, assertions, contacts, locks, keys.
pub fn rich_shop() -> Shop {
    let mut shop = Shop::new();
    postings(&mut shop);
    corrections(&mut shop);
    chart(&mut shop);
    imports(&mut shop);
    let id = shop.id();
    let rent = draft(
        id,
        day(4, 20),
        "Rent by key",
        &[("Expenses:Rent", "10.00"), ("Assets:Cash", "-10.00")],
    );
    shop.once("rent-april", 9, vec![Change::Post(rent)])
        .unwrap();
    shop.write(
        "locked",
        vec![Change::Setting {
            name: "locked_to".to_owned(),
            value: Some("2026-03-31".to_owned()),
        }],
    )
    .unwrap();
    shop.proves();
    shop
}

fn postings(shop: &mut Shop) {
    for n in 1..=6 {
        let amount = format!("{n}50.00");
        shop.post(
            day(4, n),
            "Counter sale",
            &[
                ("Assets:Cash", &amount),
                ("Income:Sales", &format!("-{amount}")),
            ],
        );
    }
    let mut dollars = draft(shop.id(), day(4, 9), "Dollars bought", &[]);
    dollars.entries = vec![
        priced("Assets:Bank:HDFC", "12.00", "USD", Some(("83.10", "INR"))),
        priced("Assets:Cash", "-997.20", "INR", None),
    ];
    dollars.metadata = vec![("source".to_owned(), "airport".to_owned())];
    let mut invoice = draft(shop.id(), day(4, 10), "Invoice 44", &[]);
    invoice.payee = Some("Ramesh".to_owned());
    invoice.reference = Some("INV-44".to_owned());
    invoice.due = Some(day(5, 10));
    invoice.status = Status::Cleared;
    invoice.tags = vec![tag("shop", "north"), tag("gst", "")];
    invoice.entries = vec![
        DraftEntry {
            account: "Assets:Receivable:Ramesh".into(),
            amount: Some(dec("1180.00")),
            memo: Some("a note on the entry".to_owned()),
            tags: vec![tag("line", "1")],
            ..DraftEntry::default()
        },
        DraftEntry {
            account: "Income:Sales".into(),
            ..DraftEntry::default()
        },
    ];
    let mut closing = draft(
        shop.id(),
        day(3, 31),
        "Year end",
        &[("Income:Sales", "5.00"), ("Equity:Capital", "-5.00")],
    );
    closing.voucher = Some(Voucher::Closing);
    for draft in [dollars, invoice, closing] {
        shop.write("posted", vec![Change::Post(draft)]).unwrap();
    }
}

fn corrections(shop: &mut Shop) {
    let amended = draft(
        1,
        day(4, 3),
        "Tea, not a sale",
        &[("Expenses:Tea", "45.00"), ("Assets:Cash", "-45.00")],
    );
    shop.write(
        "amended",
        vec![Change::Amend {
            target: target(2),
            if_version: None,
            draft: amended,
        }],
    )
    .unwrap();
    let void = |number| Change::Void {
        target: target(number),
        if_version: None,
        reason: Some("entered twice".to_owned()),
    };
    shop.write("voided", vec![void(3)]).unwrap();
    shop.write("voided", vec![void(4)]).unwrap();
    shop.write("reinstated", vec![Change::Reinstate { target: target(4) }])
        .unwrap();
    let mut reversal = draft(
        shop.id(),
        day(4, 12),
        "Reversal of 5",
        &[("Assets:Cash", "-550.00"), ("Income:Sales", "550.00")],
    );
    reversal.reverses = Some(Number(5));
    shop.write("reversed", vec![Change::Post(reversal)])
        .unwrap();
    shop.post(
        day(4, 13),
        "Undone",
        &[("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")],
    );
    shop.write(
        "undone",
        vec![Change::Undo {
            operation: None,
            on: None,
        }],
    )
    .unwrap();
}

fn chart(shop: &mut Shop) {
    let key = |shop: &mut Shop, path: &str| -> AccountKey {
        shop.book.chart().unwrap().find(path).unwrap().key
    };
    let ramesh = key(shop, "Assets:Receivable:Ramesh");
    let patch = AccountPatch {
        code: Some(Some("1200".to_owned())),
        aliases: Some(vec!["rk".to_owned()]),
        contact: Some(Contact {
            phone: Some("+91 98".to_owned()),
            email: Some("r@example.com".to_owned()),
            tax_id: Some("27AAACR".to_owned()),
            address: Some("Pune".to_owned()),
            credit_limit: Some(dec("5000")),
        }),
        note: Some(Some("pays late".to_owned())),
        ..AccountPatch::default()
    };
    let tea = key(shop, "Expenses:Tea");
    let renamed = AccountPatch {
        path: Some("Expenses:Tea and snacks".into()),
        ..AccountPatch::default()
    };
    let closed = AccountPatch {
        closed_on: Some(Some(day(4, 30))),
        ..AccountPatch::default()
    };
    let suspense = key(shop, "Liabilities:Suspense");
    for (account, patch) in [(ramesh, patch), (tea, renamed), (suspense, closed)] {
        shop.write("account-set", vec![Change::SetAccount { account, patch }])
            .unwrap();
    }
    let price = |on: Date, rate: &str| {
        Change::Price(PriceChange {
            on,
            commodity: "USD".into(),
            currency: "INR".into(),
            rate: Some(dec(rate)),
        })
    };
    let setting = |value: Option<&str>| Change::Setting {
        name: "cash".to_owned(),
        value: value.map(str::to_owned),
    };
    let id = shop.id();
    let assertion = Assertion {
        id: Uuid::from_u128(id),
        on: day(4, 9),
        account: "Assets:Bank:HDFC".into(),
        currency: "USD".into(),
        amount: dec("12.00"),
        subaccounts: false,
        source: "statement".to_owned(),
        withdrawn: false,
    };
    for change in [
        price(day(4, 1), "83.25"),
        price(day(4, 8), "84"),
        setting(Some("Assets:Cash")),
        setting(None),
        Change::Assertion(assertion),
        Change::Accept {
            code: "cash-negative".to_owned(),
            reference: "Assets:Cash".to_owned(),
            reason: "an overdraft".to_owned(),
        },
    ] {
        shop.write("set", vec![change]).unwrap();
    }
}

fn imports(shop: &mut Shop) {
    for (file, identities) in [
        ("april.csv", &IDENTITIES[..3]),
        ("may.csv", &IDENTITIES[3..]),
    ] {
        let mut changes = vec![Change::Import(ImportBatch {
            id: Uuid::from_u128(shop.id()),
            file: file.to_owned(),
            sha256: [7; 32],
            format: "csv".to_owned(),
            account: Some("Assets:Bank:HDFC".into()),
            skipped: 1,
        })];
        for (line, identity) in identities.iter().enumerate() {
            changes.push(Change::Post(draft(
                shop.id(),
                day(4, 15),
                "UPI tea",
                &[
                    ("Expenses:Tea and snacks", "2.00"),
                    ("Assets:Bank:HDFC", "-2.00"),
                ],
            )));
            changes.push(Change::SourceRow(SourceRow {
                identity: *identity,
                line: line as u64 + 2,
                number: None,
                raw: Some(format!("15/04/26,UPI tea {identity},2.00,Dr")),
            }));
        }
        shop.write("imported", changes).unwrap();
    }
    let may = shop.book.imports().unwrap()[1].head.id;
    shop.write("import-undone", vec![Change::UndoImport { batch: may }])
        .unwrap();
}

/// Everything that the port can read, as text.
///
/// Errors: the first of any read.
pub fn everything(book: &mut dyn Book) -> Result<String> {
    let mut text = String::new();
    let mut put = |what: &str, value: &dyn std::fmt::Debug| {
        writeln!(text, "{what}: {value:?}").unwrap();
    };
    let info = book.info()?;
    let last = info.transactions;
    put("info", &info);
    let chart = book.chart()?;
    put("accounts", &chart.accounts());
    put("currencies", &chart.currencies());
    put("prices", &book.prices()?);
    put("assertions", &book.assertions()?);
    put("imports", &book.imports()?);
    put("known rows", &book.known_rows(IDENTITIES)?);
    for cuts in [
        vec![Date::MIN, Date::MAX],
        vec![Date::MIN, day(4, 10)],
        vec![day(4, 1), day(4, 5), day(4, 15), day(5, 1)],
        vec![date(2025, 4, 1), date(2026, 4, 1), date(2027, 4, 1)],
    ] {
        let query = TotalsQuery {
            cuts,
            accounts: None,
        };
        put("totals", &book.totals(&query)?);
    }
    for scan in scans() {
        put("scan", &scan);
        book.scan(&scan, &mut |t| {
            put("", &t);
            ControlFlow::Continue(())
        })?;
    }
    for number in 1..=last.min(1_000) {
        let found = book.find(target(number))?;
        if let Some(found) = &found {
            put("by id", &book.find(Target::Id(found.id))?.map(|t| t.number));
        }
        put("found", &found);
        put("history", &book.history(target(number))?);
    }
    put("audit", &book.audit(&AuditQuery::default())?);
    for (who, action) in [(Some("asha"), None), (None, Some("voided"))] {
        let query = AuditQuery {
            who: who.map(str::to_owned),
            action: action.map(str::to_owned),
            ..AuditQuery::default()
        };
        let found = book.audit(&query)?;
        put(
            "audit",
            &found.iter().map(|e| e.record.sequence).collect::<Vec<_>>(),
        );
    }
    Ok(text)
}

fn scans() -> Vec<Scan> {
    let mut scans = vec![
        Scan {
            voided: Voided::Show,
            ..Scan::default()
        },
        Scan {
            order: Order::NewestFirst,
            ..Scan::default()
        },
        Scan {
            from: Some(day(4, 3)),
            until: Some(day(4, 11)),
            limit: Some(4),
            ..Scan::default()
        },
    ];
    scans.extend((1..=ACCOUNTS.len() as u32).map(|key| Scan {
        accounts: Some(vec![AccountKey(key)]),
        voided: Voided::Show,
        ..Scan::default()
    }));
    scans.extend(WORDS.iter().map(|word| Scan {
        words: vec![(*word).to_owned()],
        ..Scan::default()
    }));
    scans
}
