#!/usr/bin/env python3
"""Writes one synthetic set of books as a journal, a tackler set-up and a bank statement with rules.

    benches/generate.py TRANSACTIONS FOLDER

The same count always gives the same bytes. Five Indian fiscal years from 2020-04-01, about two hundred
accounts in a tree of three or four levels, few accounts and payees used much and many little; nine in ten
transactions have two entries, the rest three or four (a split, or a sale or purchase with two taxes).
"""
import datetime
import os
import random
import sys

FIRST = datetime.date(2020, 4, 1)
DAYS = 1826
BANKS = ["Sahyadri", "Godavari", "Konkan", "Malwa", "Vindhya", "Satluj", "Chilika", "Nilgiri", "Marwar", "Coastal"]
TOWNS = ["Nashik", "Satara", "Udaipur", "Rajkot", "Salem", "Mysuru", "Guntur", "Patna", "Shimla", "Howrah", "Kota", "Thane"]
SHOPS = [f"{a} {b}" for a in ("Ganga", "Lotus", "Peacock", "Banyan", "Monsoon", "Lantern", "Mango", "Harbour", "Saffron", "Indigo")
         for b in ("Stores", "Traders", "Foods", "Motors", "Textiles")]
GROUPS = {
    "Expenses:Kitchen": 8, "Expenses:House": 8, "Expenses:Travel": 9, "Expenses:Health": 6, "Expenses:School": 5,
    "Expenses:Shop:Running": 11, "Expenses:Shop:Staff": 9, "Expenses:Shop:Selling": 6, "Expenses:Making:Materials": 8,
    "Expenses:Making:Freight": 5, "Expenses:Taxes": 5, "Expenses:Wear": 5, "Income:Sales:Goods": 5,
    "Income:Sales:Services": 5, "Income:Salary": 5, "Income:Returns": 5, "Liabilities:Tax:Collected": 4,
    "Liabilities:Loans": 5, "Liabilities:Dues": 5, "Assets:Tax:Paid": 4, "Assets:Holdings": 7, "Assets:Fixed": 6,
    "Assets:Cash": 3, "Equity:Owner": 4,
}


def chart():
    accounts = [f"{group}:{chr(65 + i)}{'abcde'[i % 5]}head" for group, size in GROUPS.items() for i in range(size)]
    accounts += [f"Assets:Bank:{bank}:{kind}" for bank in BANKS for kind in ("Savings", "Current")]
    accounts += [f"Liabilities:Cards:{bank}" for bank in BANKS]
    accounts += [f"{side}:{town}" for town in TOWNS for side in ("Assets:Receivable", "Liabilities:Payable")]
    return accounts


def favourites(rng, items):
    """A function that draws items, the n-th favourite with weight 1/n."""
    items = list(items)
    rng.shuffle(items)
    weights, total = [], 0.0
    for rank in range(len(items)):
        total += 1 / (rank + 1)
        weights.append(total)
    return lambda: rng.choices(items, cum_weights=weights)[0]


