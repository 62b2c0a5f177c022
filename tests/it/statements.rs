//! Golden tests of the statements and the short lists, on the shop's week: stdout, stderr and exit code.

use insta::assert_snapshot;

use crate::shop::{shop, told};
use crate::support::TestEnv;

#[test]
fn balance_sheet_of_a_week() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["bs", "--as-of", "2026-04-07"]), @"
Balance sheet · Shree Ganesh Stores · as of 07-Apr-2026 · INR
Account                                 Amount
Assets
  Assets:Bank:HDFC                   77,000.00
  Assets:Cash                         9,815.50
  Assets:Receivable:Sita Stores       4,800.00
Total assets                         91,615.50
Liabilities
  Liabilities:Payable:Gupta Traders  15,000.00
  Liabilities:Suspense               -2,000.00
Total liabilities                    13,000.00
Equity
  Equity:Capital                     60,000.00
  Equity:Retained Earnings           21,500.00
  Unclosed profit                    -2,884.50
Total equity                         78,615.50
Total liabilities and equity         91,615.50
Balances: assets are liabilities and equity.
[exit 0]
");
    assert_snapshot!(look(&["bs", "--depth", "2", "-M", "--from", "2026-03", "--to", "2026-04"]), @"
Balance sheet · Shree Ganesh Stores · at the end of each period, 01-Mar-2026 to 30-Apr-2026 · INR
Account                           2026-03    2026-04
Assets
  Assets:Bank                   84,200.00  77,000.00
  Assets:Cash                   12,500.00   9,815.50
  Assets:Receivable              3,400.00   4,800.00
Total assets                  1,00,100.00  91,615.50
Liabilities
  Liabilities:Payable           18,600.00  15,000.00
  Liabilities:Suspense               0.00  -2,000.00
Total liabilities               18,600.00  13,000.00
Equity
  Equity:Capital                60,000.00  60,000.00
  Equity:Retained Earnings      21,500.00  21,500.00
  Unclosed profit                    0.00  -2,884.50
Total equity                    81,500.00  78,615.50
Total liabilities and equity  1,00,100.00  91,615.50
Balances: assets are liabilities and equity.
[exit 0]
");
    assert_snapshot!(look(&["balancesheet", "-O", "csv", "--compare"]), @"
section,account,currency,2025-04-06,2026-04-06
assets,Assets:Bank:HDFC,INR,0.00,77000.00
assets,Assets:Cash,INR,0.00,9815.50
assets,Assets:Receivable:Sita Stores,INR,0.00,4800.00
liabilities,Liabilities:Payable:Gupta Traders,INR,0.00,-15000.00
liabilities,Liabilities:Suspense,INR,0.00,2000.00
equity,Equity:Capital,INR,0.00,-60000.00
equity,Equity:Retained Earnings,INR,0.00,-21500.00
equity,Unclosed profit,INR,0.00,2884.50
[exit 0]
");
    assert_snapshot!(look(&["bs", "-O", "json", "--to", "2026-03-31"]), @r#"
{
  "schema": "hissab/balance-sheet/1",
  "book": "Shree Ganesh Stores",
  "from": null,
  "to": "2026-03-31",
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": false,
  "periods": [{"column": "amount", "from": null, "to": "2026-03-31"}],
  "rows": [
    {"section":"assets","account":"Assets:Bank:HDFC","currency":"INR","amount":"84200.00"},
    {"section":"assets","account":"Assets:Cash","currency":"INR","amount":"12500.00"},
    {"section":"assets","account":"Assets:Receivable:Ramesh","currency":"INR","amount":"3400.00"},
    {"section":"liabilities","account":"Liabilities:Payable:Gupta Traders","currency":"INR","amount":"-18600.00"},
    {"section":"equity","account":"Equity:Capital","currency":"INR","amount":"-60000.00"},
    {"section":"equity","account":"Equity:Retained Earnings","currency":"INR","amount":"-21500.00"}
  ],
  "totals": {"assets": [{"currency": "INR", "amounts": ["100100.00"]}], "liabilities": [{"currency": "INR", "amounts": ["-18600.00"]}], "equity": [{"currency": "INR", "amounts": ["-81500.00"]}]},
  "liabilities_and_equity": [{"currency": "INR", "amounts": ["-100100.00"]}],
  "proved": true
}
[exit 0]
"#);
    assert_snapshot!(look(&["bs", "assets", "-t", "-N"]), @"
Balance sheet · Shree Ganesh Stores · as of 06-Apr-2026 · INR
Account                        Amount
Assets
  Assets                    91,615.50
    Bank:HDFC               77,000.00
    Cash                     9,815.50
    Receivable:Sita Stores   4,800.00
Filtered, no proof.
[exit 0]
");
}

#[test]
fn income_statement_of_a_week() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["is", "-p", "2026-04"]), @"
Income statement · Shree Ganesh Stores · 01-Apr-2026 to 30-Apr-2026 (FY 2026-27) · INR
Account                  Amount
Income
  Income:Sales        24,235.50
Total income          24,235.50
Expenses
  Expenses:Purchases  15,000.00
  Expenses:Rent       12,000.00
  Expenses:Tea           120.00
Total expenses        27,120.00
Net loss               2,884.50
[exit 0]
");
    assert_snapshot!(look(&["pnl", "-W", "-T", "-A", "--from", "2026-03-30", "--to", "2026-04-12"]), @"
Income statement · Shree Ganesh Stores · 30-Mar-2026 to 12-Apr-2026 · INR
Account                2026-W14  2026-W15      Total    Average
Income
  Income:Sales        24,235.50      0.00  24,235.50  12,117.75
Total income          24,235.50      0.00  24,235.50  12,117.75
Expenses
  Expenses:Purchases  15,000.00      0.00  15,000.00   7,500.00
  Expenses:Rent       12,000.00      0.00  12,000.00   6,000.00
  Expenses:Tea           120.00      0.00     120.00      60.00
Total expenses        27,120.00      0.00  27,120.00  13,560.00
Net profit            -2,884.50      0.00  -2,884.50  -1,442.25
[exit 0]
");
    assert_snapshot!(look(&["is", "--fy", "2026-27", "-Q", "-O", "csv", "--layout", "tidy"]), @"
section,account,currency,from,to,balance
income,Income:Sales,INR,2026-04-01,2026-06-30,-24235.50
income,Income:Sales,INR,2026-07-01,2026-09-30,0.00
income,Income:Sales,INR,2026-10-01,2026-12-31,0.00
income,Income:Sales,INR,2027-01-01,2027-03-31,0.00
expenses,Expenses:Purchases,INR,2026-04-01,2026-06-30,15000.00
expenses,Expenses:Purchases,INR,2026-07-01,2026-09-30,0.00
expenses,Expenses:Purchases,INR,2026-10-01,2026-12-31,0.00
expenses,Expenses:Purchases,INR,2027-01-01,2027-03-31,0.00
expenses,Expenses:Rent,INR,2026-04-01,2026-06-30,12000.00
expenses,Expenses:Rent,INR,2026-07-01,2026-09-30,0.00
expenses,Expenses:Rent,INR,2026-10-01,2026-12-31,0.00
expenses,Expenses:Rent,INR,2027-01-01,2027-03-31,0.00
expenses,Expenses:Tea,INR,2026-04-01,2026-06-30,120.00
expenses,Expenses:Tea,INR,2026-07-01,2026-09-30,0.00
expenses,Expenses:Tea,INR,2026-10-01,2026-12-31,0.00
expenses,Expenses:Tea,INR,2027-01-01,2027-03-31,0.00
[exit 0]
");
    assert_snapshot!(look(&["is", "--compare", "-p", "2026-04", "-O", "ndjson"]), @r#"
{"section":"income","account":"Income:Sales","currency":"INR","2026-03":"0.00","2026-04":"-24235.50"}
{"section":"expenses","account":"Expenses:Purchases","currency":"INR","2026-03":"0.00","2026-04":"15000.00"}
{"section":"expenses","account":"Expenses:Rent","currency":"INR","2026-03":"0.00","2026-04":"12000.00"}
{"section":"expenses","account":"Expenses:Tea","currency":"INR","2026-03":"0.00","2026-04":"120.00"}
[exit 0]
"#);
    assert_snapshot!(look(&["is", "-S", "expenses", "-O", "md"]), @"
## Income statement · Shree Ganesh Stores · 31-Mar-2026 to 06-Apr-2026 · INR

| Account | Amount |
| --- | ---: |
| **Expenses** | |
| &nbsp;&nbsp;Expenses:Purchases | 15,000.00 |
| &nbsp;&nbsp;Expenses:Rent | 12,000.00 |
| &nbsp;&nbsp;Expenses:Tea | 120.00 |
| **Total expenses** | **27,120.00** |
| **Net loss** | **27,120.00** |

Filtered: a part of the result.
[exit 0]
");
    assert_snapshot!(look(&["is", "--compare"]), @"
--- stderr
error: --compare needs a period with a beginning and an end
 hint: give one, like -p 2026-04 or --fy 2025-26
[exit 2]
");
}

#[test]
fn cash_flow_of_a_week() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["cf", "-p", "2026-04"]), @"
Cash flow · Shree Ganesh Stores · 01-Apr-2026 to 30-Apr-2026 (FY 2026-27) · INR
Account                                  Amount
Operating
  Assets:Receivable:Ramesh             3,400.00
  Liabilities:Payable:Gupta Traders  -18,600.00
  Liabilities:Suspense                -2,000.00
  Income:Sales                        19,435.50
  Expenses:Rent                      -12,000.00
  Expenses:Tea                          -120.00
Total operating                       -9,884.50
Net change                            -9,884.50
Cash and bank before                  96,700.00
Cash and bank after                   86,815.50
[exit 0]
");
    assert_snapshot!(look(&["cashflow", "-O", "tsv", "-D", "--from", "2026-04-02", "--to", "2026-04-03"]), @"
section	account	currency	2026-04-02	2026-04-03
operating	Assets:Receivable:Ramesh	INR	0.00	3400.00
[exit 0]
");
    assert_snapshot!(look(&["cf", "--cost"]), @"
--- stderr
error: --cost does not apply: a cash flow is what moved, not what was paid for it
[exit 2]
");
}

#[test]
fn dues_and_ageing_of_a_week() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["dues"]), @"
Dues · Shree Ganesh Stores · as of 07-Apr-2026 · INR
Party                                   Balance  Oldest       Days
Assets:Receivable:Sita Stores       4,800.00 Dr  02-Apr-2026     5
Liabilities:Payable:Gupta Traders  15,000.00 Cr  04-Apr-2026     3
Total to receive                    4,800.00 Dr
Total to pay                       15,000.00 Cr
[exit 0]
");
    assert_snapshot!(look(&["dues", "--customers", "-O", "csv"]), @"
party,currency,balance,oldest,days
Assets:Receivable:Sita Stores,INR,4800.00,2026-04-02,5
[exit 0]
");
    assert_snapshot!(look(&["ageing", "--as-of", "2026-06-15"]), @"
Ageing · Shree Ganesh Stores · as of 15-Jun-2026 · INR
Party                              0–30 days  31–60         61–90  over 90         Total
Assets:Receivable:Sita Stores                         4,800.00 Dr            4,800.00 Dr
Liabilities:Payable:Gupta Traders                    15,000.00 Cr           15,000.00 Cr
Total to receive                                      4,800.00 Dr            4,800.00 Dr
Total to pay                                         15,000.00 Cr           15,000.00 Cr
[exit 0]
");
    assert_snapshot!(look(&["ageing", "gupta", "--as-of", "2026-06-15", "-O", "json"]), @r#"
{
  "schema": "hissab/ageing/1",
  "book": "Shree Ganesh Stores",
  "from": null,
  "to": "2026-06-15",
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": true,
  "rows": [
    {"party":"Liabilities:Payable:Gupta Traders","currency":"INR","days_0_30":"0.00","days_31_60":"0.00","days_61_90":"-15000.00","days_over_90":"0.00","total":"-15000.00"}
  ],
  "totals": [{"currency": "INR", "days_0_30": "0.00", "days_31_60": "0.00", "days_61_90": "-15000.00", "days_over_90": "0.00", "total": "-15000.00"}],
  "to_receive": [],
  "to_pay": [{"currency": "INR", "days_0_30": "0.00", "days_31_60": "0.00", "days_61_90": "-15000.00", "days_over_90": "0.00", "total": "-15000.00"}]
}
[exit 0]
"#);
    assert_snapshot!(look(&["ageing", "--as-of", "2026-13-01"]), @r#"
--- stderr
error: cannot read "2026-13-01" as a date or period: there is no month 13
 hint: write 2026-04-05, 5-Apr-26, yesterday, -3d, last friday; periods: 2026-04, fy2026-27, from 2026-04 to 2026-07
[exit 2]
"#);
}

#[test]
fn a_receipt_settles_the_bill_it_names() {
    let env = shop();
    let sale = |date: &str, amount: &str, reference: &str| {
        let words = [
            "gave",
            amount,
            "Sita Stores",
            "more goods",
            "-d",
            date,
            "--reference",
            reference,
        ];
        env.hissab(words).ok();
    };
    sale("2026-02-01", "1000", "B-90");
    sale("2026-03-01", "500", "B-101");
    env.hissab([
        "got",
        "500",
        "Sita Stores",
        "-d",
        "2026-04-05",
        "--against",
        "b-101",
    ])
    .ok();
    let wrong = ["got", "500", "Sita Stores", "--against", "B-999"];
    let run = env.hissab(wrong).exits(6);
    assert!(run.stderr.contains("has no bill \"B-999\""), "{run}");
    env.hissab(["gave", "5", "Sita Stores", "--against", "B-90"])
        .exits(2);
    let csv = env.hissab(["ageing", "sita", "-O", "csv"]).ok();
    assert_snapshot!(csv, @"
party,currency,days_0_30,days_31_60,days_61_90,days_over_90,total
Assets:Receivable:Sita Stores,INR,4800.00,0.00,1000.00,0.00,5800.00
[exit 0]
");
}

#[test]
fn statement_of_a_party() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["statement", "gupta traders", "-p", "2026-04"]), @"
Statement · Liabilities:Payable:Gupta Traders · 01-Apr-2026 to 30-Apr-2026 · INR
Date         No.  Voucher   Ref.     Particulars             Debit     Credit       Balance
01-Apr-2026                          Opening balance                           18,600.00 Cr
04-Apr-2026  9    Purchase  GT/0412  Purchases, Stock               15,000.00  33,600.00 Cr
06-Apr-2026  11   Payment   000123   HDFC, bill GT/0398  18,600.00             15,000.00 Cr
30-Apr-2026                          Total, closing      18,600.00  15,000.00  15,000.00 Cr
Open by age as of 07-Apr-2026: 0-30 days 15,000.00 Cr
[exit 0]
");
    assert_snapshot!(look(&["statement", "ramesh", "-O", "csv"]), @r#"
row,date,number,voucher,reference,payee,particulars,description,debit,credit,currency,balance,account,status,id
opening,,,,,,,,,,INR,0.00,Assets:Receivable:Ramesh,,
entry,2026-03-31,1,opening,,,"Liabilities:Payable:Gupta Traders, Equity:Capital, Equity:Retained Earnings",Opening balances,3400.00,,INR,3400.00,Assets:Receivable:Ramesh,unmarked,[ID]
entry,2026-04-03,6,receipt,609412345678,,Assets:Bank:HDFC,UPI,,3400.00,INR,0.00,Assets:Receivable:Ramesh,unmarked,[ID]
closing,2026-04-06,,,,,,,3400.00,3400.00,INR,0.00,Assets:Receivable:Ramesh,,
[exit 0]
"#);
    assert_snapshot!(look(&["statement", "ramish"]), @r#"
--- stderr
error: no account is called "ramish"
 hint: did you mean Ramesh?
[exit 6]
"#);
    assert_snapshot!(look(&["statement", "cash"]), @"
--- stderr
error: Assets:Cash is no customer or supplier
 hint: hissab ledger cash
 hint: hissab dues lists the parties with balances
[exit 6]
");
}

#[test]
fn short_lists_of_a_week() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["accounts", "type:cash", "type:bank", "-O", "csv"]), @"
account,kind,type,code,currency,opened,closed
Assets:Bank:HDFC,asset,bank,,,,
Assets:Cash,asset,cash,,,,
[exit 0]
");
    assert_snapshot!(look(&["accounts", "--used", "-t", "assets"]), @"
Account          Kind   Type        Code  Currency  Opened  Closed
Assets           asset
  Bank           asset
    HDFC         asset  bank
  Cash           asset  cash
  Receivable     asset
    Ramesh       asset  receivable
    Sita Stores  asset  receivable
[exit 0]
");
    assert_snapshot!(look(&["payees", "-O", "csv"]), @r#"
payee,transactions,first,last
Cash deposited,1,2026-04-02,2026-04-02
Counter sales,2,2026-04-01,2026-04-04
Goods on credit,1,2026-04-02,2026-04-02
Opening balances,1,2026-03-31,2026-03-31
Paid to Mohan,1,2026-04-06,2026-04-06
"Rent, April",1,2026-04-05,2026-04-05
Stock,1,2026-04-04,2026-04-04
UPI,1,2026-04-03,2026-04-03
bill GT/0398,1,2026-04-06,2026-04-06
tea,1,2026-04-01,2026-04-01
[exit 0]
"#);
    assert_snapshot!(look(&["codes"]), @"
Reference     Transactions  First        Last
000123                   1  06-Apr-2026  06-Apr-2026
000124                   1  05-Apr-2026  05-Apr-2026
609412345678             1  03-Apr-2026  03-Apr-2026
B-118                    1  02-Apr-2026  02-Apr-2026
GT/0412                  1  04-Apr-2026  04-Apr-2026
[exit 0]
");
    assert_snapshot!(look(&["descriptions", "desc:sales", "--fields", "description,transactions"]), @"
Description    Transactions
Counter sales             2
[exit 0]
");
    assert_snapshot!(look(&["tags"]), @"[exit 0]");
    assert_snapshot!(look(&["currencies"]), @"
Currency  Places  Symbol  Name  Entries
INR            2  ₹                  26
[exit 0]
");
    assert_snapshot!(look(&["stats"]), @"
Stats · Shree Ganesh Stores · to 06-Apr-2026
What             Value
transactions     11
void             1
entries          26
first            31-Mar-2026
last             06-Apr-2026
days             7
accounts used    12
currencies used  1
payees           10
receipt          3
payment          4
contra           1
sales            1
purchase         1
opening          1
[exit 0]
");
    assert_snapshot!(look(&["activity", "-W"]), @"
Activity · Shree Ganesh Stores · 30-Mar-2026 to 12-Apr-2026
Period    From         To           Transactions  Entries
2026-W14  30-Mar-2026  05-Apr-2026             9       22  ########################################
2026-W15  06-Apr-2026  12-Apr-2026             2        4  #########
[exit 0]
");
    assert_snapshot!(look(&["search", "count", "sal"]), @"
Search · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars                         Debit     Credit
04-Apr-2026  8    Receipt        Assets:Cash                     13,185.50
                                   Income:Sales (Counter sales)             13,185.50
01-Apr-2026  2    Receipt        Assets:Cash                      6,250.00
                                   Income:Sales (Counter sales)              6,250.00
Total of 2 vouchers                                              19,435.50  19,435.50
[exit 0]
");
    assert_snapshot!(look(&["search", "auto", "--void", "-O", "csv"]), @"
number,date,voucher,status,description,payee,reference,account,debit,credit,currency,memo,tags,id,price
7,2026-04-03,payment,void,Auto,,,Expenses:Travel,80.00,,INR,,,[ID],
7,2026-04-03,payment,void,Auto,,,Assets:Cash,,80.00,INR,,,[ID],
[exit 0]
");
    assert_snapshot!(look(&["search", "desc:x"]), @"
--- stderr
error: search needs at least one word to look for
 hint: for query terms alone: hissab journal QUERY
[exit 2]
");
    assert_snapshot!(look(&["accounts", "--fields", "colour"]), @r#"
--- stderr
error: there is no column "colour"
 hint: columns: account, kind, type, code, currency, opened, closed
[exit 2]
"#);
}

#[test]
fn an_empty_book_has_empty_statements() {
    let mut env = TestEnv::new();
    env.set("HISSAB_BOOK", "shop.hissab");
    env.hissab(["init", "shop.hissab", "--name", "Shop", "--currency", "INR"])
        .ok();
    for command in [
        "bs",
        "is",
        "cf",
        "dues",
        "ageing",
        "payees",
        "tags",
        "codes",
        "descriptions",
        "stats",
        "activity",
    ] {
        for format in ["table", "csv", "tsv", "json", "ndjson", "md"] {
            env.hissab([command, "-O", format]).ok();
        }
        env.hissab([command, "-O", "xlsx", "-o", "paper.xlsx"]).ok();
        env.hissab([command, "-O", "docx"]).exits(2);
    }
    for command in ["bs", "is", "cf"] {
        env.hissab([command, "-M"]).ok();
        env.hissab([command, "-Y", "-O", "json"]).ok();
    }
    assert_snapshot!(env.hissab(["bs"]), @"
Balance sheet · Shop · INR
Balances: assets are liabilities and equity.
--- stderr
nothing to show: the book has no transactions yet; hissab add asks for one
[exit 0]
");
    assert_snapshot!(env.hissab(["ageing"]), @"
Ageing · Shop · as of 07-Apr-2026 · INR
Nobody owes or is owed anything.
[exit 0]
");
}
