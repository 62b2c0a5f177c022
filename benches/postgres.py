#!/usr/bin/env python3
"""Measures `hissab serve --database` on loopback against what the same Postgres does with bare SQL.

    benches/postgres.py [--transactions N] [--seconds S] [--organisations N] [--each N] [--binary PATH]

Postgres, server and load share the machine and the run; every figure is a ratio to bare SQL, or to the same without
others, taken next to it. Needs wrk, Postgres with pgbench and psql, Python and the toolchain. Start it with nothing
else at work, as root (Postgres then runs as its own user) or as a user who may start one.

At full size, which is what the issue's figures speak of and what no words give (some 40 minutes, 25 GB in $TMPDIR):

    benches/postgres.py --transactions 1000000 --organisations 1000 --each 10000 --seconds 10

Small, to see that it works, in a minute or two on any build that has the feature `postgres`:

    benches/postgres.py --transactions 5000 --organisations 20 --each 1000 --seconds 3 --binary target/debug/hissab
"""
import argparse
import glob
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

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
ASKING = """
wrk.headers["Authorization"] = "Bearer {token}"
local n = 0
function request()
  n = n + 1
  return wrk.format("GET", string.format("{path}%04d-%02d-%02d", 2040 + math.floor(n / 336), 1 + math.floor(n / 28) % 12, 1 + n % 28))
end
"""
READERS = 2
# Organisations of one owner: a server lets nobody have more than a hundred.
OWNED = 90


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


def asking(serving, token, path, folder, seconds, clients):
    """Mean and 99th percentile of answers, in milliseconds."""
    script = os.path.join(folder, "asking.lua")
    with open(script, "w") as file:
        file.write(ASKING.format(token=token, path=path))
    said = subprocess.run(["wrk", "-t", "1", "-c", str(clients), "-d", f"{seconds}s", "--timeout", "30s", "--latency", "-s", script, serving.url],
                          check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(said)
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))
    return clients * 1000 / rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def looking(database, serving, token, folder, key, seconds):
    _, bare = database.pgbench(
        f"SELECT account, currency, sum(debit - credit) FROM hissab.total WHERE org_id = '{key}' GROUP BY 1, 2", 1, seconds, "hissab")
    ours, _ = asking(serving, token, "/api/v1/orgs/there/reports/trial-balance?date=", folder, seconds, 1)
    print(f"| trial balance, one client | {ours:.2f} ms | the bare query on the totals: {bare:.2f} ms | {ours - bare:.2f} ms more | 3 ms |", flush=True)


