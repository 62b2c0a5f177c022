//! What every book does, whatever holds it: written once, run on each adapter (`adapters.rs`).

use hissab::book::{AuditQuery, Order, Scan, Voided};
use hissab::ledger::change::{
    AccountPatch, Change, CurrencyChange, ImportBatch, Meanwhile, OperationId, Repeat, SourceRow,
    Target, WriteMode,
};
use hissab::ledger::totals::TotalsQuery;
use hissab::ledger::transaction::{Number, Transaction};
use jiff::civil::Date;
use std::ops::ControlFlow;
use uuid::Uuid;

use crate::adapters::{Case, codes};
use crate::books::{day, draft, priced, unit_of};

crate::for_each_adapter!(
    a_posting_is_read_back_as_it_was_written,
    totals_cut_inside_a_month_read_the_entries_of_that_month_only,
    amending_keeps_number_and_id_and_the_old_content_in_the_log,
    a_void_leaves_every_balance_and_keeps_its_number_and_entries,
    the_same_id_twice_posts_once_and_with_other_content_conflicts,
    an_operation_repeats_safely_and_conflicts_with_other_postings,
    a_once_key_repeats_safely_and_conflicts_with_other_content,
    every_violation_is_reported_and_a_failed_unit_uses_no_number,
    units_of_one_commit_succeed_and_fail_apart,
    a_transaction_and_its_reversal_are_kept_together_and_taken_back_together,
    a_reversal_does_not_come_back_beside_what_was_amended_meanwhile,
    a_reversal_that_takes_back_something_else_is_refused,
    what_was_made_up_from_an_older_book_is_refused,
    a_dry_run_applies_every_rule_and_keeps_nothing,
    prices_balance_by_weight_and_leave_a_conversion,
    a_lock_refuses_both_old_and_new_dates_and_moves_back_only_with_a_reason,
    undo_walks_back_through_everything_and_stops_where_others_were,
    raising_a_scale_multiplies_what_is_stored_and_changes_no_hash,
    a_unit_sees_its_own_postings_when_it_changes_the_chart,
    words_are_found_folded_by_their_beginning_newest_first,
    a_bulk_import_is_one_record_sealed_and_taken_back_whole
);

fn sale(shop: &mut Case, amount: &str) -> u64 {
    shop.post(
        day(4, 2),
        "Counter sale",
        &[
            ("Assets:Cash", amount),
            ("Income:Sales", &format!("-{amount}")),
        ],
    )
}

fn target(number: u64) -> Target {
    Target::Number(Number(number))
}

