#!/usr/bin/env python3
"""Measures hissab against bare SQLite and against the peers that are installed, in one run, as ratios.

    benches/run.py [TRANSACTIONS] [--keep FOLDER]

Builds the release binary and the floors, makes the same books for all, and runs programs in turn, the median of
25 (of five where a run takes over a tenth of a second, of three over five seconds; once over thirty). Times are whole
processes. Peers looked for: hledger, ledger, tackler, rledger, and the sqlite3 shell, which is needed.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
HISSAB = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "hissab")
PEERS = ("hledger", "ledger", "tackler", "rledger")


def once(command, stdin=None):
    """Seconds and peak MiB of one run; its output goes nowhere.

    The memory is what GNU time says: a child of this script would inherit the script's own peak.
    """
    with tempfile.NamedTemporaryFile("r") as note:
        start = time.perf_counter()
        code = subprocess.run(["/usr/bin/time", "-o", note.name, "-f", "%M", *command], stdin=stdin or subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        seconds = time.perf_counter() - start
        if code not in (0, 3):
            sys.exit(f"failed ({code}): {' '.join(command)}")
        return seconds, int(note.read().split()[-1]) / 1024


def pair(*commands):
    """Median seconds and peak MiB of commands run in turn."""
    first = [once(c) for c in commands]  # warm
    longest = max(s for s, _ in first)
    runs = 1 if longest > 30 else 3 if longest > 5 else 5 if longest > 0.1 else 25
    samples = [[once(c) for c in commands] for _ in range(runs)]
    return [(statistics.median(s[i][0] for s in samples), max(s[i][1] for s in samples)) for i in range(len(commands))]


def row(what, ours, theirs, name):
    (a, memory), (b, peak) = ours, theirs
    unit = lambda s: f"{s * 1000:.1f} ms" if s < 1 else f"{s:.2f} s"
    ratio = f"{a / b:.2f} ×" if a > b / 10 else f"1/{b / a:.0f}"
    print(f"| {what} | {unit(a)}, {memory:.0f} MiB | {name}: {unit(b)}, {peak:.0f} MiB | {ratio} |", flush=True)


def shell(book, sql):
    return ["sqlite3", "-readonly", book, sql]


def hissab(*words):
    return [HISSAB, "--color", "never", *words]


def timed_floor(floor, *words):
    """What the floor program timed inside itself."""
    return float(subprocess.run([floor, *words], check=True, capture_output=True, text=True).stdout)


def build():
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    out = subprocess.run(["cargo", "bench", "--bench", "floor", "--no-run", "--message-format=json", "--quiet"], cwd=ROOT,
                         check=True, capture_output=True, text=True).stdout
    return [line.split('"executable":"')[1].split('"')[0] for line in out.splitlines() if '"executable":"' in line and '"floor"' in line][-1]


def reports(book, floor):
    """Reports on the book against the sqlite3 shell running the best query for each."""
    names = "SELECT a.path, c.code, sum(t.debit - t.credit) FROM total t JOIN account a ON a.key = t.account JOIN currency c ON c.key = t.currency"
    month = 2023 * 12 + 5
    day = "CAST(julianday('2023-02-14') - julianday('2000-01-01') AS INTEGER)"
    busiest = subprocess.run(shell(book, "SELECT a.path FROM total t JOIN account a ON a.key = t.account GROUP BY 1 ORDER BY sum(entries) DESC LIMIT 1"),
                             check=True, capture_output=True, text=True).stdout.strip()
    row("no-op (`--version`) against hello", *pair(hissab("--version"), [floor, "hello"]), "hello")
    row("trial balance", *pair(hissab("-B", book, "tb", "--to", "2030-01-01"), shell(book, f"{names} GROUP BY 1, 2")), "sqlite3")
    row("a month's balance", *pair(hissab("-B", book, "balance", "-p", "2023-06"), shell(book, f"{names} WHERE t.month = {month} GROUP BY 1, 2")), "sqlite3")
    as_of = (f"SELECT a.path, sum(x.s) FROM (SELECT account, debit - credit AS s FROM total WHERE month < {2023 * 12 + 1} UNION ALL "
             f"SELECT e.account, e.amount FROM account a CROSS JOIN entry e WHERE e.account = a.key AND e.day >= {day} - 13 AND e.day <= {day}) x "
             "JOIN account a ON a.key = x.account GROUP BY 1")
    row("trial balance as of any day", *pair(hissab("-B", book, "tb", "--as-of", "2023-02-14"), shell(book, as_of)), "sqlite3")
    page = (f"SELECT t.number, t.day, t.description, e.amount FROM account a CROSS JOIN entry e CROSS JOIN txn t WHERE a.path = '{busiest}' "
            "AND e.account = a.key AND t.number = e.txn ORDER BY e.day DESC, e.txn DESC LIMIT 50")
    row("last 50 of the busiest ledger", *pair(hissab("-B", book, "ledger", busiest, "--limit", "50"), shell(book, page)), "sqlite3")
    incomes = "SELECT a.path, t.month, sum(t.debit - t.credit) FROM total t JOIN account a ON a.key = t.account WHERE a.kind IN ('income', 'expense') GROUP BY 1, 2"
    row("60 monthly income statements", *pair(hissab("-B", book, "is", "-M", "-b", "2020-04-01", "-e", "2025-04-01"), shell(book, incomes)), "sqlite3")


def whole_book(book, floor):
    """Commands that read everything, against the bare queries they need."""
    walk = (timed_floor(floor, "walk", book), 0)
    for name in ("csv", "ndjson"):
        row(f"export as {name}", pair(hissab("-B", book, "journal", "-O", name))[0], walk, "bare walk")
    bare = "PRAGMA quick_check; SELECT count(*) FROM (SELECT 1 FROM entry INDEXED BY entry_txn GROUP BY txn HAVING sum(amount) <> 0); SELECT account, day / 31, sum(amount) FROM entry GROUP BY 1, 2"
    row("check", *pair(hissab("-B", book, "check"), shell(book, bare)), "sqlite3")
    row("audit verify", pair(hissab("-B", book, "audit", "verify"))[0], walk, "bare walk")


def adding(book, folder):
    """One durable posting, as a process, against the shell writing the same rows durably: the transaction, its two
    entries, their month totals, the audit record and the words that find it. The shell checks nothing and hashes
    nothing."""
    copy = os.path.join(folder, "add.hissab")
    shutil.copyfile(book, copy)
    raw = os.path.join(folder, "raw.db")
    shutil.copyfile(book, raw)
    names = [r[0] for r in triggers(raw)]
    subprocess.run(["sqlite3", raw, "".join(f"DROP TRIGGER {n};" for n in names)], check=True)
    os.sync()  # or the copies' own pages are still on their way to the disk while the first runs wait for theirs
    sql = ("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE; "
           "INSERT INTO txn (number, id, day, voucher, status, version, void, seq, description) SELECT max(number) + 1, randomblob(16), 9500, 3, 0, 1, 0, 3, 'x' FROM txn; "
           "INSERT INTO entry SELECT 1, 9500, max(number), 0, 100, 1 FROM txn; INSERT INTO entry SELECT 2, 9500, max(number), 1, -100, 1 FROM txn; "
           "INSERT INTO total VALUES (1, 1, 24312, 0, 100, 0, 1) ON CONFLICT DO UPDATE SET debit = debit + 100, entries = entries + 1; "
           "INSERT INTO total VALUES (2, 1, 24312, 0, 0, 100, 1) ON CONFLICT DO UPDATE SET credit = credit + 100, entries = entries + 1; "
           "INSERT INTO audit SELECT max(seq) + 1, 1767484800000000, 'root', randomblob(16), NULL, 'posted', NULL, '[[1000001,1000001]]', "
           "'[{\"change\":\"posted\",\"first\":1000001,\"last\":1000001}]', randomblob(5), randomblob(32), randomblob(32), randomblob(32) FROM audit; "
           "INSERT INTO search (rowid, words) SELECT max(number), 'x' FROM txn; COMMIT")
    post = hissab("-B", copy, "add", "2026-01-04", "x", "Assets:Cash:Aahead", "1", "Expenses:Taxes:Aahead", "-q")
    row("one durable add", *pair(post, ["sqlite3", raw, sql]), "sqlite3")


def triggers(book):
    import sqlite3
    from contextlib import closing
    # Closed: whoever closes a book last folds its log in, and the shell would be spared that as long as this is open.
    with closing(sqlite3.connect(book)) as open_book:
        return open_book.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()


def importing(folder, book, floor):
    journal = os.path.join(folder, "book.journal")
    subprocess.run(hissab("init", book, "--name", "Bench", "--template", "plain", "--currency", "INR"), check=True, stdout=subprocess.DEVNULL)
    ours = once(hissab("-B", book, "import", journal, "--create-accounts"))
    raw = (timed_floor(floor, "insert", book, os.path.join(folder, "floor.db")), 0)
    row("import of the journal", ours, raw, "raw sorted insert")
    count = int(subprocess.run(shell(book, "SELECT max(number) FROM txn"), check=True, capture_output=True, text=True).stdout)
    print(f"| size of the book | {os.path.getsize(book) / count:.0f} bytes a transaction | journal: {os.path.getsize(journal) / count:.0f} | |")


def bank(folder, peers):
    book = os.path.join(folder, "bank.hissab")
    subprocess.run(hissab("init", book, "--template", "plain", "--currency", "INR"), check=True, stdout=subprocess.DEVNULL)
    statement, rules = os.path.join(folder, "bank.csv"), os.path.join(folder, "bank.rules")
    ours = once(hissab("-B", book, "import", statement, "--rules", rules, "--create-accounts"))
    if "hledger" in peers:
        row("import of the bank statement", ours, once(["hledger", "-f", statement, "--rules-file", rules, "print"]), "hledger print")


def journals(folder, peers, count):
    journal = os.path.join(folder, "book.journal")
    ours = hissab("-f", journal, "tb")
    beancount = os.path.join(folder, "book.beancount")
    commands = {
        "hledger": ["hledger", "-f", journal, "bal", "--flat", "-N"],
        "ledger": ["ledger", "-f", journal, "bal", "--flat"],
        "tackler": ["tackler", "--config", f"{folder}/tackler/conf/tackler.toml"],
        # Has a cache of what it parsed last; told not to use it.
        "rledger": ["env", "BEANCOUNT_DISABLE_LOAD_CACHE=1", "rledger", "report", "--no-pager", beancount, "balances"],
    }
    if "rledger" in peers:
        subprocess.run(hissab("-f", journal, "export", beancount, "-O", "beancount"), check=True, stdout=subprocess.DEVNULL)
    for name in peers:
        slow = name == "hledger" and count > 100_000
        times = (once(ours), once(commands[name])) if slow else pair(ours, commands[name])
        row("`-f journal tb`", *times, name)
        if name == "rledger":
            row("`-f beancount tb`, the same file", once(hissab("-f", beancount, "tb")), times[1], name)


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    count = int(words[0]) if words else 1_000_000
    if not shutil.which("sqlite3") or not os.path.exists("/usr/bin/time"):
        sys.exit("the sqlite3 shell and GNU time are needed (Debian: sqlite3, time)")
    peers = [p for p in PEERS if shutil.which(p)]
    print("peers here:", ", ".join(peers) or "none", "· not here:", ", ".join(p for p in PEERS if p not in peers) or "none")
    floor = build()
    with tempfile.TemporaryDirectory(prefix="hissab-bench-") as folder:
        subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), str(count), folder], check=True)
        os.environ["HOME"] = folder
        book = os.path.join(folder, "book.hissab")
        print(f"\n{count:,} transactions; time and peak memory of whole processes\n\n| what | hissab | against | ratio |\n|---|---|---|---|")
        importing(folder, book, floor)
        reports(book, floor)
        whole_book(book, floor)
        adding(book, folder)
        bank(folder, peers)
        journals(folder, peers, count)


if __name__ == "__main__":
    main()