def transactions(count):
    """Yields number, date, payee and entries (account, paise; debit positive)."""
    rng = random.Random(2026)
    accounts = chart()
    some = lambda *heads: [a for a in accounts if a.startswith(heads)]
    purse = favourites(rng, some("Assets:Bank", "Assets:Cash", "Liabilities:Cards"))
    spent = favourites(rng, some("Expenses"))
    earned = favourites(rng, some("Income"))
    other = favourites(rng, some("Assets:Holdings", "Assets:Fixed", "Assets:Receivable", "Liabilities:Payable", "Liabilities:Loans", "Equity"))
    payee = favourites(rng, [f"{shop} {town}" for shop in SHOPS for town in TOWNS])
    collected, paid = some("Liabilities:Tax")[:2], some("Assets:Tax")[:2]
    for i in range(count):
        date = FIRST + datetime.timedelta(days=i * DAYS // count)
        paise = max(100, min(int(rng.lognormvariate(11, 1.3)), 10**9))
        kind, shape, money = rng.random(), rng.random(), purse()
        if shape < 0.90:
            if kind < 0.62:
                entries = [(spent(), paise), (money, -paise)]
            elif kind < 0.78:
                entries = [(money, paise), (earned(), -paise)]
            else:
                entries = [(other(), paise), (money, -paise)]
        elif shape < 0.96:
            part = max(1, paise // rng.randint(2, 9))
            entries = [(spent(), part), (spent(), paise - part), (money, -paise)]
        else:
            tax = paise * 9 // 100
            if kind < 0.5:
                entries = [(money, paise + 2 * tax), (earned(), -paise), (collected[0], -tax), (collected[1], -tax)]
            else:
                entries = [(spent(), paise), (paid[0], tax), (paid[1], tax), (money, -paise - 2 * tax)]
        yield i + 1, date, payee(), entries


def decimal(paise):
    return f"{'-' if paise < 0 else ''}{abs(paise) // 100}.{abs(paise) % 100:02d}"


def journal(count, folder):
    """The hledger and Ledger journal, and the same transactions for tackler."""
    os.makedirs(f"{folder}/tackler/txns", exist_ok=True)
    os.makedirs(f"{folder}/tackler/conf", exist_ok=True)
    with open(f"{folder}/book.journal", "w", buffering=1 << 20) as plain, open(f"{folder}/tackler/txns/book.txn", "w", buffering=1 << 20) as tackler:
        plain.write("commodity INR\n    format 1000.00 INR\n\n")
        plain.writelines(f"account {account}\n" for account in chart())
        for number, date, payee, entries in transactions(count):
            body = "".join(f"    {account:<40} {decimal(paise):>14} INR\n" for account, paise in entries)
            plain.write(f"\n{date} * (T{number:07d}) {payee}\n{body}")
            tackler.write(f"{date} (T{number:07d}) '{payee}\n{body}\n")
    with open(f"{folder}/tackler/conf/accounts.toml", "w") as file:
        file.write("accounts = [\n" + "".join(f'  "{a}",\n' for a in chart()) + "]\n")
    with open(f"{folder}/tackler/conf/commodities.toml", "w") as file:
        file.write('permit-empty-commodity = false\ncommodities = [ "INR" ]\n')
    with open(f"{folder}/tackler/conf/tags.toml", "w") as file:
        file.write("tags = [ ]\n")
    with open(f"{folder}/tackler/conf/tackler.toml", "w") as file:
        file.write("\n".join([
            "[kernel]", "strict = true", 'audit = { mode = false, hash = "SHA-256" }', "ext-id = { unique = false }",
            'timestamp = { default-time = 00:00:00, timezone = { name = "UTC" } }', "[kernel.input]", 'storage = "fs"',
            'fs = { path = "..", dir = "txns", ext = "txn" }', "[transaction]", 'accounts = { path = "accounts.toml" }',
            'commodities = { path = "commodities.toml" }', 'tags = { path = "tags.toml" }', "[report]",
            'report-timezone = "UTC"', "scale = { min = 2, max = 2 }", 'formats = [ "txt" ]', "accounts = [ ]",
            'targets = [ "balance" ]', 'balance = { title = "Balance", type = "flat" }',
            'balance-group = { title = "Months", type = "flat", group-by = "month" }', 'register = { title = "Register" }',
            "[export]", "targets = [ ]", 'equity = { accounts = [ ], equity-account = "Equity:Owner:Aahead" }', ""]))


def bank(count, folder):
    """A bank statement of as many rows, and forty rules in hledger's form."""
    rng = random.Random(7)
    payee = favourites(rng, [f"{shop} {town}" for shop in SHOPS for town in TOWNS])
    heads = [a for a in chart() if a.startswith("Expenses")]
    balance = 10**9
    with open(f"{folder}/bank.csv", "w", buffering=1 << 20) as file:
        file.write("Date,Narration,Ref,Withdrawal,Deposit,Balance\n")
        for i in range(count):
            date = FIRST + datetime.timedelta(days=i * DAYS // count)
            paise = max(100, min(int(rng.lognormvariate(11, 1.3)), 10**9))
            deposit = rng.random() < 0.25
            balance += paise if deposit else -paise
            columns = ("", decimal(paise)) if deposit else (decimal(paise), "")
            file.write(f"{date},UPI/{payee().upper()}/{i:09d},R{i:08d},{','.join(columns)},{decimal(balance)}\n")
    with open(f"{folder}/bank.rules", "w") as file:
        file.write("skip 1\nfields date,description,code,amount-out,amount-in,\ncurrency INR\ndate-format %Y-%m-%d\n"
                   "account1 Assets:Bank:Sahyadri:Savings\naccount2 Expenses:Unknown\n")
        for i, shop in enumerate(SHOPS[:40]):
            file.write(f"\nif {shop.upper()}\n  account2 {heads[i * 7 % len(heads)]}\n")


def main():
    if len(sys.argv) != 3 or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    count, folder = int(sys.argv[1]), sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    journal(count, folder)
    bank(min(count, 100_000), folder)


if __name__ == "__main__":
    main()