fn all(shop: &mut Case, scan: &Scan) -> Vec<Transaction> {
    let mut found = Vec::new();
    shop.book
        .scan(scan, &mut |t| {
            found.push(t);
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

fn cash(shop: &mut Case, until: Option<Date>) -> i128 {
    let chart = shop.book.chart().unwrap();
    let key = chart.find("Assets:Cash").unwrap().key;
    let totals = shop.book.totals(&TotalsQuery::until(until)).unwrap();
    totals
        .rows
        .iter()
        .filter(|r| r.account == key)
        .map(|r| r.closing())
        .sum()
}

fn a_posting_is_read_back_as_it_was_written(shop: &mut Case) {
    let number = sale(shop, "500.00");
    let t = shop.book.find(target(number)).unwrap().unwrap();
    assert_eq!(
        (t.number.0, t.version, &*t.description, t.date),
        (1, 1, "Counter sale", day(4, 2))
    );
    assert_eq!(t.voucher.word(), "receipt");
    assert_eq!(
        t.entries.iter().map(|e| e.minor).collect::<Vec<_>>(),
        [50_000, -50_000]
    );
    assert_eq!(cash(shop, None), 50_000);
    shop.proves();
}

fn totals_cut_inside_a_month_read_the_entries_of_that_month_only(shop: &mut Case) {
    for (month, dom) in [(3, 31), (4, 1), (4, 2), (4, 15), (5, 1)] {
        shop.post(
            day(month, dom),
            "x",
            &[("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")],
        );
    }
    assert_eq!(cash(shop, Some(day(4, 1))), 100);
    assert_eq!(cash(shop, Some(day(4, 2))), 200);
    assert_eq!(cash(shop, Some(day(4, 16))), 400);
    assert_eq!(cash(shop, None), 500);
    let query = TotalsQuery {
        cuts: vec![day(4, 2), day(4, 10), day(5, 1)],
        accounts: None,
    };
    let totals = shop.book.totals(&query).unwrap();
    let row = &totals.rows[0];
    assert_eq!(
        (row.opening, row.spans[0].debit, row.spans[1].debit),
        (200, 100, 100)
    );
}

fn amending_keeps_number_and_id_and_the_old_content_in_the_log(shop: &mut Case) {
    let number = sale(shop, "500.00");
    let id = shop.book.find(target(number)).unwrap().unwrap().id;
    let new = draft(
        1,
        day(4, 3),
        "Counter sale, corrected",
        &[("Assets:Cash", "450.00"), ("Income:Sales", "-450.00")],
    );
    shop.write(
        "amended",
        vec![Change::Amend {
            target: target(number),
            if_version: Some(1),
            draft: new.clone(),
        }],
    )
    .unwrap();
    let t = shop.book.find(target(number)).unwrap().unwrap();
    assert_eq!((t.id, t.version, t.date), (id, 2, day(4, 3)));
    assert_eq!(cash(shop, None), 45_000);
    let history = shop.book.history(target(number)).unwrap();
    assert_eq!(
        history
            .iter()
            .map(|v| v.transaction.entries[0].minor)
            .collect::<Vec<_>>(),
        [50_000, 45_000]
    );
    // The same again changes nothing and leaves no record.
    let done = shop
        .write(
            "amended",
            vec![Change::Amend {
                target: target(number),
                if_version: None,
                draft: new.clone(),
            }],
        )
        .unwrap();
    assert_eq!(done.repeat, Repeat::Nothing);
    // A stale version is a conflict.
    let stale = shop.write(
        "amended",
        vec![Change::Amend {
            target: target(number),
            if_version: Some(1),
            draft: new,
        }],
    );
    assert_eq!(codes(&stale.unwrap_err()), ["stale-version"]);
    shop.proves();
}

fn a_void_leaves_every_balance_and_keeps_its_number_and_entries(shop: &mut Case) {
    let number = sale(shop, "500.00");
    let void = || Change::Void {
        target: target(number),
        if_version: None,
        reason: Some("entered twice".to_owned()),
    };
    shop.write("voided", vec![void()]).unwrap();
    assert_eq!(cash(shop, None), 0);
    assert!(all(shop, &Scan::default()).is_empty());
    let shown = all(
        shop,
        &Scan {
            voided: Voided::Show,
            ..Scan::default()
        },
    );
    assert_eq!((shown.len(), shown[0].entries.len()), (1, 2));
    assert_eq!(
        shop.write("voided", vec![void()]).unwrap().repeat,
        Repeat::Nothing
    );
    shop.write(
        "reinstated",
        vec![Change::Reinstate {
            target: target(number),
        }],
    )
    .unwrap();
    assert_eq!(cash(shop, None), 50_000);
    assert_eq!(shop.book.history(target(number)).unwrap().len(), 3);
    shop.proves();
}

fn the_same_id_twice_posts_once_and_with_other_content_conflicts(shop: &mut Case) {
    let post = |amount: &str| {
        let credit = format!("-{amount}");
        vec![Change::Post(draft(
            5_000,
            day(4, 2),
            "Sale",
            &[("Assets:Cash", amount), ("Income:Sales", &credit)],
        ))]
    };
    assert_eq!(
        shop.write("posted", post("10.00")).unwrap().repeat,
        Repeat::New
    );
    let again = shop.write("posted", post("10.00")).unwrap();
    assert_eq!(
        (again.repeat, again.numbers),
        (Repeat::Already, vec![(1, 1)])
    );
    let other = shop.write("posted", post("11.00"));
    assert_eq!(codes(&other.unwrap_err()), ["id-conflict"]);
    // Still so after a void: a retry is compared with version 1.
    shop.write(
        "voided",
        vec![Change::Void {
            target: target(1),
            if_version: None,
            reason: None,
        }],
    )
    .unwrap();
    assert_eq!(
        shop.write("posted", post("10.00")).unwrap().repeat,
        Repeat::Already
    );
}

fn an_operation_repeats_safely_and_conflicts_with_other_postings(shop: &mut Case) {
    let entries = [("Assets:Cash", "5.00"), ("Income:Sales", "-5.00")];
    let posts = |ids: &[u128]| -> Vec<Change> {
        let post = |id: &u128| Change::Post(draft(*id, day(4, 2), "sale", &entries));
        ids.iter().map(post).collect()
    };
    let done = shop.again(7_000, posts(&[7_001, 7_002])).unwrap();
    assert_eq!(
        (done.repeat, done.numbers.clone()),
        (Repeat::New, vec![(1, 2)])
    );
    let repeated = shop.again(7_000, posts(&[7_001, 7_002])).unwrap();
    assert_eq!(
        (repeated.repeat, repeated.numbers),
        (Repeat::Already, done.numbers)
    );
    // Nobody is told that something else was recorded.
    for other in [&[7_003][..], &[7_001, 7_003]] {
        let refused = shop.again(7_000, posts(other)).unwrap_err();
        assert_eq!(codes(&refused), ["operation-reused"]);
    }
    assert_eq!(cash(shop, None), 1_000);
}

fn a_once_key_repeats_safely_and_conflicts_with_other_content(shop: &mut Case) {
    let change = |shop: &mut Case| {
        let id = shop.id();
        vec![Change::Post(draft(
            id,
            day(4, 2),
            "Rent",
            &[("Expenses:Rent", "10.00"), ("Assets:Cash", "-10.00")],
        ))]
    };
    let first = change(shop);
    assert_eq!(
        shop.once("rent-april", 1, first).unwrap().repeat,
        Repeat::New
    );
    let second = change(shop);
    let again = shop.once("rent-april", 1, second).unwrap();
    assert_eq!(
        (again.repeat, again.numbers),
        (Repeat::Already, vec![(1, 1)])
    );
    let third = change(shop);
    let other = shop.once("rent-april", 2, third);
    assert_eq!(codes(&other.unwrap_err()), ["once-conflict"]);
    // The same request sent again has the same operation, and ids that were made anew.
    let made = change(shop);
    let first = shop.once_as(8_000, "rent-may", 3, made).unwrap();
    let made = change(shop);
    let again = shop.once_as(8_000, "rent-may", 3, made).unwrap();
    assert_eq!(
        (first.repeat, again.repeat, again.numbers),
        (Repeat::New, Repeat::Already, first.numbers)
    );
}

fn every_violation_is_reported_and_a_failed_unit_uses_no_number(shop: &mut Case) {
    let bad = draft(
        1,
        day(4, 2),
        "Bad",
        &[("Assets:Cash", "10.001"), ("Income:Nope", "-9.00")],
    );
    let refused = shop.write("posted", vec![Change::Post(bad)]);
    assert_eq!(
        codes(&refused.unwrap_err()),
        ["too-precise", "unknown-account"]
    );
    assert_eq!(sale(shop, "1.00"), 1);
}

fn units_of_one_commit_succeed_and_fail_apart(shop: &mut Case) {
    let good = vec![Change::Post(draft(
        501,
        day(4, 2),
        "a",
        &[("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")],
    ))];
    let bad = vec![Change::Post(draft(
        502,
        day(4, 2),
        "b",
        &[("Assets:Cash", "1.00"), ("Income:Sales", "-2.00")],
    ))];
    // Its first posting is written when its second is refused.
    let half = vec![
        good_draft(503, "9.00"),
        Change::Post(draft(
            504,
            day(4, 2),
            "d",
            &[("Assets:Cash", "1.00"), ("Income:Nope", "-1.00")],
        )),
    ];
    let also = vec![good_draft(505, "3.00")];
    let units = [
        unit_of(1_001, "posted", "asha", &good),
        unit_of(1_002, "posted", "asha", &bad),
        unit_of(1_003, "posted", "asha", &half),
        unit_of(1_004, "posted", "asha", &also),
    ];
    let outcomes = shop.book.write(&units, WriteMode::Commit).unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap().numbers, [(1, 1)]);
    assert!(outcomes[1].is_err());
    assert!(outcomes[2].is_err());
    assert_eq!(outcomes[3].as_ref().unwrap().numbers, [(2, 2)]);
    assert_eq!(cash(shop, None), 400);
    shop.proves();
}

fn a_transaction_and_its_reversal_are_kept_together_and_taken_back_together(shop: &mut Case) {
    let batch = Uuid::from_u128(77);
    let row = |line| {
        Change::SourceRow(SourceRow {
            identity: line as i64,
            line,
            number: None,
            raw: None,
        })
    };
    let mut reversal = draft(
        602,
        day(4, 3),
        "back",
        &[("Income:Sales", "5.00"), ("Assets:Cash", "-5.00")],
    );
    reversal.reverses = Some(Number(1));
    let import = vec![
        Change::Import(ImportBatch {
            id: batch,
            file: "book.journal".to_owned(),
            sha256: [7; 32],
            format: "journal".to_owned(),
            account: None,
            skipped: 0,
        }),
        good_draft(601, "5.00"),
        row(1),
        Change::Post(reversal),
        row(2),
        good_draft(603, "7.00"),
        row(3),
    ];
    shop.write("imported", import).unwrap();
    let amend = |number: u64, amount: &str, income: &str, text: &str| {
        let (of, to) = match number {
            1 => (amount.to_owned(), format!("-{amount}")),
            _ => (format!("-{amount}"), amount.to_owned()),
        };
        let entries = [("Assets:Cash", of.as_str()), (income, to.as_str())];
        Change::Amend {
            target: Target::Number(Number(number)),
            if_version: None,
            draft: draft(600 + u128::from(number), day(4, 2), text, &entries),
        }
    };
    for number in [1, 2] {
        for (amount, income) in [("6.00", "Income:Sales"), ("5.00", "Expenses:Tea")] {
            let refused = shop.write("amended", vec![amend(number, amount, income, "sale")]);
            assert_eq!(codes(&refused.unwrap_err()), ["already-reversed"]);
        }
        let same = amend(number, "5.00", "Income:Sales", "a sale");
        shop.write("amended", vec![same]).unwrap();
    }
    // Together they may become anything, as they do where accounts are merged.
    let both = |income| [1, 2].map(|number| amend(number, "5.00", income, "a sale"));
    shop.write("amended", both("Expenses:Tea").into()).unwrap();
    let undo = Change::Undo {
        operation: None,
        on: None,
    };
    shop.write("undone", vec![undo]).unwrap();
    let alone = Change::Void {
        target: Target::Number(Number(1)),
        if_version: None,
        reason: None,
    };
    let refused = shop.write("voided", vec![alone]);
    assert_eq!(codes(&refused.unwrap_err()), ["already-reversed"]);
    shop.write("import-undone", vec![Change::UndoImport { batch }])
        .unwrap();
    assert_eq!(cash(shop, None), 0);
    shop.proves();
    let last = AuditQuery {
        last: Some(1),
        ..AuditQuery::default()
    };
    let entry = shop.book.audit(&last).unwrap().remove(0);
    assert_eq!(entry.record.numbers, [(1, 3)]);
    // Three in a row are said as one range, whatever reverses what.
    let voided = hissab::book::LoggedChange::Voided { first: 1, last: 3 };
    assert!(entry.changes.contains(&voided), "{:?}", entry.changes);
}

fn a_reversal_does_not_come_back_beside_what_was_amended_meanwhile(shop: &mut Case) {
    shop.write("posted", vec![good_draft(801, "5.00")]).unwrap();
    let back = [("Income:Sales", "5.00"), ("Assets:Cash", "-5.00")];
    let mut reversal = draft(802, day(4, 3), "back", &back);
    reversal.reverses = Some(Number(1));
    shop.write("reversed", vec![Change::Post(reversal)])
        .unwrap();
    let void = Change::Void {
        target: Target::Number(Number(2)),
        if_version: None,
        reason: None,
    };
    shop.again(9_001, vec![void]).unwrap();
    let more = [("Assets:Cash", "7.00"), ("Income:Sales", "-7.00")];
    let amend = Change::Amend {
        target: Target::Number(Number(1)),
        if_version: None,
        draft: draft(801, day(4, 2), "sale", &more),
    };
    shop.again(9_002, vec![amend]).unwrap();
    let undo = |operation| {
        vec![Change::Undo {
            operation: Some(OperationId(Uuid::from_u128(operation))),
            on: None,
        }]
    };
    let refused = shop.write("undone", undo(9_001)).unwrap_err();
    assert_eq!(codes(&refused), ["changed-since"]);
    shop.write("undone", undo(9_002)).unwrap();
    shop.write("undone", undo(9_001)).unwrap();
    assert_eq!(cash(shop, None), 0);
    shop.proves();
}

fn a_reversal_that_takes_back_something_else_is_refused(shop: &mut Case) {
    shop.write("posted", vec![good_draft(811, "5.00")]).unwrap();
    let back = |id, entries: &[(&str, &str)]| {
        let mut reversal = draft(id, day(4, 3), "back", entries);
        reversal.reverses = Some(Number(1));
        vec![Change::Post(reversal)]
    };
    for entries in [
        [("Income:Sales", "4.00"), ("Assets:Cash", "-4.00")],
        [("Income:Sales", "-5.00"), ("Assets:Cash", "5.00")],
        [("Expenses:Tea", "5.00"), ("Assets:Cash", "-5.00")],
    ] {
        let refused = shop.write("reversed", back(812, &entries)).unwrap_err();
        assert_eq!(codes(&refused), ["reversal-differs"], "{entries:?}");
    }
    assert_eq!(cash(shop, None), 500);
    // In parts it is the same.
    let parts = [
        ("Income:Sales", "2.00"),
        ("Assets:Cash", "-5.00"),
        ("Income:Sales", "3.00"),
    ];
    shop.write("reversed", back(812, &parts)).unwrap();
    assert_eq!(cash(shop, None), 0);
    shop.proves();
}

fn what_was_made_up_from_an_older_book_is_refused(shop: &mut Case) {
    let stands = shop.book.info().unwrap().sequence;
    let unless = |since, written| Change::Unless { since, written };
    let import = |id: u128| {
        Change::Import(ImportBatch {
            id: Uuid::from_u128(id),
            file: "april.csv".to_owned(),
            sha256: [7; 32],
            format: "csv".to_owned(),
            account: None,
            skipped: 0,
        })
    };
    let anything = vec![unless(stands, Meanwhile::Anything), good_draft(701, "1.00")];
    let imports = |id, batch| {
        vec![
            unless(stands, Meanwhile::Imports),
            import(batch),
            good_draft(id, "2.00"),
        ]
    };
    let numbers = shop.write("posted", anything.clone()).unwrap().numbers;
    assert_eq!(numbers, [(1, 1)]);
    let refused = shop.write("posted", anything).unwrap_err();
    assert_eq!(codes(&refused), ["written-meanwhile"]);
    // A posting is no import; the next import is.
    shop.write("imported", imports(702, 77)).unwrap();
    let refused = shop.write("imported", imports(703, 78)).unwrap_err();
    assert_eq!(codes(&refused), ["written-meanwhile"]);
    let since = shop.book.info().unwrap().sequence;
    let undo = vec![Change::UndoImport {
        batch: Uuid::from_u128(77),
    }];
    shop.write("import-undone", undo).unwrap();
    let late = vec![
        unless(since, Meanwhile::Imports),
        import(79),
        good_draft(704, "2.00"),
    ];
    let refused = shop.write("imported", late).unwrap_err();
    assert_eq!(codes(&refused), ["written-meanwhile"]);
    assert_eq!(cash(shop, None), 100);
    let last = AuditQuery {
        last: Some(1),
        ..AuditQuery::default()
    };
    let entry = shop.book.audit(&last).unwrap().remove(0);
    assert_eq!(entry.record.action, "import-undone");
    shop.proves();
}

fn good_draft(id: u128, amount: &str) -> Change {
    let from = format!("-{amount}");
    let entries = [("Assets:Cash", amount), ("Income:Sales", from.as_str())];
    Change::Post(draft(id, day(4, 2), "sale", &entries))
}

fn a_dry_run_applies_every_rule_and_keeps_nothing(shop: &mut Case) {
    let changes = vec![Change::Post(draft(
        501,
        day(4, 2),
        "a",
        &[("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")],
    ))];
    let outcomes = shop
        .book
        .write(
            &[unit_of(1_001, "posted", "asha", &changes)],
            WriteMode::DryRun,
        )
        .unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap().numbers, [(1, 1)]);
    assert_eq!(shop.book.info().unwrap().transactions, 0);
}

fn prices_balance_by_weight_and_leave_a_conversion(shop: &mut Case) {
    let mut buy = draft(501, day(4, 2), "Dollars", &[]);
    buy.entries = vec![
        priced("Assets:Bank:HDFC", "100.00", "USD", Some(("83.125", "INR"))),
        priced("Assets:Cash", "-8312.50", "INR", None),
    ];
    shop.write("posted", vec![Change::Post(buy)]).unwrap();
    for cut in [None, Some(day(4, 20))] {
        let totals = shop.book.totals(&TotalsQuery::until(cut)).unwrap();
        let sums: Vec<(u16, i128, i128)> = totals
            .conversions
            .iter()
            .map(|c| {
                (
                    c.currency.0,
                    c.opening + c.spans.iter().sum::<i128>(),
                    totals
                        .rows
                        .iter()
                        .filter(|r| r.currency == c.currency)
                        .map(|r| r.closing())
                        .sum(),
                )
            })
            .collect();
        assert_eq!(sums, [(1, 831_250, -831_250), (2, -10_000, 10_000)]);
    }
    shop.proves();
}

fn a_lock_refuses_both_old_and_new_dates_and_moves_back_only_with_a_reason(shop: &mut Case) {
    let number = sale(shop, "5.00");
    let lock = |value: Option<&str>| {
        vec![Change::Setting {
            name: "locked_to".to_owned(),
            value: value.map(str::to_owned),
        }]
    };
    shop.write("locked", lock(Some("2026-04-02"))).unwrap();
    let early = draft(
        501,
        day(4, 2),
        "a",
        &[("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")],
    );
    for change in [
        Change::Post(early),
        Change::Void {
            target: target(number),
            if_version: None,
            reason: None,
        },
        Change::Amend {
            target: target(number),
            if_version: None,
            draft: draft(
                1,
                day(4, 9),
                "x",
                &[("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")],
            ),
        },
    ] {
        let refused = shop.write("posted", vec![change]);
        assert_eq!(codes(&refused.unwrap_err()), ["locked"]);
    }
    assert!(shop.write("locked", lock(Some("2026-03-31"))).is_err());
    assert!(shop.write("locked", lock(None)).is_err());
    assert!(
        shop.book
            .info()
            .unwrap()
            .settings
            .other
            .contains_key("locked_digest")
    );
    shop.proves();
}

fn undo_walks_back_through_everything_and_stops_where_others_were(shop: &mut Case) {
    let number = sale(shop, "500.00");
    let new = draft(
        1,
        day(4, 3),
        "Corrected",
        &[("Assets:Cash", "450.00"), ("Income:Sales", "-450.00")],
    );
    shop.write(
        "amended",
        vec![Change::Amend {
            target: target(number),
            if_version: None,
            draft: new,
        }],
    )
    .unwrap();
    shop.write(
        "voided",
        vec![Change::Void {
            target: target(number),
            if_version: None,
            reason: Some("why".to_owned()),
        }],
    )
    .unwrap();
    let undo = || {
        vec![Change::Undo {
            operation: None,
            on: None,
        }]
    };
    for expected in [45_000, 50_000, 0] {
        shop.write("undone", undo()).unwrap();
        assert_eq!(cash(shop, None), expected);
        shop.proves();
    }
    let nothing = shop.write("undone", undo());
    assert_eq!(codes(&nothing.unwrap_err()), ["nothing-to-undo"]);

    let number = sale(shop, "20.00");
    let other = draft(
        1,
        day(4, 3),
        "By another",
        &[("Assets:Cash", "21.00"), ("Income:Sales", "-21.00")],
    );
    shop.write_as(
        "ravi",
        "amended",
        vec![Change::Amend {
            target: target(number),
            if_version: None,
            draft: other,
        }],
    )
    .unwrap();
    let stands = shop.write("undone", undo()).unwrap_err();
    assert_eq!(codes(&stands), ["changed-since"]);
    let ravi = shop.adapter.called("ravi");
    assert!(
        stands.to_string().contains(&format!("by {ravi}")),
        "{stands}"
    );
    assert_eq!(cash(shop, None), 2_100);
}

fn raising_a_scale_multiplies_what_is_stored_and_changes_no_hash(shop: &mut Case) {
    let number = sale(shop, "5.25");
    shop.write(
        "voided",
        vec![Change::Void {
            target: target(number),
            if_version: None,
            reason: None,
        }],
    )
    .unwrap();
    sale(shop, "7.50");
    let inr = |scale| {
        Change::Currency(CurrencyChange {
            code: "INR".into(),
            scale,
            symbol: Some("₹".into()),
            name: None,
        })
    };
    shop.write("currency-set", vec![inr(4)]).unwrap();
    assert_eq!(cash(shop, None), 75_000);
    assert_eq!(
        shop.book.find(target(number)).unwrap().unwrap().entries[0].minor,
        52_500
    );
    assert!(shop.write("currency-set", vec![inr(2)]).is_err());
    shop.proves();
}

fn a_unit_sees_its_own_postings_when_it_changes_the_chart(shop: &mut Case) {
    let posts = |shop: &mut Case, count: u64| -> Vec<Change> {
        (0..count)
            .map(|_| {
                let entries = [("Assets:Cash", "2.00"), ("Income:Sales", "-2.00")];
                Change::Post(draft(shop.id(), day(4, 2), "Tea", &entries))
            })
            .collect()
    };
    let cash_key = shop.book.chart().unwrap().find("Assets:Cash").unwrap().key;
    let only_dollars = Change::SetAccount {
        account: cash_key,
        patch: AccountPatch {
            currency: Some(Some("USD".into())),
            ..AccountPatch::default()
        },
    };
    // One unit is small, the other takes the way of large imports.
    for (count, scale) in [(3, 3), (2_500, 4)] {
        let mut changes = posts(shop, count);
        changes.push(only_dollars.clone());
        assert!(shop.write("posted", changes).is_err());
        let mut changes = posts(shop, count);
        changes.push(Change::Currency(CurrencyChange {
            code: "INR".into(),
            scale,
            symbol: None,
            name: None,
        }));
        changes.extend(posts(shop, 1));
        let before = cash(shop, None) * 10;
        shop.write("posted", changes).unwrap();
        let each = 2 * 10i128.pow(u32::from(scale));
        assert_eq!(cash(shop, None), before + each * i128::from(count + 1));
        shop.proves();
    }
}

fn words_are_found_folded_by_their_beginning_newest_first(shop: &mut Case) {
    shop.post(
        day(4, 2),
        "Páy dày at Ravi's",
        &[("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")],
    );
    shop.post(
        day(4, 3),
        "PAYMENT to Ravi",
        &[("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")],
    );
    shop.post(
        day(4, 4),
        "Tea",
        &[("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")],
    );
    let mut found = |words: &[&str]| -> Vec<u64> {
        let scan = Scan {
            words: words.iter().map(|w| (*w).to_owned()).collect(),
            order: Order::NewestFirst,
            ..Scan::default()
        };
        all(shop, &scan).iter().map(|t| t.number.0).collect()
    };
    assert_eq!(found(&["pay"]), [2, 1]);
    assert_eq!(found(&["pay", "RAVI"]), [2, 1]);
    assert_eq!(found(&["day"]), [1]);
    assert_eq!(found(&["\"quoted* OR"]), [] as [u64; 0]);
}

fn a_bulk_import_is_one_record_sealed_and_taken_back_whole(shop: &mut Case) {
    sale(shop, "1.00");
    let import = |shop: &mut Case| {
        let mut changes = vec![Change::Import(ImportBatch {
            id: Uuid::from_u128(shop.id()),
            file: "bank.csv".to_owned(),
            sha256: [7; 32],
            format: "csv".to_owned(),
            account: Some("Assets:Bank:HDFC".into()),
            skipped: 0,
        })];
        for line in 0..3_000u64 {
            let id = shop.id();
            let mut t = draft(
                id,
                day(4, 1 + (line % 28) as i8),
                "UPI",
                &[("Expenses:Tea", "2.00"), ("Assets:Bank:HDFC", "-2.00")],
            );
            t.reference = Some(format!("R{line}"));
            changes.push(Change::Post(t));
            let identity = (line as i64).wrapping_mul(0x9E37_79B9_7F4A_7C15u64 as i64);
            changes.push(Change::SourceRow(SourceRow {
                identity,
                line,
                number: None,
                raw: Some(format!("01/04/26,UPI {line},2.00")),
            }));
        }
        changes
    };
    let changes = import(shop);
    let done = shop.write("imported", changes).unwrap();
    assert_eq!(done.numbers, [(2, 3_001)]);
    shop.proves();
    let imports = shop.book.imports().unwrap();
    assert_eq!(
        (imports.len(), imports[0].added, imports[0].undone),
        (1, 3_000, false)
    );
    let known = shop.book.known_rows(&[0]).unwrap();
    assert_eq!(
        (known.len(), known[0].number, known[0].raw.as_deref()),
        (1, 2, Some("01/04/26,UPI 0,2.00"))
    );
    shop.write(
        "import-undone",
        vec![Change::UndoImport {
            batch: imports[0].head.id,
        }],
    )
    .unwrap();
    assert!(shop.book.known_rows(&[0]).unwrap().is_empty());
    assert_eq!(all(shop, &Scan::default()).len(), 1);
    shop.proves();
    assert_eq!(shop.book.audit(&AuditQuery::default()).unwrap().len(), 4);
    // And back again: the batch's own operation is undone by the same means.
    let operation = shop
        .book
        .audit(&AuditQuery {
            last: Some(1),
            ..AuditQuery::default()
        })
        .unwrap()[0]
        .record
        .operation;
    assert_ne!(operation, OperationId(Uuid::nil()));
}
