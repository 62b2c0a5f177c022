//! Golden tests of the looking commands: reports of plain-text journals.

use insta::assert_snapshot;

use crate::shop::told;
use crate::support::TestEnv;

/// A journal with priced shares, an exchange, statuses, tags and virtual postings.
const PRICED: &str = "\
P 2026-04-01 USD INR 80.00
P 2026-04-20 USD INR 85.00
P 2026-04-01 AAPL USD 200.00
2026-04-01 open
  assets:bank   INR 100000.00
  assets:usd    USD 500.00
  equity:open
2026-04-10 * buy  ; broker:zero
  assets:shares  2 AAPL @ USD 190.00
  assets:usd
2026-04-15 ! exchange | with a note
  assets:usd   USD 100.00 @@ INR 8250.00
  assets:bank
2026-05-02 (c12) =odd, \"quoted\"
  expenses:food   INR 50.00  ; for:lunch
  assets:bank
  (budget:food)  INR -50.00
";

#[test]
fn journals_in_several_currencies() {
    let env = TestEnv::new();
    env.write("a.journal", PRICED);
    let look = |words: &[&str]| {
        let mut all = vec!["-q", "-f", "a.journal"];
        all.extend(words);
        told(&env.hissab(all))
    };
    assert_snapshot!(look(&["tb", "-p", "2026-04"]), @r#"
Trial balance · 01-Apr-2026 to 30-Apr-2026 (FY 2026-27) · INR, USD, AAPL
Account        Currency  Opening        Debit       Credit         Closing
assets:bank    INR                1,00,000.00     8,250.00    91,750.00 Dr
assets:shares  AAPL                         2                         2 Dr
assets:usd     USD                     600.00       380.00       220.00 Dr
equity:open    INR                             1,00,000.00  1,00,000.00 Cr
equity:open    USD                                  500.00       500.00 Cr
(conversion)   INR                   8,250.00                  8,250.00 Dr
(conversion)   USD                     280.00                    280.00 Dr
(conversion)   AAPL                                      2            2 Cr
Total debits   INR       0.00     1,08,250.00               1,00,000.00 Dr
Total credits  INR       0.00                  1,08,250.00  1,00,000.00 Cr
Total debits   USD       0.00          880.00                    500.00 Dr
Total credits  USD       0.00                       880.00       500.00 Cr
Total debits   AAPL         0               2                         2 Dr
Total credits  AAPL         0                            2            2 Cr
Proved: opening, turnover and closing each balance.
[exit 0]
"#);
    assert_snapshot!(look(&["tb", "cur:usd", "-O", "csv"]), @r#"
account,kind,currency,opening,debit,credit,closing,type
assets:usd,asset,USD,0.00,600.00,380.00,220.00,general
equity:open,equity,USD,0.00,0.00,500.00,-500.00,general
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "-V"]), @r#"
Balances · as of 02-May-2026 · INR
Account              Balance
assets:bank        91,700.00
assets:shares      34,000.00
assets:usd         18,700.00
Equity:Virtual         50.00
equity:open     -1,42,500.00
expenses:food          50.00
budget:food           -50.00
Total               1,950.00
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "-X", "usd", "-M", "assets"]), @r#"
Balance changes · 01-Apr-2026 to 31-May-2026 (FY 2026-27) · USD
Account         2026-04  2026-05
assets:bank    1,079.41    -0.59
assets:shares    400.00     0.00
assets:usd       220.00     0.00
Total          1,699.41    -0.59
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "--cost", "assets", "-O", "csv"]), @r#"
account,currency,balance
assets:bank,INR,91700.00
assets:shares,USD,380.00
assets:usd,INR,8250.00
assets:usd,USD,120.00
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "--real", "-t"]), @r#"
Balances · as of 02-May-2026 · INR, USD, AAPL
Account        Currency       Balance
assets         INR          91,700.00
assets         USD             220.00
assets         AAPL                 2
  bank         INR          91,700.00
  shares       AAPL                 2
  usd          USD             220.00