class Crowd:
    """Many organisations of one size in one database; the first one is asked."""

    def __init__(self, database, serving, folder, wanted):
        self.database, self.serving, self.folder, self.wanted = database, serving, folder, wanted
        self.rows = os.path.join(folder, "each.ndjson")
        self.numbers = itertools.count()
        self.owners = [dict(os.environ)]
        self.added = itertools.count()
        made = os.path.join(folder, "each")
        os.mkdir(made)
        subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), str(wanted.each), made], check=True)
        book = os.path.join(made, "each.hissab")
        load.told(["init", book, "--template", "plain", "--currency", "INR"])
        load.told(["-B", book, "import", os.path.join(made, "book.journal"), "--create-accounts"])
        load.told(["-B", book, "export", self.rows, "-O", "ndjson"])
        self.add("one-0")
        self.token = load.told(["-B", f"{serving.url}/one-0", "token", "create", "crowd"]).split()[-1]
        cash = re.search(r'"id":"([^"]+)","path":"Assets:Cash[^"]*"', self.get("/chart")).group(1)
        base = "/api/v1/orgs/one-0"
        self.asked = {"trial balance": base + "/reports/trial-balance?date=",
                      "a page of a ledger": f"{base}/transactions?ledger={cash}&limit=50&order=desc&to="}

    def owner(self, number):
        """The environment of somebody who is signed in; the first invites the others."""
        if number == len(self.owners):
            email, url = f"owner-{number}@example.com", self.serving.url
            invited = load.told(["-B", f"{url}/one-0", "org", "invite", email, "--role", "viewer", "--json"], env=self.owners[0])
            environment = dict(os.environ, HOME=os.path.join(self.folder, f"owner-{number}"))
            os.mkdir(environment["HOME"])
            code = json.loads(invited)["code"]
            load.told(["login", url, "--email", email, "--invite", "--password-stdin"], input=f"{code}\n{load.PASSWORD}\n", env=environment)
            self.owners.append(environment)
        return self.owners[number]

    def add(self, slug, rows=None):
        url, owner = self.serving.url, self.owner(next(self.added) // OWNED)
        load.told(["org", "create", slug, "--slug", slug, "--template", "plain", "--currency", "INR", "--server", url], env=owner)
        load.told(["-B", f"{url}/{slug}", "import", rows or self.rows, "--create-accounts"], env=owner)

    def get(self, path):
        url = self.serving.url + ("" if path.startswith("/api/") else "/api/v1/orgs/one-0") + path
        return urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": "Bearer " + self.token})).read().decode()

    def tails(self):
        self.database.sql("ANALYZE", "hissab")
        return {what: asking(self.serving, self.token, path, self.folder, self.wanted.seconds, READERS)[1] for what, path in self.asked.items()}

    def among_others(self, alone):
        count = self.wanted.organisations
        began = time.perf_counter()
        for number in range(1, count):
            self.add(f"one-{number}")
        print(f"| {count:,} organisations of {self.wanted.each:,} made | {time.perf_counter() - began:.0f} s | | | |", flush=True)
        among = self.tails()
        for what, path in self.asked.items():
            ratio = among[what] / alone[what]
            print(f"| {what} among {count:,} organisations, p99 | {among[what]:.2f} ms | alone: {alone[what]:.2f} ms | {ratio:.2f} × | 2 × |", flush=True)
        return among

    def beside_an_import(self, quiet, rows):
        """Others import one large file after the other while the first organisation is asked."""
        ended = threading.Event()

        def importing():
            while not ended.is_set():
                self.add(f"noise-{next(self.numbers)}", rows)

        for what, path in self.asked.items():
            ended.clear()
            noise = threading.Thread(target=importing)
            noise.start()
            time.sleep(1)
            _, loud = asking(self.serving, self.token, path, self.folder, self.wanted.seconds, READERS)
            ended.set()
            noise.join()
            print(f"| {what} beside an import at full speed, p99 | {loud:.2f} ms | without: {quiet[what]:.2f} ms | {loud / quiet[what]:.2f} × | 3 × |", flush=True)

    def plans(self):
        """What Postgres did for these questions, by its own log: nothing may read the rows of others."""
        log = os.path.join(self.database.folder, "log")
        before = os.path.getsize(log)
        for path in self.asked.values():
            self.get(path + "2039-12-31")
        with open(log) as file:
            file.seek(before)
            text = file.read()
        # Tables that have rows of every transaction or batch; of the others a page or two hold everybody's.
        large = "txn|entry|total|audit|source_row"
        scans = re.findall(rf"(?:Seq Scan|Index (?:Only )?Scan[^\n]*?|Bitmap Heap Scan) on (?:hissab\.)?(?:{large})\b[^\n]*\n[^\n]*\n", text)
        strange = [scan for scan in scans if scan.startswith("Seq") or not re.search(r"Cond: .*org_id", scan)]
        found = "none" if not strange else strange[0].split("(")[0].strip()
        print(f"| scans of large tables that do not begin with the organisation, of {len(scans)} | {found} | | | none |", flush=True)


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--transactions", type=int, default=1_000_000, help="of the book that is imported and looked at (1,000,000)")
    words.add_argument("--seconds", type=int, default=10, help="of each measurement (10)")
    words.add_argument("--organisations", type=int, default=1_000, help="in one database; 0 leaves that part out (1,000)")
    words.add_argument("--each", type=int, default=10_000, help="transactions of each organisation (10,000)")
    words.add_argument("--binary", help="a build with the feature postgres to measure, instead of building one")
    wanted = words.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is needed (Debian: wrk)")
    if wanted.binary:
        run.HISSAB = os.path.abspath(wanted.binary)
    else:
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
    start = lambda: load.Serving(os.path.join(folder, "data"), "--database", f"postgres://postgres@127.0.0.1:{PORT}/hissab")
    serving = start()
    crowd = None
    try:
        load.told(["login", serving.url, "--email", "asha@example.com", "--setup", "--password-stdin"],
                  input=f"{serving.code()}\n{load.PASSWORD}\n")
        print("| what | hissab | beside it | ratio | goal |\n|---|---|---|---|---|", flush=True)
        rows = one_large(database, serving, folder, wanted)
        if wanted.organisations:
            crowd = Crowd(database, serving, folder, wanted)
            among = crowd.among_others(crowd.tails())
            crowd.beside_an_import(among, rows)
    finally:
        serving.stop()
    if crowd:
        for setting in ("session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0"):
            database.sql(f"ALTER DATABASE hissab SET {setting}")
        crowd.serving = start()
        try:
            crowd.plans()
        finally:
            crowd.serving.stop()


def one_large(database, serving, folder, wanted):
    """One organisation of the wanted size; gives the rows it was made of."""
    for name in ("load", "there"):
        load.told(["org", "create", name.title(), "--slug", name, "--template", "plain", "--currency", "INR", "--server", serving.url])
    for account in ("Expenses:Tea", "Assets:Cash"):
        subprocess.run(run.hissab("-B", serving.url + "/load", "account", "add", account), capture_output=True)
    token = lambda org: load.told(["-B", f"{serving.url}/{org}", "token", "create", "load"]).split()[-1]
    book = os.path.join(folder, "big.hissab")
    load.told(["init", book, "--template", "plain", "--currency", "INR"])
    load.told(["-B", book, "import", os.path.join(folder, "book.journal"), "--create-accounts"])
    posting(database, serving, token("load"), folder, wanted.seconds)
    key = importing(database, serving, folder, book)
    database.sql("ANALYZE", "hissab")
    looking(database, serving, token("there"), folder, key, wanted.seconds)
    return os.path.join(folder, "all.ndjson")


if __name__ == "__main__":
    main()
