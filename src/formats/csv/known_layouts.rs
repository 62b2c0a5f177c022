//! The layouts that are known, as a table: add one, add a test file.

use super::layouts::{Layout, Quirk};
use crate::ledger::settings::DateOrder;

const DMY: Option<DateOrder> = Some(DateOrder::Dmy);
const MDY: Option<DateOrder> = Some(DateOrder::Mdy);

const fn layout(
    name: &'static str,
    needs: &'static [&'static str],
    date_order: Option<DateOrder>,
    mark: Option<char>,
) -> Layout {
    Layout {
        name,
        needs,
        date_order,
        decimal_mark: mark,
        quirk: Quirk::None,
    }
}

/// The first that fits.
pub const LAYOUTS: &[Layout] = &[
    Layout {
        quirk: Quirk::ChargesPositive,
        ..layout(
            "Amex",
            &["date", "card member", "amount", "zip code"],
            MDY,
            Some('.'),
        )
    },
    Layout {
        quirk: Quirk::ChargesPositive,
        ..layout(
            "Amex",
            &["date", "description", "amount", "town city", "postcode"],
            DMY,
            Some('.'),
        )
    },
    layout(
        "ICICI card",
        &[
            "sr no",
            "transaction details",
            "amount",
            "billingamountsign",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "HDFC card",
        &[
            "transaction type",
            "date",
            "description",
            "amt",
            "debit credit",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "Fidelity",
        &["run date", "action", "symbol", "description"],
        MDY,
        Some('.'),
    ),
    layout(
        "HDFC",
        &[
            "date",
            "narration",
            "chq ref no",
            "value dt",
            "withdrawal amt",
            "deposit amt",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "HDFC",
        &[
            "date",
            "narration",
            "value dat",
            "debit amount",
            "credit amount",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "ICICI",
        &["transaction remarks", "withdrawal amount", "deposit amount"],
        DMY,
        Some('.'),
    ),
    layout(
        "SBI",
        &[
            "txn date",
            "description",
            "ref no cheque no",
            "debit",
            "credit",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "Axis",
        &["tran date", "particulars", "dr", "cr", "bal"],
        DMY,
        Some('.'),
    ),
    layout(
        "Kotak",
        &[
            "transaction date",
            "description",
            "chq ref no",
            "amount",
            "dr cr",
        ],
        DMY,
        Some('.'),
    ),
    layout("CashBook", &["date", "cash in", "cash out"], DMY, Some('.')),
    layout(
        "Paytm",
        &["transaction details", "upi ref no", "amount"],
        DMY,
        Some('.'),
    ),
    layout(
        "PhonePe",
        &[
            "date",
            "transaction details",
            "type",
            "amount",
            "transaction id",
        ],
        None,
        Some('.'),
    ),
    Layout {
        quirk: Quirk::PendingWithoutBalance,
        ..layout(
            "Chase",
            &[
                "details",
                "posting date",
                "description",
                "amount",
                "type",
                "balance",
            ],
            MDY,
            Some('.'),
        )
    },
    layout(
        "Chase card",
        &[
            "transaction date",
            "post date",
            "description",
            "category",
            "type",
            "amount",
        ],
        MDY,
        Some('.'),
    ),
    Layout {
        quirk: Quirk::FeeApart,
        ..layout(
            "Revolut",
            &[
                "completed date",
                "description",
                "amount",
                "fee",
                "currency",
                "state",
            ],
            None,
            None,
        )
    },
    layout(
        "Revolut Business",
        &[
            "date completed",
            "state",
            "orig currency",
            "amount",
            "total amount",
            "fee",
        ],
        None,
        Some('.'),
    ),
    Layout {
        quirk: Quirk::FeeApart,
        ..layout(
            "Revolut",
            &["date de fin", "montant", "frais", "devise", "etat"],
            None,
            None,
        )
    },
    Layout {
        quirk: Quirk::FeeApart,
        ..layout(
            "Revolut",
            &["datum des abschlusses", "betrag", "gebuhr", "wahrung"],
            None,
            None,
        )
    },
    layout(
        "N26",
        &[
            "booking date",
            "partner name",
            "partner iban",
            "payment reference",
        ],
        None,
        Some('.'),
    ),
    layout(
        "N26",
        &[
            "date",
            "payee",
            "account number",
            "transaction type",
            "payment reference",
        ],
        None,
        Some('.'),
    ),
    layout(
        "Monzo",
        &["id", "created", "amount", "local amount"],
        None,
        Some('.'),
    ),
    layout(
        "Monzo",
        &["transaction id", "date", "time", "emoji", "amount"],
        DMY,
        Some('.'),
    ),
    layout(
        "Mint",
        &[
            "date",
            "original description",
            "amount",
            "transaction type",
            "account name",
        ],
        MDY,
        Some('.'),
    ),
    layout(
        "Payoneer",
        &[
            "transaction date",
            "transaction id",
            "credit amount",
            "debit amount",
            "running balance",
        ],
        None,
        Some('.'),
    ),
    layout(
        "Wise",
        &["transferwise id", "date", "amount", "currency"],
        DMY,
        Some('.'),
    ),
    layout(
        "Stripe",
        &["id", "type", "amount", "fee", "net", "currency"],
        None,
        Some('.'),
    ),
    layout(
        "ING",
        &["datum", "naam omschrijving", "af bij", "bedrag"],
        None,
        Some(','),
    ),
    layout(
        "ING",
        &["date", "name description", "debit credit", "amount"],
        None,
        Some(','),
    ),
    layout(
        "Rabobank",
        &["iban bban", "volgnr", "datum", "bedrag", "saldo na trn"],
        None,
        Some(','),
    ),
    Layout {
        quirk: Quirk::ChargesPositive,
        ..layout(
            "Amex",
            &["date", "description", "card member", "amount"],
            None,
            None,
        )
    },
    Layout {
        quirk: Quirk::ChargesPositive,
        ..layout(
            "Discover",
            &[
                "trans date",
                "post date",
                "description",
                "amount",
                "category",
            ],
            MDY,
            Some('.'),
        )
    },
    layout(
        "PayPal",
        &[
            "date", "time", "timezone", "currency", "gross", "fee", "net",
        ],
        None,
        None,
    ),
    layout(
        "UBS",
        &["trade date", "booking date", "debit", "credit", "balance"],
        None,
        Some('.'),
    ),
    layout(
        "Canara",
        &[
            "txn date",
            "description",
            "branch code",
            "debit",
            "credit",
            "balance",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "PNB",
        &[
            "txn no",
            "txn date",
            "branch name",
            "dr amount",
            "cr amount",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "Federal",
        &[
            "tran date",
            "particulars",
            "tran type",
            "withdrawals",
            "deposits",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "Union Bank",
        &["date", "tran id 1", "remarks", "amount"],
        DMY,
        Some('.'),
    ),
    layout(
        "Razorpay",
        &[
            "entity id",
            "settlement id",
            "settlement utr",
            "debit",
            "credit",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "Barclays",
        &["number", "date", "account", "amount", "subcategory", "memo"],
        DMY,
        Some('.'),
    ),
    layout(
        "Lloyds",
        &[
            "transaction date",
            "sort code",
            "account number",
            "debit amount",
            "credit amount",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "Starling",
        &["date", "counter party", "spending category"],
        DMY,
        Some('.'),
    ),
    layout(
        "Westpac",
        &[
            "bank account",
            "date",
            "narrative",
            "debit amount",
            "credit amount",
        ],
        DMY,
        Some('.'),
    ),
    Layout {
        quirk: Quirk::ChargesPositive,
        ..layout(
            "Apple Card",
            &[
                "transaction date",
                "clearing date",
                "merchant",
                "type",
                "amount",
            ],
            MDY,
            Some('.'),
        )
    },
    layout(
        "Nubank",
        &["data", "valor", "identificador", "descricao"],
        DMY,
        Some('.'),
    ),
    layout(
        "Capital One",
        &[
            "transaction description",
            "transaction date",
            "transaction type",
            "transaction amount",
        ],
        MDY,
        Some('.'),
    ),
    layout(
        "Capital One card",
        &[
            "transaction date",
            "posted date",
            "card no",
            "debit",
            "credit",
        ],
        MDY,
        Some('.'),
    ),
    layout(
        "Citi card",
        &[
            "status",
            "date",
            "description",
            "debit",
            "credit",
            "member name",
        ],
        MDY,
        Some('.'),
    ),
    layout(
        "Bank of America",
        &["date", "description", "amount", "running bal"],
        MDY,
        Some('.'),
    ),
    layout(
        "Bank of America card",
        &[
            "posted date",
            "reference number",
            "payee",
            "address",
            "amount",
        ],
        MDY,
        Some('.'),
    ),
    layout(
        "Schwab",
        &[
            "date",
            "status",
            "checknumber",
            "withdrawal",
            "deposit",
            "runningbalance",
        ],
        MDY,
        Some('.'),
    ),
    layout(
        "Mercury",
        &[
            "date",
            "description",
            "amount",
            "source account",
            "bank description",
        ],
        MDY,
        Some('.'),
    ),
    layout(
        "RBC",
        &[
            "account type",
            "account number",
            "transaction date",
            "cheque number",
            "cad",
        ],
        MDY,
        Some('.'),
    ),
    layout(
        "Square",
        &[
            "date",
            "gross sales",
            "net sales",
            "total collected",
            "net total",
        ],
        None,
        Some('.'),
    ),
    layout(
        "Shopify",
        &["payout date", "charges", "refunds", "total", "currency"],
        None,
        Some('.'),
    ),
    layout(
        "ANZ",
        &[
            "type",
            "details",
            "particulars",
            "code",
            "reference",
            "amount",
            "date",
        ],
        DMY,
        Some('.'),
    ),
    // Only banks in India print a narration, and they print the day first.
    layout("bank", &["narration"], DMY, Some('.')),
];
