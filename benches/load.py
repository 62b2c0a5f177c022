#!/usr/bin/env python3
"""Measures `hissab serve` on loopback with wrk, against bare SQLite, a constant answer, and pgbench if it is there.

    benches/load.py [--transactions N] [--seconds S] [--connections C]

Server, load and floors share the machine and the run; every figure is a ratio to a floor taken next to it. Needs
wrk, Python and the release build's toolchain. N is the size of the book that reads are measured on.
"""
import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import run  # noqa: E402  the steps that both scripts share

PASSWORD = "correct horse battery staple"
POST = """
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer {token}"
wrk.headers["Content-Type"] = "application/json"
local body = '{{"date":"2026-04-07","description":"tea for the shop","entries":[{{"account":"Expenses:Tea","debit":"12.50"}},{{"account":"Assets:Cash","credit":"12.50"}}]}}'
local thread, n = 0, 0
function setup(t) t:set("name", thread); thread = thread + 1 end
function request()
  n = n + 1
  wrk.headers["Idempotency-Key"] = "load-" .. name .. "-" .. n .. "-{salt}"
  return wrk.format(nil, nil, nil, body)
end
"""
GET = 'wrk.headers["Authorization"] = "Bearer {token}"\n'


class Serving:
    """A server on a folder, and how long its first answer took."""

    def __init__(self, data, *more):
        began = time.perf_counter()
        self.process = subprocess.Popen(run.hissab("serve", "--data", data, "--listen", "127.0.0.1:0", "--requests-a-minute", "0", *more),
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = "http://" + re.search(r"127\.0\.0\.1:\d+", self.process.stdout.readline()).group()
        urllib.request.urlopen(self.url + "/healthz").read()
        self.started = time.perf_counter() - began

    def code(self):
        """The one-time code of a new folder."""
        for line in self.process.stdout:
            if "setup code: " in line:
                return line.split("setup code: ")[1].strip()
        sys.exit("the server gave no code")

    def memory(self):
        """Resident MiB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024

    def cpu(self):
        """Seconds of processor time so far."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def told(words, **more):
    return subprocess.run(run.hissab(*words), check=True, capture_output=True, text=True, **more).stdout


def wrk(url, script, folder, connections, seconds):
    """Requests a second; every answer must have been a 2xx."""
    path = os.path.join(folder, "load.lua")
    with open(path, "w") as file:
        file.write(script)
    said = subprocess.run(["wrk", "-t", "2", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s", "-s", path, url],
                          check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(said)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))


def say(what, ours, floor, name, goal):
    ratio = f"{ours / floor:.2f} ×" if floor else ""
    print(f"| {what} | {ours:,.0f} | {name}: {floor:,.0f} | {ratio} | {goal} |", flush=True)


def plain(what, value, goal):
    print(f"| {what} | {value} | | | {goal} |", flush=True)


def constant(floor, size, folder, connections, seconds):
    """Requests a second of the same HTTP stack answering so many bytes that never change."""
    with subprocess.Popen([floor, "serve", str(size)], stdout=subprocess.PIPE, text=True) as process:
        rate = wrk("http://" + process.stdout.readline().strip(), "", folder, connections, seconds)
        process.kill()
    return rate


def posting(serving, token, floor, folder, wanted):
    for connections in (32, 64):
        bare = run.timed_floor(floor, "groups", os.path.join(folder, f"groups-{connections}.db"))
        script = POST.format(token=token, salt=connections)
        rate = wrk(serving.url + "/api/v1/orgs/load/transactions", script, folder, connections, wanted.seconds)
        say(f"durable POST, {connections} connections, a second", rate, bare, "bare SQLite, every row of a POST, groups of 32", "0.5 ×")


def reading(serving, token, floor, folder, wanted):
    base = serving.url + "/api/v1/orgs/big"
    get = lambda path: urllib.request.urlopen(urllib.request.Request(base + path, headers={"Authorization": "Bearer " + token})).read()
    ledgers = json.loads(get("/chart"))["ledgers"]
    cash = next(ledger["id"] for ledger in ledgers if ledger["path"] == "Assets:Cash:Aahead")
    for what, path in (("trial balance", "/reports/trial-balance"), ("a page of a ledger", f"/transactions?ledger={cash}&limit=50&order=desc")):
        size = len(get(path))
        rate = wrk(base + path, GET.format(token=token), folder, 32, wanted.seconds)
        still = constant(floor, size, folder, 32, wanted.seconds)
        say(f"{what}, {size:,} bytes, a second", rate, still, "a constant of that size", "0.4 ×")


def listening(serving, token, count=200):
    before, host = serving.memory(), serving.url.removeprefix("http://")
    head = (f"GET /api/v1/orgs/load/stream HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            "Accept: text/event-stream\r\n\r\n").encode()
    lines = []
    for _ in range(count):
        line = socket.create_connection(host.split(":"))
        line.sendall(head)
        if b" 200 " not in line.recv(4096):
            sys.exit("the stream was refused")
        lines.append(line)
    time.sleep(2)
    cpu, began = serving.cpu(), time.perf_counter()
    time.sleep(10)
    share = (serving.cpu() - cpu) / (time.perf_counter() - began)
    plain(f"{count} idle listeners", f"{serving.memory() - before:.1f} MiB, {share:.2%} of a core", "20 MiB, 1 %")
    for line in lines:
        line.close()


def importing(serving, folder, journal):
    began = time.perf_counter()
    told(["init", f"{folder}/here.hissab", "--template", "plain", "--currency", "INR"])
    began = time.perf_counter()
    told(["-B", f"{folder}/here.hissab", "import", journal, "--create-accounts"])
    here = time.perf_counter() - began
    began = time.perf_counter()
    told(["-B", serving.url + "/there", "import", journal, "--create-accounts"])
    there = time.perf_counter() - began
    print(f"| import of a journal over HTTP | {there:.2f} s | on a file: {here:.2f} s | {here / there:.2f} × | 0.6 × |", flush=True)


def looking(serving, book):
    there = run.hissab("-B", serving.url + "/big", "tb")
    (a, _), (b, _) = run.pair(there, run.hissab("-B", book, "tb"))
    plain("`hissab tb` there and on the file", f"{a * 1000:.1f} ms and {b * 1000:.1f} ms: {(a - b) * 1000:.1f} ms more", "25 ms")


def postgres(folder, seconds):
    """What Postgres commits with one statement a transaction, if it is installed; as another user when root."""
    where = sorted(p for p in (shutil.which("pgbench"), "/usr/lib/postgresql/15/bin/pgbench") if p and os.path.exists(p))
    server = "/usr/lib/postgresql/15/bin"
    if not where or not os.path.exists(server):
        return None
    data = tempfile.mkdtemp(prefix="hissab-pg-")
    become = []
    if os.geteuid() == 0:
        shutil.chown(data, "postgres")
        become = ["runuser", "-u", "postgres", "--"]
    port = "54329"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": data}
    subprocess.run([*become, f"{server}/initdb", "-D", f"{data}/db", "-A", "trust"], **quiet)
    subprocess.run([*become, f"{server}/pg_ctl", "-D", f"{data}/db", "-w", "-l", f"{data}/log", "-o", f"-p {port} -k {data}", "start"], **quiet)
    try:
        tables = ("CREATE TABLE txn (number bigserial PRIMARY KEY, id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(), day date, description text);"
                  "CREATE TABLE entry (account int, day date, txn bigint, line int, amount bigint, currency int, PRIMARY KEY (account, day, txn, line));"
                  "CREATE TABLE total (account int, currency int, month int, debit bigint, credit bigint, entries bigint, PRIMARY KEY (account, currency, month));"
                  "INSERT INTO total VALUES (1, 1, 24316, 0, 0, 0), (2, 1, 24316, 0, 0, 0)")
        subprocess.run([*become, "psql", "-h", data, "-p", port, "postgres", "-c", tables], **quiet)
        script = os.path.join(data, "post.sql")
        with open(script, "w") as file:
            file.write("WITH t AS (INSERT INTO txn (day, description) VALUES ('2026-04-07', 'tea for the shop') RETURNING number), "
                       "e AS (INSERT INTO entry SELECT a, '2026-04-07', number, a, 1250 * (3 - 2 * a), 1 FROM t, (VALUES (1), (2)) v(a)) "
                       "UPDATE total SET debit = debit + 1250 * (2 - account), credit = credit + 1250 * (account - 1), entries = entries + 1 "
                       "WHERE account IN (1, 2) AND currency = 1 AND month = 24316;\n")
        os.chmod(script, 0o644)
        said = subprocess.run([*become, where[0], "-h", data, "-p", port, "-n", "-c", "32", "-j", "2", "-M", "prepared", "-T", str(seconds), "-f", script, "postgres"],
                              check=True, capture_output=True, text=True, cwd=data).stdout
        return float(re.search(r"tps = ([\d.]+)", said).group(1))
    finally:
        subprocess.run([*become, f"{server}/pg_ctl", "-D", f"{data}/db", "-m", "fast", "stop"], **quiet)
        shutil.rmtree(data, ignore_errors=True)


def prepare(folder, wanted):
    """A server with an owner, three organisations and a big book; its token is in the environment."""
    serving = Serving(os.path.join(folder, "data"))
    plain("first answer on an empty folder", f"{serving.started:.2f} s", "1 s")
    plain("idle memory", f"{serving.memory():.0f} MiB", "40 MiB")
    told(["login", serving.url, "--email", "asha@example.com", "--setup", "--password-stdin"], input=f"{serving.code()}\n{PASSWORD}\n")
    for name in ("load", "there"):
        told(["org", "create", name.title(), "--slug", name, "--template", "plain", "--currency", "INR", "--server", serving.url])
    for account in ("Expenses:Tea", "Assets:Cash"):
        subprocess.run(run.hissab("-B", serving.url + "/load", "account", "add", account), capture_output=True)
    return serving


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--transactions", type=int, default=1_000_000)
    words.add_argument("--seconds", type=int, default=10)
    wanted = words.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is needed (Debian: wrk)")
    floor = run.build()
    with tempfile.TemporaryDirectory(prefix="hissab-load-") as folder:
        os.environ["HOME"] = folder
        os.environ.pop("XDG_CONFIG_HOME", None)
        subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), str(wanted.transactions), folder], check=True)
        print("| what | hissab | floor | ratio | goal |\n|---|---|---|---|---|")
        serving = prepare(folder, wanted)
        try:
            token = lambda org: told(["-B", f"{serving.url}/{org}", "token", "create", "load"]).split()[-1]
            measure(serving, token, floor, folder, wanted)
        finally:
            serving.stop()
        again = Serving(os.path.join(folder, "data"))
        plain("first answer with 100 organisations", f"{again.started:.2f} s", "1 s")
        again.stop()


def measure(serving, token, floor, folder, wanted):
    book, journal = os.path.join(folder, "big.hissab"), os.path.join(folder, "book.journal")
    posting(serving, token("load"), floor, folder, wanted)
    rate = postgres(folder, wanted.seconds)
    print(f"| (Postgres 15, one statement a transaction, 32 clients, a second) | | {rate:,.0f} | | 1.2 × |" if rate else "| (Postgres 15 is not installed) | | | | |", flush=True)
    listening(serving, token("load"))
    importing(serving, folder, journal)
    told(["init", book, "--template", "plain", "--currency", "INR"])
    told(["-B", book, "import", journal, "--create-accounts"])
    told(["push", book, serving.url + "/big"])
    reading(serving, token("big"), floor, folder, wanted)
    looking(serving, book)
    for number in range(97):
        told(["org", "create", f"Many {number}", "--slug", f"many-{number}", "--template", "plain", "--server", serving.url])


if __name__ == "__main__":
    main()
