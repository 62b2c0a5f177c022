#!/usr/bin/env python3
"""Measures `hissab serve --database` on loopback against what the same Postgres does with bare SQL.

    benches/postgres.py [--transactions N] [--seconds S]

Postgres, server and load share the machine and the run; every figure is a ratio to bare SQL taken next to it. Needs
wrk, Postgres with pgbench and psql, Python and the toolchain. Start it with nothing else at work.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import load  # noqa: E402  serving, wrk and the table's rows
import run  # noqa: E402

PORT = "54331"
CLIENTS = 64
TABLES = """
CREATE TABLE txn (number bigserial PRIMARY KEY, id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(), day date, description text);
CREATE TABLE entry (account int, day date, txn bigint, line int, amount bigint, currency int, PRIMARY KEY (account, day, txn, line));
CREATE TABLE total (account int, currency int, month int, debit bigint, credit bigint, entries bigint, PRIMARY KEY (account, currency, month));
INSERT INTO total VALUES (1, 1, 24316, 0, 0, 0), (2, 1, 24316, 0, 0, 0);
"""
POST = """
WITH t AS (INSERT INTO txn (day, description) VALUES ('2026-04-07', 'tea for the shop') RETURNING number),
     e AS (INSERT INTO entry SELECT a, '2026-04-07', number, a, 1250 * (3 - 2 * a), 1 FROM t, (VALUES (1), (2)) v(a))
UPDATE total SET debit = debit + 1250 * (2 - account), credit = credit + 1250 * (account - 1), entries = entries + 1
 WHERE account IN (1, 2) AND currency = 1 AND month = 24316;
"""
# Each question another day, so that no answer is one that was kept.
TRIAL_BALANCE = """
wrk.headers["Authorization"] = "Bearer {token}"
local n = 0
function request()
  n = n + 1
  return wrk.format("GET", string.format("{path}?date=%04d-%02d-%02d", 2040 + math.floor(n / 336), 1 + math.floor(n / 28) % 12, 1 + n % 28))
end
"""


class Postgres:
    """A scratch cluster, as another user when root; its programs run as that user too."""

    def __init__(self):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.folder = tempfile.mkdtemp(prefix="hissab-pg-")
        self.become = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            self.become = ["runuser", "-u", "postgres", "--"]
        self.run("initdb", "-D", f"{self.folder}/db", "-A", "trust", "-U", "postgres")
        self.run("pg_ctl", "-D", f"{self.folder}/db", "-w", "-l", f"{self.folder}/log", "-o",
                 f"-p {PORT} -k {self.folder} -c max_connections=300 -c shared_buffers=512MB -c max_wal_size=8GB", "start")

    def run(self, program, *words, **more):
        more = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **more}
        return subprocess.run([*self.become, f"{self.bin}/{program}", *words], check=True, cwd=self.folder, text=True, **more)

    def sql(self, text, database="postgres"):
        return self.run("psql", "-h", self.folder, "-p", PORT, "-U", "postgres", "-At", "-v", "ON_ERROR_STOP=1", "-c", text, database,
                        stdout=subprocess.PIPE).stdout.strip()

    def pgbench(self, text, clients, seconds, database="bare"):
        """Transactions a second, and the mean latency in milliseconds."""
        path = os.path.join(self.folder, "script.sql")
        with open(path, "w") as file:
            file.write(" ".join(text.split()) + "\n")
        os.chmod(path, 0o644)
        said = self.run("pgbench", "-h", self.folder, "-p", PORT, "-U", "postgres", "-n", "-c", str(clients), "-j", "2", "-M", "prepared",
                        "-T", str(seconds), "-f", path, database, stdout=subprocess.PIPE).stdout
        return float(re.search(r"tps = ([\d.]+)", said).group(1)), float(re.search(r"latency average = ([\d.]+)", said).group(1))

    def stop(self):
        self.run("pg_ctl", "-D", f"{self.folder}/db", "-m", "fast", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def posting(database, serving, token, folder, seconds):
    bare, _ = database.pgbench(POST, CLIENTS, seconds)
    script = load.POST.format(token=token, salt="pg")
    rate = load.wrk(serving.url + "/api/v1/orgs/load/transactions", script, folder, CLIENTS, seconds)
    load.say(f"durable POST, {CLIENTS} connections, a second", rate, bare, "pgbench, one statement that keeps totals", "2 ×")


def importing(database, serving, folder, book):
    """A book's transactions over HTTP, and the same rows with COPY into tables with the same keys."""
    rows = os.path.join(folder, "all.ndjson")
    load.told(["-B", book, "export", rows, "-O", "ndjson"])
    began = time.perf_counter()
    load.told(["-B", serving.url + "/there", "import", rows, "--create-accounts"])
    ours = time.perf_counter() - began
    key = database.sql("SELECT org_id FROM hissab.txn GROUP BY 1 ORDER BY count(*) DESC LIMIT 1", "hissab")
    for table, columns in (("txn", "number, id, date '2000-01-01' + day, description"),
                           ("entry", "account, date '2000-01-01' + day, txn, line, amount, currency")):
        database.sql(f"COPY (SELECT {columns} FROM hissab.{table} WHERE org_id = '{key}') TO '{database.folder}/{table}.copy'", "hissab")
    database.sql("TRUNCATE txn, entry", "bare")
    began = time.perf_counter()
    for table in ("txn", "entry"):
        database.sql(f"COPY {table} FROM '{database.folder}/{table}.copy'", "bare")
    bare = time.perf_counter() - began
    print(f"| NDJSON import over HTTP | {ours:.2f} s | COPY of the same rows: {bare:.2f} s | {bare / ours:.2f} × | 0.6 × |", flush=True)
    return key


