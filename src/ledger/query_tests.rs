//! Tests of queries: reading, joining, matching, and what they say of terms that find nothing.

use super::*;
use crate::ledger::account::AccountKey;
use crate::ledger::change::NewAccount;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::fiscal::FiscalStart;
use crate::ledger::settings::DateOrder;
use crate::ledger::transaction::{EntryDetail, Number, State, Tag, TransactionId, VIRTUAL_TAG};
use jiff::civil::date;
use proptest::prelude::*;
use uuid::Uuid;

#[path = "query_fault_tests.rs"]
mod faults;

const CTX: DateContext = DateContext {
    today: date(2026, 7, 15),
    order: DateOrder::Dmy,
    fiscal: FiscalStart::APRIL,
};

const PATHS: [&str; 9] = [
    "Assets:Cash",
    "Assets:Bank:HDFC",
    "Assets:Receivable:Ramesh",
    "Liabilities:Payable:Gupta Traders",
    "Equity:Conversion",
    "Income:Sales",
    "Expenses:Food:Tea",
    "Expenses:Rent",
    "Equity:Virtual",
];

fn chart() -> Chart {
    let account = |(index, path): (usize, &&str)| {
        let key = u32::try_from(index).unwrap() + 1;
        let new = NewAccount::at(Uuid::from_u128(key.into()), *path);
        new.into_account(AccountKey(key))
    };
    let currency = |key: u16, code: &str, symbol: &str| Currency {
        key: CurrencyKey(key),
        code: code.into(),
        scale: 2,
        symbol: Some(symbol.into()),
        name: None,
    };
    Chart::new(
        PATHS.iter().enumerate().map(account).collect(),
        vec![currency(1, "INR", "₹"), currency(2, "USD", "$")],
    )
}

fn key_of(path: &str) -> AccountKey {
    AccountKey(u32::try_from(PATHS.iter().position(|p| *p == path).unwrap()).unwrap() + 1)
}

fn entry(path: &str, minor: i64) -> Entry {
    Entry {
        account: key_of(path),
        currency: CurrencyKey(1),
        minor,
        detail: None,
    }
}

fn transaction(
    number: u64,
    on: jiff::civil::Date,
    description: &str,
    entries: Vec<Entry>,
) -> Transaction {
    Transaction {
        id: TransactionId(Uuid::from_u128(number.into())),
        number: Number(number),
        version: 1,
        state: State::Live,
        date: on,
        voucher: Voucher::Journal,
        status: Status::Unmarked,
        description: description.into(),
        payee: None,
        reference: None,
        due: None,
        tags: Vec::new(),
        metadata: Vec::new(),
        reverses: None,
        reversed_by: None,
        entries,
    }
}

fn tag(name: &str, value: &str) -> Tag {
    Tag {
        name: name.into(),
        value: value.into(),
    }
}

/// 1: tea, 2: rent, 3: a sale to Ramesh in dollars, 4: a purchase.
fn transactions() -> Vec<Transaction> {
    let tea = Transaction {
        voucher: Voucher::Payment,
        status: Status::Cleared,
        reference: Some("B-17".into()),
        tags: vec![tag("project", "blue")],
        ..transaction(
            1,
            date(2026, 4, 5),
            "Cafe Coffee | morning tea",
            vec![
                entry("Expenses:Food:Tea", 12_000),
                entry("Assets:Cash", -12_000),
            ],
        )
    };
    let mut bank = entry("Assets:Bank:HDFC", -1_200_000);
    bank.detail = Some(Box::new(EntryDetail {
        status: Status::Pending,
        tags: vec![tag("cheque", "000124")],
        ..EntryDetail::default()
    }));
    let rent = Transaction {
        payee: Some("Mohan".into()),
        tags: vec![tag("date2", "2026-05-01"), tag("project", "red")],
        ..transaction(
            2,
            date(2026, 4, 30),
            "Rent, April",
            vec![entry("Expenses:Rent", 1_200_000), bank],
        )
    };
    let mut sale = transaction(
        3,
        date(2026, 5, 2),
        "Sale",
        vec![
            entry("Assets:Receivable:Ramesh", 5_000),
            entry("Income:Sales", -5_000),
        ],
    );
    sale.entries
        .iter_mut()
        .for_each(|e| e.currency = CurrencyKey(2));
    sale.voucher = Voucher::Sales;
    let mut budget = vec![
        entry("Liabilities:Payable:Gupta Traders", -100),
        entry("Equity:Virtual", 100),
    ];
    for entry in &mut budget {
        entry.detail = Some(Box::new(EntryDetail {
            tags: vec![tag(VIRTUAL_TAG, "unbalanced")],
            ..EntryDetail::default()
        }));
    }
    let purchase = transaction(4, date(2026, 5, 3), "Budget", budget);
    vec![tea, rent, sale, purchase]
}

