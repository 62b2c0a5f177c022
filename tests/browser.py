"""A browser as a client of hissab's server, for tests/it/server_browser.rs.

    browser.py PROGRAM URL TOKEN OTHER_URL

Drives headless Chromium over its debugging pipe (no port, no library) and prints one JSON object: what /docs shows,
what a page of the same origin hears of the event stream, and what a page of another origin is told.
"""

import json
import os
import subprocess
import sys
import tempfile

WAIT = 60


class Browser:
    """Headless Chromium; questions go down one pipe, answers come up another, each ended by a zero byte."""

    def __init__(self, program, folder):
        ask_end, self.ask = os.pipe()
        self.hear, hear_end = os.pipe()

        def as_promised():
            # The debugging pipe is file 3 in, file 4 out; both may stand in each other's place first.
            ask, hear = os.dup(ask_end), os.dup(hear_end)
            os.dup2(ask, 3)
            os.dup2(hear, 4)

        words = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--no-first-run", "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]
        self.process = subprocess.Popen(words, preexec_fn=as_promised, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(ask_end)
        os.close(hear_end)
        self.answers = os.fdopen(self.hear, "rb")
        self.count = 0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def message(self):
        text = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            if not byte:
                raise EOFError("the browser went away")
            text += byte
        return json.loads(text)

    def call(self, method, session=None, **params):
        self.count += 1
        question = {"id": self.count, "method": method, "params": params}
        if session:
            question["sessionId"] = session
        os.write(self.ask, json.dumps(question).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                return answer["result"]

    def go(self, url):
        """Opens a page and waits until it is there."""
        self.call("Page.enable", self.session)
        self.call("Page.navigate", self.session, url=url)
        while self.run("document.readyState + ' ' + location.href") not in (f"complete {url}", f"interactive {url}"):
            pass

    def run(self, script):
        """The value of a script on the page, awaited."""
        told = self.call("Runtime.evaluate", self.session, expression=script, awaitPromise=True,
                         returnByValue=True, timeout=WAIT * 1000)
        if "exceptionDetails" in told:
            raise RuntimeError(told["exceptionDetails"])
        return told["result"].get("value")

    def close(self):
        self.process.kill()
        self.process.wait()


LISTEN = """
(async () => {
  const answer = await fetch('/api/v1/orgs/acme/stream?since=0', { headers: { authorization: 'Bearer %s' } });
  const reader = answer.body.getReader();
  let text = '';
  while (!text.includes('data: ')) {
    const { done, value } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  await reader.cancel();
  return { status: answer.status, type: answer.headers.get('content-type'), text };
})()
"""

FOREIGN = """
(async () => {
  try {
    const answer = await fetch('%s', %s);
    return { status: answer.status, type: answer.type, text: await answer.text() };
  } catch (error) {
    return { refused: String(error) };
  }
})()
"""


def main():
    program, url, token, other = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(program, folder)
        try:
            browser.go(f"{url}/docs")
            docs = {"title": browser.run("document.title"), "text": browser.run("document.body.innerText"),
                    "headings": browser.run("[...document.querySelectorAll('h3')].map(h => h.innerText)"),
                    "scripts": browser.run("document.scripts.length"),
                    "styled": browser.run("getComputedStyle(document.body).maxWidth")}
            browser.go(f"{url}/api/v1/meta")
            stream = browser.run(LISTEN % token)
            browser.go(f"{other}/healthz")
            meta = f"{url}/api/v1/meta"
            bearer = json.dumps({"headers": {"authorization": f"Bearer {token}"}})
            foreign = {"plain": browser.run(FOREIGN % (meta, "{}")),
                       "with a token": browser.run(FOREIGN % (f"{url}/api/v1/orgs/acme", bearer)),
                       "opaque": browser.run(FOREIGN % (meta, '{"mode": "no-cors"}'))}
        finally:
            browser.close()
    json.dump({"docs": docs, "stream": stream, "foreign": foreign}, sys.stdout)


main()
