//! Literal flags, terms that find nothing, faulty terms.

use super::*;

#[test]
fn literal_flags_are_exact() {
    let chart = chart();
    let numbers = |filters: LiteralFilters| -> Vec<u64> {
        let query = Query::default().and_literally(&filters).unwrap();
        transactions()
            .iter()
            .filter(|t| query.matches_transaction(t, &chart))
            .map(|t| t.number.0)
            .collect()
    };
    let none = LiteralFilters::default;
    assert_eq!(numbers(none()), [1, 2, 3, 4]);
    assert_eq!(
        numbers(LiteralFilters {
            accounts: vec!["Expenses:Food".into()],
            ..none()
        }),
        [1]
    );
    assert_eq!(
        numbers(LiteralFilters {
            accounts: vec!["Expenses:Fo".into()],
            ..none()
        }),
        [0u64; 0]
    );
    assert_eq!(
        numbers(LiteralFilters {
            accounts: vec!["Expenses:Food".into(), "Income".into()],
            ..none()
        }),
        [1, 3]
    );
    assert_eq!(
        numbers(LiteralFilters {
            payees: vec!["cafe coffee".into()],
            ..none()
        }),
        [1]
    );
    assert_eq!(
        numbers(LiteralFilters {
            payees: vec!["cafe".into()],
            ..none()
        }),
        [0u64; 0]
    );
    assert_eq!(
        numbers(LiteralFilters {
            currencies: vec!["usd".into()],
            ..none()
        }),
        [3]
    );
    assert_eq!(
        numbers(LiteralFilters {
            currencies: vec!["₹".into(), "$".into()],
            ..none()
        }),
        [1, 2, 3, 4]
    );
    assert_eq!(
        numbers(LiteralFilters {
            vouchers: vec![Voucher::Sales, Voucher::Payment],
            ..none()
        }),
        [1, 3]
    );
    assert_eq!(
        numbers(LiteralFilters {
            statuses: vec![Status::Cleared, Status::Pending],
            ..none()
        }),
        [1]
    );
    assert_eq!(
        numbers(LiteralFilters {
            tags: vec![("Project".into(), Some("blue".into()))],
            ..none()
        }),
        [1]
    );
    assert_eq!(
        numbers(LiteralFilters {
            tags: vec![("project".into(), Some("blu".into()))],
            ..none()
        }),
        [0u64; 0]
    );
    let two = vec![
        ("project".into(), Some("blue".into())),
        ("project".into(), Some("red".into())),
        ("cheque".into(), None),
    ];
    assert_eq!(
        numbers(LiteralFilters {
            tags: two,
            ..none()
        }),
        [2]
    );
    let amounts = LiteralFilters {
        min: Some(Decimal::new(50, 0)),
        max: Some(Decimal::new(120, 0)),
        ..none()
    };
    assert_eq!(numbers(amounts.clone()), [1, 3]);
    assert_eq!(
        numbers(LiteralFilters {
            vouchers: vec![Voucher::Sales],
            ..amounts
        }),
        [3]
    );
}

#[test]
fn terms_that_find_nothing_are_named_with_what_is_near() {
    let chart = chart();
    let (payees, tags) = (
        vec!["Cafe Coffee".to_string(), "Mohan".to_string()],
        vec!["project".to_string()],
    );
    let known = Vocabulary {
        payees: Some(&payees),
        tags: Some(&tags),
        descriptions: None,
    };
    let near = |words: &[&str]| -> Vec<(String, Vec<String>)> {
        query(words)
            .unmatched(&chart, &known)
            .into_iter()
            .map(|u| (u.term, u.near))
            .collect()
    };
    let none: Vec<(String, Vec<String>)> = Vec::new();
    assert_eq!(
        near(&[
            "tea",
            "not:rent",
            "payee:coffee",
            "cur:INR",
            "tag:proj",
            "desc:whatever"
        ]),
        none
    );
    assert_eq!(
        near(&["hdcf"]),
        [("hdcf".to_string(), vec!["Assets:Bank:HDFC".to_string()])]
    );
    assert_eq!(near(&["not:hdcf"]).len(), 1);
    assert_eq!(
        near(&["expr:tea or payee:mohn"]),
        [("payee:mohn".to_string(), vec!["Mohan".to_string()])]
    );
    assert_eq!(
        near(&["cur:INS"]),
        [("cur:INS".to_string(), vec!["INR".to_string()])]
    );
    assert_eq!(
        near(&["tag:projekt"]),
        [("tag:projekt".to_string(), vec!["project".to_string()])]
    );
    assert_eq!(near(&["descr:tea"])[0].1[0], "desc:tea");
    let literal = LiteralFilters {
        payees: vec!["Mohn".into()],
        ..LiteralFilters::default()
    };
    let literal = Query::default()
        .and_literally(&literal)
        .unwrap()
        .unmatched(&chart, &known);
    assert_eq!(
        literal,
        [Unmatched {
            term: "--payee Mohn".into(),
            among: "payee",
            near: vec!["Mohan".into()]
        }]
    );
}

#[test]
fn faulty_terms_are_errors_with_hints() {
    let problem = |word: &str| match Query::parse(&[word.to_string()], &CTX) {
        Ok(query) => panic!("{word:?} was read as {query:?}"),
        Err(error) => {
            assert!(!error.hint().is_empty());
            (error.to_string(), error.hint())
        }
    };
    for (word, message) in [
        ("desc:(", "\"(\" is not a regular expression"),
        ("acct:[", "is not a regular expression"),
        ("amt:x", "is not an amount"),
        ("amt:", "it is empty"),
        ("amt:>$5", "without a currency"),
        ("amt:5 Cr", "without a currency"),
        ("amt:0.0000000000001", "more digits"),
        ("date:2026-13", "no month 13"),
        ("date:q1", "quarter 1 of which year"),
        ("date:2027 to 2026", "ends before it begins"),
        ("depth:x", "a depth is a number"),
        ("depth:-1", "a depth is a number"),
        ("type:Q", "no account type \"Q\""),
        ("type:", "no account type"),
        ("status:maybe", "no status \"maybe\""),
        ("voucher:recipt", "no voucher type \"recipt\""),
        ("real:2", "it is 1 or 0"),
        ("expr:", "it is empty"),
        ("expr:(a", "brackets do not pair"),
        ("expr:a)", "brackets do not pair"),
        ("expr:a and", "need a term"),
        ("expr:or a", "need a term"),
        ("expr:not", "need a term"),
        ("expr:desc:'a", "quote is left open"),
        ("any:(", "brackets do not pair"),
    ] {
        let (text, _) = problem(word);
        assert!(text.contains(message), "{word}: {text}");
    }
    assert_eq!(problem("voucher:recipt").1, "write voucher:receipt");
    assert_eq!(
        problem("desc:a(b").1,
        "to mean the characters themselves, write 'a\\(b'"
    );
    for word in [
        format!("expr:{}a{}", "(".repeat(100), ")".repeat(100)),
        "not:".repeat(100) + "a",
        "a".repeat(QUERY_BYTES_MAX + 1),
    ] {
        assert!(problem(&word).0.contains("too long or too deep"));
    }
}