fn query(words: &[&str]) -> Query {
    let words: Vec<String> = words.iter().map(|w| w.to_string()).collect();
    Query::parse(&words, &CTX).unwrap_or_else(|error| panic!("{error}"))
}

/// The numbers of the transactions that match.
fn matched(words: &[&str]) -> Vec<u64> {
    let (query, chart) = (query(words), chart());
    transactions()
        .iter()
        .filter(|t| query.matches_transaction(t, &chart))
        .map(|t| t.number.0)
        .collect()
}

/// The accounts of the entries that match.
fn entries(words: &[&str]) -> Vec<String> {
    let (query, chart) = (query(words), chart());
    let mut found = Vec::new();
    for transaction in &transactions() {
        for entry in transaction
            .entries
            .iter()
            .filter(|e| query.matches_entry(transaction, e, &chart))
        {
            found.push(chart.account(entry.account).name().to_string());
        }
    }
    found
}

#[test]
fn each_prefix_looks_where_it_says() {
    for (term, want) in [
        ("tea", &[1][..]),
        ("TEA", &[1]),
        ("acct:^expenses", &[1, 2]),
        ("expenses:food", &[1]),
        ("tea$|rent$", &[1, 2]),
        ("desc:april", &[2]),
        ("desc:cafe.*tea", &[1]),
        ("payee:coffee", &[1]),
        ("payee:morning", &[]),
        ("payee:mohan", &[2]),
        ("note:morning", &[1]),
        ("note:cafe", &[]),
        ("note:sale", &[3]),
        ("code:b-1", &[1]),
        ("cur:INR", &[1, 2, 4]),
        ("cur:inr", &[1, 2, 4]),
        ("cur:IN", &[]),
        ("cur:$", &[3]),
        ("cur:\\$", &[3]),
        ("sym:USD", &[3]),
        ("amt:120", &[1]),
        ("amt:>1000", &[2]),
        ("amt:>=120", &[1, 2]),
        ("amt:< 1.005", &[4]),
        ("amt:>+1000", &[2]),
        ("amt:<-1000", &[2]),
        ("amt: > + 1000 ", &[2]),
        ("amt:=-50", &[3]),
        ("amt:>12,000", &[]),
        ("amt:1.2k", &[]),
        ("date:2026-04", &[1, 2]),
        ("date:from 2026-05-01", &[3, 4]),
        ("date:5/4", &[1]),
        ("date:fy2025-26", &[]),
        ("date2:2026-05", &[2, 3, 4]),
        ("tag:project", &[1, 2]),
        ("tag:proj=bl", &[1]),
        ("tag:cheque=124", &[2]),
        ("tag:.=^red$", &[2]),
        ("tag:.=unbalanced", &[]),
        ("type:x", &[1, 2]),
        ("type:C", &[1, 2]),
        ("type:cash", &[1]),
        ("type:bank,receivable", &[2, 3]),
        ("type:income", &[3]),
        ("type:LE", &[4]),
        ("type:V", &[]),
        ("status:*", &[1]),
        ("status:cleared", &[1]),
        ("status:", &[2, 3, 4]),
        ("voucher:sales", &[3]),
        ("voucher:Sales,payment", &[1, 3]),
        ("real:", &[1, 2, 3]),
        ("real:0", &[4]),
        ("not:tea", &[2, 3, 4]),
        ("not:not:tea", &[1]),
        ("not:desc:rent", &[1, 3, 4]),
        ("not:date:2026-04", &[3, 4]),
        ("", &[1, 2, 3, 4]),
    ] {
        assert_eq!(matched(&[term]), want, "{term}");
    }
    assert_eq!(matched(&[]), [1, 2, 3, 4]);
}

