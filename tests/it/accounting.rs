//! What an accountant would hold against the reports: figures that must agree, and sums nobody may add up.

use serde_json::Value;

use crate::support::{Run, TestEnv};

/// A book of the shop's chart in rupees; its fiscal year begins in April.
fn shop_book() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("HISSAB_BOOK", "s.hissab");
    let init =
        "init s.hissab --name S --currency INR --fiscal-year 04 --template shop --timezone UTC";
    env.hissab(init.split(' ')).ok();
    env
}

fn run(env: &TestEnv, line: &str) -> Run {
    env.hissab(line.split(' '))
}

fn json(env: &TestEnv, line: &str) -> Value {
    let text = run(env, &format!("{line} --json")).ok().stdout;
    serde_json::from_str(&text).unwrap()
}

/// Section, account and amounts of the rows of a csv.
fn rows(env: &TestEnv, line: &str) -> Vec<String> {
    let text = run(env, &format!("{line} -O csv")).ok().stdout;
    text.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn recategorising_a_voucher_moves_what_it_was_for_and_neither_bank_nor_tax() {
    let env = shop_book();
    let create = "--create-accounts -d 2026-04-01";
    run(
        &env,
        &format!(
            "add Rent Expenses:Rent 12000 Liabilities:TDS -1200 Assets:Bank:HDFC -10800 {create}"
        ),
    )
    .ok();
    run(&env, "recategorise desc:Rent --to Miscellaneous").ok();
    let accounts = |number: &str| -> Vec<String> {
        let shown = json(&env, &format!("show {number}"));
        let entries = shown["entries"].as_array().unwrap();
        let names = entries
            .iter()
            .map(|e| e["account"].as_str().unwrap().to_owned());
        names.collect()
    };
    let rent = [
        "Expenses:Miscellaneous",
        "Liabilities:TDS",
        "Assets:Bank:HDFC",
    ];
    assert_eq!(accounts("1"), rent);
    // Accounts that are named move; but not so that one owes itself.
    run(&env, "recategorise hdfc desc:Rent --to Assets:Cash").ok();
    assert_eq!(accounts("1")[2], "Assets:Cash");
    let refused = run(&env, "recategorise cash desc:Rent --to Miscellaneous").exits(7);
    assert!(
        refused
            .stderr
            .contains("debited and credited in transaction 1"),
        "{refused}"
    );
    // Nothing but bank and tax is left to move: said, and nothing done.
    let none = run(&env, "recategorise desc:Rent not:misc --to Tea").ok();
    assert!(none.stderr.contains("name them in the query"), "{none}");
}

#[test]
fn accounts_that_money_moved_between_are_not_merged_over_it() {
    let env = shop_book();
    run(&env, "account add Assets:Bank:HDFC").ok();
    run(&env, "move 500 cash hdfc -d 2026-04-01").ok();
    let refused = run(&env, "account merge hdfc cash").exits(7);
    assert!(
        refused.stderr.contains("nothing merged: 1 transaction"),
        "{refused}"
    );
    assert!(refused.stderr.contains("hissab void 1"), "{refused}");
    env.hissab(["void", "1", "--reason", "both accounts are one"])
        .ok();
    run(&env, "account merge hdfc cash").ok();
}

/// Shares bought for euros, and dollars held while their price moved.
const EUROS: &str = "\
P 2024-12-31 $ 0.90 EUR
P 2025-03-01 $ 0.80 EUR
P 2025-06-30 AAPL 170 EUR
P 2025-12-31 $ 0.95 EUR

2024-12-31 start
    Assets:Bank        10000.00 EUR
    Assets:Dollars     $100.00 @ 0.90 EUR
    Equity:Capital

2025-02-01 shares
    Assets:Depot       10 AAPL @ 150.25 EUR
    Assets:Bank        -1502.50 EUR

2025-03-02 lunch
    Expenses:Food      $10.00
    Assets:Dollars
";

#[test]
fn a_valued_cash_flow_is_the_movement_of_cash_in_the_valued_balance_sheet() {
    let env = TestEnv::new();
    let chart = "account Assets:Bank    ; type: Bank\naccount Assets:Dollars ; type: Bank\n\n";
    env.write("eur.journal", format!("{chart}{EUROS}"));
    let flow = json(&env, "-f eur.journal cf -X EUR -p 2025");
    let amount = |fact: &str| flow[fact][0]["amounts"][0].as_str().unwrap().to_owned();
    assert_eq!(
        flow["opening"].as_array().unwrap().len(),
        1,
        "all of it is in euros"
    );
    assert_eq!(amount("opening"), "10090.00");
    assert_eq!(amount("closing"), "8583.00");
    assert_eq!(amount("change"), "-1507.00");
    let lines = rows(&env, "-f eur.journal cf -X EUR -p 2025");
    let told = [
        "operating,Expenses:Food,EUR,-8.00",
        "investing,Assets:Depot,EUR,-1502.50",
        "conversion,(conversion),EUR,3.50",
    ];
    assert_eq!(lines, told);
    // The same cash as the balance sheet's.
    let sheet = rows(
        &env,
        "-f eur.journal bs -X EUR --as-of 2025-12-31 assets:(bank|dollars)",
    );
    assert_eq!(
        sheet,
        [
            "assets,Assets:Bank,EUR,8497.50",
            "assets,Assets:Dollars,EUR,85.50"
        ]
    );
    // Shares bought are worth what was paid for them, without -V too.
    let plain = rows(&env, "-f eur.journal cf -p 2025");
    assert_eq!(plain.len(), 2, "{plain:?}");
    assert!(
        plain.contains(&"investing,Assets:Depot,EUR,-1502.50".to_owned()),
        "{plain:?}"
    );
}

#[test]
fn balances_of_different_days_are_not_added_up() {
    let env = shop_book();
    run(&env, "in 500 Sales -d 2026-02-03").ok();
    run(&env, "in 200 Sales -d 2026-04-02").ok();
    for line in ["bs -Q -T", "bs --compare -T", "bs -M -T -O csv"] {
        let refused = run(&env, line).exits(2);
        assert!(
            refused.stderr.contains("balances of different days"),
            "{refused}"
        );
    }
    run(&env, "bs -Q -A").ok();
    let shown = run(&env, "cf -Q -T -A --from 2026-01-01 --to 2026-06-30")
        .ok()
        .stdout;
    let last = |label: &str| {
        let line = shown.lines().find(|l| l.starts_with(label)).unwrap();
        let figures = line[label.len()..].split_whitespace();
        figures.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(last("Net change"), ["500.00", "200.00", "700.00", "350.00"]);
    assert_eq!(last("Cash and bank before"), ["0.00", "500.00", "0.00"]);
    assert_eq!(last("Cash and bank after"), ["500.00", "700.00", "700.00"]);
}

#[test]
fn taxes_and_goods_are_operating_flows() {
    let env = shop_book();
    let tax = "add Bill Expenses:Purchases 100 Assets:GST-Input 18 Assets:Cash -118 -d 2026-04-01";
    env.hissab(["account", "rename", "Assets:GST Input", "Assets:GST-Input"])
        .ok();
    run(&env, tax).ok();
    run(
        &env,
        "add Rice Assets:Stock 300 Assets:Cash -300 -d 2026-04-01",
    )
    .ok();
    run(
        &env,
        "add Scale Assets:Equipment 50 Assets:Cash -50 -d 2026-04-01",
    )
    .ok();
    let journal = run(&env, "print").ok().stdout;
    env.write("same.journal", &journal);
    let told = [
        "operating,Assets:GST-Input,INR,-18.00",
        "operating,Assets:Stock,INR,-300.00",
        "operating,Expenses:Purchases,INR,-100.00",
        "investing,Assets:Equipment,INR,-50.00",
    ];
    assert_eq!(rows(&env, "cf"), told);
    let of_file: Vec<String> = env
        .hissab(["-f", "same.journal", "cf", "-O", "csv"])
        .ok()
        .stdout
        .lines()
        .skip(1)
        .map(str::to_owned)
        .collect();
    assert_eq!(of_file, told);
}

#[test]
fn day_book_and_cash_flow_agree_on_the_day_the_books_open() {
    let env = shop_book();
    run(
        &env,
        "opening -d 2026-04-01 Assets:Cash=12500 Equity:Capital=-12500",
    )
    .ok();
    run(&env, "in 1835.50 Sales -d 2026-04-01").ok();
    run(&env, "out 20 Tea -d 2026-04-01").ok();
    let shown = run(&env, "daybook 2026-04-01").ok().stdout;
    let line =
        "Cash: opening 12,500.00 Dr, receipts 1,835.50, payments 20.00, closing 14,315.50 Dr";
    assert!(shown.contains(line), "{shown}");
    let book = json(&env, "daybook 2026-04-01");
    assert_eq!(book["cash"][0]["opening"], "12500.00");
    assert_eq!(book["cash"][0]["closing"], "14315.50");
    assert_eq!(book["totals"][0]["debit"], "14355.50");
    assert_eq!(book["totals"][0]["credit"], "14355.50");
    let flow = json(&env, "cf --from 2026-04-01 --to 2026-04-01");
    assert_eq!(flow["opening"][0]["amounts"][0], book["cash"][0]["opening"]);
    assert_eq!(flow["closing"][0]["amounts"][0], book["cash"][0]["closing"]);
}

#[test]
fn years_are_closed_in_turn() {
    let env = shop_book();
    run(&env, "in 500 Sales -d 2023-05-01").ok();
    run(&env, "in 300 Sales -d 2024-05-01").ok();
    let refused = run(&env, "close --fy 2024-25").exits(7);
    assert!(
        refused.stderr.contains("FY 2023-24 are not closed"),
        "{refused}"
    );
    assert!(
        refused.stderr.contains("hissab close --fy 2023-24"),
        "{refused}"
    );
    run(&env, "close --fy 2023-24").ok();
    run(&env, "close --fy 2024-25").ok();
    let equity = rows(&env, "bs --as-of 2024-03-31 retained");
    assert_eq!(equity, ["equity,Equity:Retained Earnings,INR,-500.00"]);
}

#[test]
fn a_year_that_is_locked_is_not_called_closable() {
    let env = shop_book();
    run(&env, "in 500 Sales -d 2023-05-01").ok();
    run(&env, "in 300 Sales -d 2024-05-01").ok();
    let open = run(&env, "tb --fy 2024-25").ok().stdout;
    assert!(
        open.contains("To close it: hissab close --fy 2023-24"),
        "{open}"
    );
    run(&env, "lock 2024-03-31").ok();
    let locked = run(&env, "tb --fy 2024-25").ok().stdout;
    assert!(
        locked.contains("It is locked: take the lock off"),
        "{locked}"
    );
    let refused = run(&env, "close --fy 2023-24").exits(7);
    assert!(
        refused.stderr.contains("hissab lock 2024-03-30 --reason"),
        "{refused}"
    );
    run(&env, "lock 2024-03-30 --reason close").ok();
    run(&env, "close --fy 2023-24").ok();
}

#[test]
fn columns_keep_to_the_days_that_were_asked_for() {
    let env = shop_book();
    for day in ["09", "10", "20", "21"] {
        run(&env, &format!("in 100 Sales -d 2025-08-{day}")).ok();
    }
    let asked = "--from 2025-08-10 --to 2025-08-20";
    let heading = |line: &str| {
        let text = run(&env, line).ok().stdout;
        text.lines().next().unwrap().to_owned()
    };
    let one = heading(&format!("bs -M {asked}"));
    assert!(one.contains("as of 20-Aug-2025"), "{one}");
    let two = heading("bs -M --from 2025-07-15 --to 2025-08-20");
    let range = "at the end of each period, 15-Jul-2025 to 20-Aug-2025";
    assert!(two.contains(range), "{two}");
    let rows_of = |line: &str| rows(&env, &format!("{line} {asked}"));
    assert_eq!(rows_of("bs -M assets"), ["assets,Assets:Cash,INR,300.00"]);
    assert_eq!(rows_of("is -M"), ["income,Income:Sales,INR,-200.00"]);
    assert_eq!(rows_of("bal -M cash"), ["Assets:Cash,INR,200.00"]);
    let book = json(&env, &format!("is -M {asked}"));
    assert_eq!(book["to"], "2025-08-20");
    assert_eq!(book["periods"][0]["column"], "2025-08");
    assert_eq!(book["periods"][0]["from"], "2025-08-10");
    assert_eq!(book["periods"][0]["to"], "2025-08-20");
}

/// A book with dollars bought and sold back.
fn dollar_book() -> TestEnv {
    let env = shop_book();
    run(&env, "currency add USD").ok();
    run(&env, "account add Assets:Bank:HDFC").ok();
    run(&env, "account add Assets:Bank:Dollars --currency USD").ok();
    run(
        &env,
        "opening -d 2026-04-01 hdfc=100000 Equity:Capital=-100000",
    )
    .ok();
    run(&env, "move 8450 hdfc dollars --received 100 -d 2026-04-02").ok();
    run(&env, "move 30 dollars hdfc --rate 85 -d 2026-04-03").ok();
    env
}

#[test]
fn a_move_says_which_currency_left_before_it_says_what_arrived() {
    let env = dollar_book();
    let refused = |line: &str| run(&env, line).exits(2).stderr;
    let text = refused("move 100 hdfc cash --received 8700 -d 2026-04-04");
    assert!(text.contains("100 INR cannot arrive as 8700 INR"), "{text}");
    assert!(text.contains("hissab move '100 USD' …"), "{text}");
    let text = refused("move 100 hdfc cash --rate 86 -d 2026-04-04");
    assert!(text.contains("hissab move '100 USD' …"), "{text}");
    // As the hint says it.
    run(&env, "move 5USD dollars hdfc --rate 86 -d 2026-04-04").ok();
    run(&env, "move 5 hdfc cash --received 5 -d 2026-04-04").ok();
}

#[test]
fn without_an_end_every_report_values_at_the_same_day_and_names_it() {
    let env = dollar_book();
    for line in [
        "currency price USD 80 -d 2026-04-02",
        "currency price USD 90 -d 2026-04-05",
        "currency price USD 999 -d 2030-01-01",
    ] {
        run(&env, line).ok();
    }
    // The book ends on 3 April, today is the 7th: the price of the 5th counts, that of 2030 never.
    for report in ["bal", "bs", "bal -H", "bs -t"] {
        let line = format!("{report} -V Dollars");
        assert_eq!(
            rows(&env, &line)
                .iter()
                .find(|r| r.contains("Dollars"))
                .unwrap()
                .rsplit(',')
                .next(),
            Some("6300.00"),
            "{line}"
        );
        assert_eq!(json(&env, &line)["to"], "2026-04-07", "{line}");
        assert_eq!(json(&env, report)["to"], "2026-04-03");
    }
    let last = rows(&env, "reg -V Dollars").pop().unwrap();
    assert!(
        last.contains("-2700.00,INR,6300.00") || last.contains("2700.00,INR,6300.00"),
        "{last}"
    );
    // A column an interval keeps its own end.
    assert_eq!(json(&env, "bs -V -D")["to"], "2026-04-03");
}

#[test]
fn the_foreign_side_of_an_exchange_is_priced() {
    let env = dollar_book();
    let entries = json(&env, "show 3")["entries"].clone();
    let of = |account: &str| {
        let all = entries.as_array().unwrap().iter();
        all.clone()
            .find(|e| e["account"] == account)
            .unwrap()
            .clone()
    };
    assert_eq!(of("Assets:Bank:Dollars")["price"]["amount"], "2550");
    assert_eq!(of("Assets:Bank:Dollars")["price"]["currency"], "INR");
    assert!(
        of("Assets:Bank:HDFC")
            .get("price")
            .is_none_or(Value::is_null),
        "{entries}"
    );
    // At cost all of it is rupees.
    let sheet = rows(&env, "bs --cost assets");
    let told = [
        "assets,Assets:Bank:Dollars,INR,5900.00",
        "assets,Assets:Bank:HDFC,INR,94100.00",
    ];
    assert_eq!(sheet, told);
    run(&env, "check").ok();
}

#[test]
fn exports_of_rows_keep_prices_and_come_in_again_exactly() {
    let env = dollar_book();
    let all = |env: &TestEnv, book: &str| env.hissab(["-B", book, "print"]).ok().stdout;
    let shown = run(&env, "journal").ok().stdout;
    assert!(
        shown.contains("Assets:Bank:Dollars @@ 8450.00 INR"),
        "{shown}"
    );
    for form in ["csv", "tsv", "json", "ndjson"] {
        let file = format!("ex.{form}");
        run(&env, &format!("export {file} -O {form}")).ok();
        let again = run(&env, &format!("import {file}")).ok();
        assert!(again.stdout.contains("nothing"), "{form}: {again}");
        let book = format!("{form}.hissab");
        env.hissab([
            "init",
            &book,
            "--name",
            "S",
            "--currency",
            "INR",
            "--timezone",
            "UTC",
        ])
        .ok();
        env.hissab(["-B", &book, "import", &file]).ok();
        assert_eq!(all(&env, &book), all(&env, "s.hissab"), "{form}");
    }
    let text = std::fs::read_to_string(env.path("ex.csv")).unwrap();
    assert!(
        text.lines().next().unwrap().ends_with(",tags,id,price"),
        "{text}"
    );
    assert!(text.contains(",total 8450.00 INR\n"), "{text}");
}

#[test]
fn what_is_part_of_a_ledger_says_so() {
    let env = shop_book();
    for day in 1..=4 {
        run(&env, &format!("in 10 Sales -d 2026-04-0{day}")).ok();
    }
    let note = "Filtered: a part of the entries";
    assert!(run(&env, "ledger cash desc:sal").ok().stdout.contains(note));
    let whole = run(&env, "ledger cash --limit 9").ok().stdout;
    assert!(
        !whole.contains(note) && !whole.contains("Limited"),
        "{whole}"
    );
    let last = run(&env, "ledger cash --limit 3 -p 2026-04").ok().stdout;
    assert!(last.contains("Limited to the last 3 lines"), "{last}");
    let few = run(&env, "bal --limit 1").ok().stdout;
    assert!(
        few.contains("1 line not shown; the total is of all."),
        "{few}"
    );
}

#[test]
fn a_statement_says_the_day_of_its_ages() {
    let env = shop_book();
    run(&env, "party add Ramesh --customer").ok();
    run(&env, "gave 500 Ramesh -d 2026-03-01").ok();
    let shown = run(&env, "statement ramesh").ok().stdout;
    assert!(
        shown.contains("Open by age as of 07-Apr-2026: 31-60 days 500.00 Dr"),
        "{shown}"
    );
    assert_eq!(json(&env, "statement ramesh")["ageing_as_of"], "2026-04-07");
    // A year that is not over yet does not make the bill older than it is.
    let year = json(&env, "statement ramesh --fy 2026-27");
    assert_eq!(year["to"], "2027-03-31");
    assert_eq!(year["ageing_as_of"], "2026-04-07");
    assert_eq!(year["ageing"][0]["days_31_60"], "500.00");
    // One that is over keeps its own end; what is dated after today is open, as it is in the closing balance.
    run(&env, "gave 70 Ramesh -d 2026-04-20").ok();
    let year = json(&env, "statement ramesh --fy 2025-26");
    assert_eq!(year["ageing_as_of"], "2026-03-31");
    assert_eq!(year["ageing"][0]["total"], "500.00");
    for period in ["", " --fy 2026-27"] {
        let all = json(&env, &format!("statement ramesh{period}"));
        assert_eq!(all["ageing"][0]["total"], "570.00", "{period}");
        assert_eq!(all["ageing"][0]["days_0_30"], "70.00", "{period}");
    }
}

#[test]
fn what_is_owed_both_ways_is_not_netted() {
    let env = shop_book();
    run(&env, "party add Ramesh --customer").ok();
    run(&env, "party add Gupta --supplier").ok();
    run(&env, "gave 500 Ramesh -d 2026-04-01").ok();
    run(&env, "took 800 Gupta -d 2026-04-01").ok();
    let aged = json(&env, "ageing");
    assert_eq!(aged["to_receive"][0]["total"], "500.00");
    assert_eq!(aged["to_pay"][0]["total"], "-800.00");
    let shown = run(&env, "ageing").ok().stdout;
    assert!(
        shown.contains("Total to receive") && shown.contains("Total to pay"),
        "{shown}"
    );
}

#[test]
fn an_income_statement_of_all_days_says_which() {
    let env = shop_book();
    run(&env, "in 500 Sales -d 2025-05-01").ok();
    run(&env, "in 200 Sales -d 2026-04-02").ok();
    for report in ["is", "cf"] {
        let shown = run(&env, report).ok().stdout;
        assert!(shown.contains("01-May-2025 to 02-Apr-2026"), "{shown}");
        assert_eq!(json(&env, report)["from"], "2025-05-01");
    }
    // The balance sheet is of a day.
    let shown = run(&env, "bs").ok().stdout;
    assert!(shown.contains("as of 02-Apr-2026"), "{shown}");
}

#[test]
fn gains_by_holding_are_called_so_and_results_ask_for_no_price_of_shares() {
    let env = TestEnv::new();
    let chart = "account Assets:Bank ; type: Bank\n\n";
    let trade = "2025-02-01 shares\n    Assets:Depot  10 AAPL @ 150.25 EUR\n    Assets:Bank  -1502.50 EUR\n\n2025-02-02 fee\n    Expenses:Fees  2 EUR\n    Assets:Bank\n";
    env.write(
        "p.journal",
        format!("{chart}P 2025-06-30 AAPL 170 EUR\n\n{trade}"),
    );
    let sheet = rows(&env, "-f p.journal bs -X EUR --as-of 2025-12-31");
    assert!(
        sheet.contains(&"equity,Unrealised gain or loss,EUR,-197.50".to_owned()),
        "{sheet:?}"
    );
    let quarters = run(&env, "-f p.journal is -X EUR -Q -p 2025").ok();
    assert_eq!(
        quarters.stderr, "",
        "no price of AAPL is needed in the first quarter"
    );
}
