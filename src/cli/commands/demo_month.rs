//! A small shop's April, for `hissab demo`: amounts in whole rupees, debits positive.

/// One voucher of the month.
pub struct Voucher {
    /// Of April 2026.
    pub day: i8,
    pub description: &'static str,
    /// Empty: none.
    pub reference: &'static str,
    /// Month and day of 2026.
    pub due: Option<(i8, i8)>,
    pub entries: &'static [(&'static str, i64)],
}

const fn voucher(
    day: i8,
    description: &'static str,
    reference: &'static str,
    entries: &'static [(&'static str, i64)],
) -> Voucher {
    Voucher {
        day,
        description,
        reference,
        due: None,
        entries,
    }
}

/// A bill to be paid by a day.
const fn bill(
    day: i8,
    description: &'static str,
    reference: &'static str,
    due: (i8, i8),
    entries: &'static [(&'static str, i64)],
) -> Voucher {
    Voucher {
        due: Some(due),
        ..voucher(day, description, reference, entries)
    }
}

const CASH: &str = "Assets:Cash";
const HDFC: &str = "Assets:Bank:HDFC";
const RAMESH: &str = "Assets:Receivable:Ramesh";
const SITA: &str = "Assets:Receivable:Sita Stores";
const GUPTA: &str = "Liabilities:Payable:Gupta Traders";
const SALES: &str = "Income:Sales";

/// Accounts beside those of the template.
pub const PARTIES: &[&str] = &[HDFC, RAMESH, SITA, GUPTA];

/// What the shop began the month with.
pub const OPENING: &[(&str, i64)] = &[
    (CASH, 12_500),
    (HDFC, 84_200),
    (RAMESH, 3_400),
    (GUPTA, -18_600),
    ("Equity:Capital", -60_000),
    ("Equity:Retained Earnings", -21_500),
];

/// The month, in order of recording.
pub const MONTH: &[Voucher] = &[
    voucher(1, "Counter sales", "", &[(CASH, 6_250), (SALES, -6_250)]),
    voucher(1, "tea", "", &[("Expenses:Tea", 120), (CASH, -120)]),
    bill(
        2,
        "Goods on credit",
        "B-118",
        (4, 17),
        &[(SITA, 4_800), (SALES, -4_800)],
    ),
    voucher(2, "Cash deposited", "", &[(HDFC, 15_000), (CASH, -15_000)]),
    voucher(
        3,
        "UPI from Ramesh",
        "609412345678",
        &[(HDFC, 3_400), (RAMESH, -3_400)],
    ),
    voucher(4, "Counter sales", "", &[(CASH, 13_185), (SALES, -13_185)]),
    bill(
        4,
        "Stock, Gupta Traders",
        "GT/0412",
        (5, 4),
        &[("Expenses:Purchases", 15_000), (GUPTA, -15_000)],
    ),
    voucher(
        5,
        "Rent, April",
        "000124",
        &[("Expenses:Rent", 12_000), (HDFC, -12_000)],
    ),
    voucher(
        6,
        "Gupta Traders, bill GT/0398",
        "000123",
        &[(GUPTA, 18_600), (HDFC, -18_600)],
    ),
    voucher(
        6,
        "Paid to Mohan",
        "",
        &[("Liabilities:Suspense", 2_000), (CASH, -2_000)],
    ),
    voucher(
        10,
        "Wages",
        "",
        &[("Expenses:Wages", 6_000), (CASH, -6_000)],
    ),
    voucher(11, "Counter sales", "", &[(CASH, 11_400), (SALES, -11_400)]),
    bill(
        14,
        "Goods on credit",
        "B-119",
        (4, 29),
        &[(RAMESH, 2_750), (SALES, -2_750)],
    ),
    voucher(
        15,
        "Electricity",
        "",
        &[("Expenses:Electricity", 1_840), (CASH, -1_840)],
    ),
    voucher(18, "Counter sales", "", &[(CASH, 12_090), (SALES, -12_090)]),
    voucher(
        20,
        "Sita Stores, part payment",
        "",
        &[(CASH, 3_000), (SITA, -3_000)],
    ),
    voucher(
        24,
        "Drawings",
        "",
        &[("Equity:Drawings", 5_000), (CASH, -5_000)],
    ),
    voucher(25, "Counter sales", "", &[(CASH, 9_860), (SALES, -9_860)]),
    voucher(25, "Counter sales", "", &[(CASH, 9_860), (SALES, -9_860)]),
    voucher(
        30,
        "Telephone",
        "",
        &[("Expenses:Telephone", 649), (CASH, -649)],
    ),
];

/// The bank's file for the first week: one cheque on its way, two lines the books do not have yet.
pub const STATEMENT: &str = "\
Date,Narration,Chq./Ref.No.,Withdrawal Amt.,Deposit Amt.,Closing Balance
02/04/26,CASH DEP,,,15000.00,99200.00
03/04/26,UPI-RAMESH KUMAR-9820,609412345678,,3400.00,102600.00
06/04/26,CHQ PAID,000124,12000.00,,90600.00
06/04/26,SMS CHARGES,,59.00,,90541.00
07/04/26,NEFT-KAMLA DEVI,N0970011823,,2500.00,93041.00
";

/// Where lines of the bank belong, as hledger's CSV rules say it.
pub const BANK_RULES: &str = "\
if SMS CHARGES
  account2 Expenses:Bank Charges
";