#[test]
fn the_same_type_is_alternatives_and_different_types_must_all_hold() {
    for (words, want) in [
        (&["tea", "rent"][..], &[1, 2][..]),
        (&["tea", "rent", "desc:april"], &[2]),
        (&["desc:april", "desc:sale"], &[2, 3]),
        (&["payee:mohan", "payee:sale"], &[2, 3]),
        (&["cur:INR", "cur:USD", "expenses"], &[1, 2]),
        (&["status:*", "status:!"], &[1]),
        (&["voucher:sales", "voucher:payment"], &[1, 3]),
        (&["amt:>1", "amt:<200"], &[1, 3]),
        (&["date:2026-04", "date:from 2026-04-20"], &[2]),
        (&["tag:project=blue", "tag:project=red"], &[1, 2]),
        (&["tag:project", "tag:cheque"], &[2]),
        (&["expenses", "not:rent"], &[1]),
        (&["not:tea", "not:rent"], &[3, 4]),
    ] {
        assert_eq!(matched(words), want, "{words:?}");
    }
}

#[test]
fn entries_are_matched_by_themselves() {
    assert_eq!(entries(&["tea"]), ["Tea"]);
    assert_eq!(entries(&["desc:rent"]), ["Rent", "HDFC"]);
    assert_eq!(entries(&["desc:rent", "amt:<0"]), ["HDFC"]);
    assert_eq!(
        entries(&["status:!"]),
        ["HDFC"],
        "an entry's own mark is before its transaction's"
    );
    assert_eq!(entries(&["tag:cheque"]), ["HDFC"]);
    assert_eq!(entries(&["tag:project=red", "not:rent"]), ["HDFC"]);
    assert_eq!(entries(&["real:0"]), ["Gupta Traders", "Virtual"]);
    assert_eq!(entries(&["type:A", "not:type:C"]), ["Ramesh"]);
}

#[test]
fn boolean_expressions_join_terms() {
    for (text, want) in [
        ("expr:tea or rent", &[1, 2][..]),
        ("expr:tea OR desc:sale", &[1, 3]),
        ("expr:cash AND expenses", &[1]),
        ("expr:not tea", &[2, 3, 4]),
        ("expr:not (tea or rent)", &[3, 4]),
        ("expr:not:(tea or rent)", &[3, 4]),
        ("expr:not not tea", &[1]),
        ("expr:expenses and not desc:\"Rent, April\"", &[1]),
        ("expr:desc:'Cafe Coffee' or 'gupta traders'", &[1, 4]),
        ("expr:tea rent", &[1, 2]),
        ("expr:((tea) or (rent and date:2026-05))", &[1]),
        ("expr:date:2026-05 or tea", &[1, 3, 4]),
        ("expr:acct:(tea|rent)", &[1, 2]),
        ("expr:tea or rent and desc:sale", &[1]),
        ("expr:(tea or rent) and amt:>1000", &[2]),
        ("not:expr:tea or rent", &[3, 4]),
        ("expr:nota", &[]),
        ("expr:\"not\"", &[]),
        // One entry on cash and one above zero, but no entry is both.
        ("expr:cash and amt:>0", &[1]),
        ("any:cash and amt:>0", &[]),
        ("any:cash and amt:<0", &[1]),
        ("all:tea or cash", &[1]),
        ("all:cash", &[]),
    ] {
        assert_eq!(matched(&[text]), want, "{text}");
    }
    let parsed = Query::parse_expression("expenses desc:rent date:2026-04", &CTX).unwrap();
    assert_eq!(parsed, query(&["expenses", "desc:rent", "date:2026-04"]));
}

#[test]
fn dates_intervals_and_depths_are_lifted_out() {
    let read = query(&[
        "expenses",
        "date:monthly from 2026-04-01",
        "date:to 2026-06",
        "depth:2",
        "depth:bank=3",
    ]);
    assert_eq!(
        read.period,
        Period::between(date(2026, 4, 1), date(2026, 6, 1))
    );
    assert_eq!(read.interval, Some(Interval::Months(1)));
    assert_eq!(read.depth.general, Some(2));
    assert_eq!(read.depth.for_path("Assets:Bank:HDFC:Current"), Some(3));
    assert_eq!(read.depth.for_path("Expenses:Food:Tea"), Some(2));
    assert_eq!(read.terms().len(), 1);
    assert!(read.is_account_only());
    let within = query(&["expr:date:2026-04 and food"]);
    assert_eq!(
        within.period,
        Period::between(date(2026, 4, 1), date(2026, 5, 1))
    );
    let not_lifted = query(&["expr:date:2026-04 or food", "not:depth:2"]);
    assert_eq!(
        (not_lifted.period, not_lifted.depth.is_none()),
        (Period::ALL, true)
    );
    assert!(query(&[""]).is_everything() && query(&[]).is_everything());
    assert!(!query(&["depth:2"]).is_everything());
}