equity:open    INR       -1,00,000.00
equity:open    USD            -500.00
expenses:food  INR              50.00
Total          INR          -8,250.00
Total          USD            -280.00
Total          AAPL                 2
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "assets", "-p", "2026-04"]), @r#"
Ledger · assets · 01-Apr-2026 to 30-Apr-2026 · INR, USD, AAPL
Date         No.  Voucher  Ref.  Particulars                   Account  Currency        Debit    Credit         Balance
01-Apr-2026                      Opening balance                        INR                                     0.00
01-Apr-2026                      Opening balance                        USD                                     0.00
01-Apr-2026                      Opening balance                        AAPL                                       0
01-Apr-2026  1    Receipt        open                          bank     INR       1,00,000.00            1,00,000.00 Dr
01-Apr-2026  1    Receipt        open                          usd      USD            500.00                 500.00 Dr
10-Apr-2026  2    Journal        usd, buy                      shares   AAPL                2                      2 Dr
10-Apr-2026  2    Journal        shares, buy                   usd      USD                      380.00       120.00 Dr
15-Apr-2026  3    Payment        bank, exchange | with a note  usd      USD            100.00                 220.00 Dr
15-Apr-2026  3    Payment        usd, exchange | with a note   bank     INR                    8,250.00    91,750.00 Dr
30-Apr-2026                      Total, closing                         INR       1,00,000.00  8,250.00    91,750.00 Dr
30-Apr-2026                      Total, closing                         USD            600.00    380.00       220.00 Dr
30-Apr-2026                      Total, closing                         AAPL                2                      2 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "assets", "-X", "INR", "--limit", "2"]), @r#"
Register · to 02-May-2026
Date         No.  Description             Account      Currency     Amount      Balance
15-Apr-2026  3    exchange | with a note  assets:bank  INR       -8,250.00  1,44,450.00
02-May-2026  4    =odd, "quoted"          assets:bank  INR          -50.00  1,44,400.00
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "--cost", "shares", "-O", "csv"]), @r#"
date,number,voucher,reference,payee,description,debit,credit,currency,balance,account,status,id
2026-04-10,2,journal,,,buy,380.00,,USD,380.00,assets:shares,cleared,[ID]
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "-C"]), @r#"
Journal · to 02-May-2026
Date         No.  Voucher  Ref.  Particulars              Currency  Debit  Credit
10-Apr-2026  2    Journal        assets:shares @ 190 USD  AAPL          2
                                   assets:usd (buy)       USD              380.00
Total of 1 voucher                                        USD        0.00  380.00
                                                          AAPL          2       0
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "-p", "2026-05", "-O", "csv"]), @r#"
number,date,voucher,status,description,payee,reference,account,debit,credit,currency,memo,tags,id,price
4,2026-05-02,payment,unmarked,"'=odd, ""quoted""",,c12,expenses:food,50.00,,INR,,for:lunch,[ID],
4,2026-05-02,payment,unmarked,"'=odd, ""quoted""",,c12,assets:bank,,50.00,INR,,,[ID],
4,2026-05-02,payment,unmarked,"'=odd, ""quoted""",,c12,budget:food,,50.00,INR,,_virtual:unbalanced,[ID],
4,2026-05-02,payment,unmarked,"'=odd, ""quoted""",,c12,Equity:Virtual,50.00,,INR,,_virtual:unbalanced,[ID],
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "-p", "2026-05", "-O", "csv", "--raw", "--fields", "description"]), @r#"
description
"=odd, ""quoted"""
"=odd, ""quoted"""
"=odd, ""quoted"""
"=odd, ""quoted"""
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "--tag", "broker=zero"]), @r#"
Balances · as of 02-May-2026 · USD, AAPL
Account        Currency  Balance
assets:shares  AAPL            2
assets:usd     USD       -380.00
Total          USD       -380.00
Total          AAPL            2
[exit 0]
"#);
    assert_snapshot!(look(&["print", "-p", "2026-04-10"]), @r#"
2026-04-10 * buy
    ; broker:zero
    assets:shares                                       2 AAPL @ 190 USD
    assets:usd                                     -380.00 USD

[exit 0]
"#);
}

#[test]
fn a_journal_with_faults_is_refused_and_every_one_is_listed() {
    let env = TestEnv::new();
    env.write(
        "bad.journal",
        "2026-04-01 a\n  x  1\n  y  2\n2026-13-01 b\n  x  1\n  y\n",
    );
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["-f", "bad.journal", "tb"]), @r#"
--- stderr
error: 2 things are wrong with the journals
   at bad.journal:1:1  2026-04-01 a: the transaction does not balance: it is off by 3
   at bad.journal:4:1  2026-13-01 b: there is no such date
 hint: debits (positive) and credits (negative) of a transaction sum to zero; leave one amount out to have it filled in
[exit 1]
"#);
    env.write("off.journal", "2026-04-01 a\n  x  1 = 2\n  y\n");
    assert_snapshot!(look(&["-f", "off.journal", "bal"]), @r#"
--- stderr
error: the balance of x should be 2  here, but it is 1
   at off.journal:2  a
 hint: correct what is before it, or read the journal all the same with -I
[exit 1]
"#);
    assert_snapshot!(look(&["-f", "off.journal", "-I", "bal", "-q"]), @r#"
Balances · as of 01-Apr-2026
Account  Balance
x              1
y             -1
Total          0
[exit 0]
"#);
    assert_snapshot!(look(&["-f", ".", "bal"]), @r#"
--- stderr
error: . is a folder, not a journal
[exit 1]
"#);
    assert_snapshot!(look(&["-f", "timedot:x.timedot", "bal"]), @r#"
--- stderr
error: -f does not read timedot files: timedot:x.timedot
 hint: turn it into a journal: hledger -f FILE print > FILE.journal
[exit 2]
"#);
    let fed = env.hissab_fed(
        "2026-04-01 a\n  x  1\n  y\n",
        ["-f", "-", "bal", "-O", "csv"],
    );
    assert_snapshot!(told(&fed), @r#"
account,currency,balance
x,,1
y,,-1
[exit 0]
"#);
}