def looking(database, serving, token, folder, key, seconds):
    _, bare = database.pgbench(
        f"SELECT account, currency, sum(debit - credit) FROM hissab.total WHERE org_id = '{key}' GROUP BY 1, 2", 1, seconds, "hissab")
    script = TRIAL_BALANCE.format(token=token, path="/api/v1/orgs/there/reports/trial-balance")
    ours = 1000 / load.wrk(serving.url, script, folder, 1, seconds)
    print(f"| trial balance, one client | {ours:.2f} ms | the bare query on the totals: {bare:.2f} ms | {ours - bare:.2f} ms more | 3 ms |", flush=True)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--transactions", type=int, default=1_000_000)
    words.add_argument("--seconds", type=int, default=10)
    wanted = words.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is needed (Debian: wrk)")
    subprocess.run(["cargo", "build", "--release", "--quiet", "--features", "postgres"], cwd=run.ROOT, check=True)
    database = Postgres()
    try:
        with tempfile.TemporaryDirectory(prefix="hissab-pg-load-") as folder:
            measure(database, folder, wanted)
    finally:
        database.stop()


def measure(database, folder, wanted):
    os.environ["HOME"] = folder
    os.environ.pop("XDG_CONFIG_HOME", None)
    subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), str(wanted.transactions), folder], check=True)
    for name in ("bare", "hissab"):
        database.sql(f"CREATE DATABASE {name}")
    database.sql(TABLES, "bare")
    # The server signs in over the loopback; whoever it is works as the role that may least.
    serving = load.Serving(os.path.join(folder, "data"), "--database", f"postgres://postgres@127.0.0.1:{PORT}/hissab")
    try:
        load.told(["login", serving.url, "--email", "asha@example.com", "--setup", "--password-stdin"],
                  input=f"{serving.code()}\n{load.PASSWORD}\n")
        for name in ("load", "there"):
            load.told(["org", "create", name.title(), "--slug", name, "--template", "plain", "--currency", "INR", "--server", serving.url])
        for account in ("Expenses:Tea", "Assets:Cash"):
            subprocess.run(run.hissab("-B", serving.url + "/load", "account", "add", account), capture_output=True)
        token = lambda org: load.told(["-B", f"{serving.url}/{org}", "token", "create", "load"]).split()[-1]
        book = os.path.join(folder, "big.hissab")
        load.told(["init", book, "--template", "plain", "--currency", "INR"])
        load.told(["-B", book, "import", os.path.join(folder, "book.journal"), "--create-accounts"])
        print("| what | hissab | bare Postgres | ratio | goal |\n|---|---|---|---|---|")
        posting(database, serving, token("load"), folder, wanted.seconds)
        key = importing(database, serving, folder, book)
        database.sql("ANALYZE", "hissab")
        looking(database, serving, token("there"), folder, key, wanted.seconds)
    finally:
        serving.stop()


if __name__ == "__main__":
    main()