#[test]
fn the_deepest_matching_depth_wins() {
    let read = query(&["depth:assets=1", "depth:savings=2", "depth:4"]);
    assert_eq!(read.depth.for_path("assets:bank:savings"), Some(2));
    assert_eq!(read.depth.for_path("assets:bank:current"), Some(1));
    assert_eq!(read.depth.for_path("expenses:food"), Some(4));
}

#[test]
fn totals_answer_what_accounts_and_currencies_decide() {
    let chart = chart();
    for (words, accounts_only, totals_only) in [
        (&["expenses", "not:rent"][..], true, true),
        (&["type:A", "depth:2", "date:2026"], true, true),
        (&["expenses", "cur:INR"], false, true),
        (&["desc:tea"], false, false),
        (&["expr:tea or amt:>5"], false, false),
        (&[], true, true),
    ] {
        let read = query(words);
        assert_eq!(
            (read.is_account_only(), read.is_totals_only()),
            (accounts_only, totals_only),
            "{words:?}"
        );
    }
    let read = query(&["expenses", "not:rent", "cur:INR"]);
    let matcher = read.matcher(&chart);
    assert!(matcher.total(key_of("Expenses:Food:Tea"), CurrencyKey(1)));
    assert!(!matcher.total(key_of("Expenses:Food:Tea"), CurrencyKey(2)));
    assert!(!matcher.total(key_of("Expenses:Rent"), CurrencyKey(1)));
    assert!(
        !matcher.total(AccountKey(99), CurrencyKey(1)),
        "an account that came later"
    );
    assert_eq!(matcher.accounts(), Some(vec![key_of("Expenses:Food:Tea")]));
}

#[test]
fn accounts_are_narrowed_only_by_what_is_sure() {
    let chart = chart();
    let accounts = |words: &[&str]| {
        query(words)
            .matcher(&chart)
            .accounts()
            .map(|keys| keys.len())
    };
    assert_eq!(accounts(&["expenses", "desc:x"]), Some(2));
    assert_eq!(accounts(&["desc:x"]), None);
    assert_eq!(accounts(&["not:desc:x"]), None);
    assert_eq!(accounts(&["expr:expenses or desc:x"]), None);
    assert_eq!(accounts(&["nowhere"]), Some(0));
}

#[test]
fn colons_that_are_no_prefix_belong_to_account_paths() {
    assert_eq!(matched(&["Assets:Bank"]), [2]);
    assert_eq!(matched(&["gupta traders"]), [4]);
    assert_eq!(matched(&["DESC:april"]), [2], "prefixes in any case");
    assert_eq!(query(&["o'brien"]).terms()[0].source, "o'brien");
    assert_eq!(query(&["expr:o'brien"]).terms()[0].source, "o'brien");
}

fn any_term() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("tea".to_string()),
        Just("expenses".to_string()),
        Just("desc:rent".to_string()),
        Just("cur:USD".to_string()),
        Just("amt:>100".to_string()),
        Just("date:2026-04".to_string()),
        Just("type:C".to_string()),
        Just("status:*".to_string()),
        Just("tag:project".to_string()),
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,40}") {
        let _ = Query::parse(std::slice::from_ref(&text), &CTX);
        let _ = Query::parse_expression(&text, &CTX);
    }

    #[test]
    fn any_operators_are_read_or_refused(text in "(expr:|any:|not:)?([()'\"]| |and |or |not |desc:|tea|amt:>){0,20}") {
        let _ = Query::parse(std::slice::from_ref(&text), &CTX);
    }

    #[test]
    fn not_and_or_obey_the_laws_of_logic(a in any_term(), b in any_term()) {
        let chart = chart();
        let holds = |text: String, t: &Transaction| Query::parse_expression(&text, &CTX).unwrap().matches_transaction(t, &chart);
        for t in &transactions() {
            let (x, y) = (holds(a.clone(), t), holds(b.clone(), t));
            prop_assert_eq!(holds(format!("not {a}"), t), !x);
            prop_assert_eq!(holds(format!("{a} and {b}"), t), x && y);
            prop_assert_eq!(holds(format!("{a} or {b}"), t), x || y);
            prop_assert_eq!(holds(format!("not ({a} or {b})"), t), !x && !y);
            prop_assert_eq!(holds(format!("(not {a}) or (not {b})"), t), !(x && y));
        }
    }
}
