"""Fills a local host with a ticket in every state and a refused mail, so that
random requests meet something; prints where the API is and a token.

Usage: seed.py PID DIRECTORY ADDRESS, where PID is the host's, DIRECTORY/data its
data, and ADDRESS whose token is wanted. Writes what it found to
DIRECTORY/*.dict.
"""

import email.message
import json
import os
import pathlib
import re
import smtplib
import sys
import time
import urllib.error
import urllib.request

REQUESTER = "ana@uspec.gov.co"
AGENT = "agente1.soporte@uspec.gov.co"
OFFICER = "oficial1.tecnologia@uspec.gov.co"
COORDINATOR = "coordinador.mesa@uspec.gov.co"


def within(seconds, what, look):
    """What `look` finds, once it finds something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    sys.exit(f"seed: after {seconds} s still not: {what}")


class Desk:
    def __init__(self, pid, data):
        def ports():
            try:
                told = json.loads((data / "host.json").read_text())
            except (OSError, ValueError):
                os.kill(pid, 0)  # Gone: it says why in its log.
                return None
            return told if told["pid"] == pid else None

        told = within(60, "the host listens", ports)
        self.api = f"http://127.0.0.1:{told['port']}"
        self.smtp_port = told["smtp_port"]
        self.tokens = {}
        within(60, "the functions are up", lambda: self.call("GET", "/_local/queues")[0] == 200)

    def call(self, method, path, body=None, who=None):
        headers = {"Content-Type": "application/json"}
        if who:
            headers["Authorization"] = f"Bearer {self.token(who)}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def must(self, *arguments, **others):
        status, answer = self.call(*arguments, **others)
        if status not in (200, 201):
            sys.exit(f"seed: {arguments}: {status} {answer}")
        return answer

    def token(self, who):
        if who not in self.tokens:
            self.tokens[who] = self.must("POST", "/_local/token", {"email": who})["token"]
        return self.tokens[who]

    def command(self, number, name, body, who):
        return self.must("POST", f"/tickets/{number}/{name}", body, who=who)

    def ticket(self, category="plataforma", **more):
        """A ticket that the agent is responsible for."""
        body = {"title": "Falla", "description": "No funciona.", "category": category, **more}
        number = self.must("POST", "/tickets", body, who=REQUESTER)["number"]
        within(20, "it is assigned", lambda: self.must("GET", f"/tickets/{number}", who=REQUESTER)["assignee"])
        assigned = self.must("GET", f"/tickets/{number}", who=COORDINATOR)
        if assigned["assignee"]["email"] != AGENT:
            self.command(number, "assignment", {"agent": AGENT}, COORDINATOR)
        return number


def main():
    _, pid, directory, address = sys.argv
    directory = pathlib.Path(directory)
    desk = Desk(int(pid), directory / "data")

    desk.ticket()  # 1: assigned.
    held = desk.ticket()
    desk.command(held, "hold", {"note": "¿Qué equipo es?"}, AGENT)
    for last in ["escalation", "provider", "solution-report"]:
        number = desk.ticket()
        desk.command(number, "escalation", {"officer": OFFICER, "justification": "Servidor."}, AGENT)
        if last == "provider":
            desk.command(number, "provider", {"provider": "redes_externo", "message": "¿Y el enlace?"}, OFFICER)
        if last == "solution-report":
            desk.command(number, "solution-report", {"body": "Se reinició."}, OFFICER)
    solved = desk.ticket()
    desk.command(solved, "resolution", {"solution": "Se cambió el cable."}, AGENT)
    closed = desk.ticket("redes")
    desk.command(closed, "resolution", {"solution": "Se cambió el cable."}, AGENT)
    desk.command(closed, "closure", {}, AGENT)
    desk.ticket("publicacion_web", web_request={"action": "publish"})

    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "x@example.com", "soportespmic@uspec.gov.co", "Oferta"
    mail.set_content("Compre.")
    with smtplib.SMTP("127.0.0.1", desk.smtp_port) as door:
        door.send_message(mail)

    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 5 * 3600))
    path = f"/mail/refused?day={day}"
    refused = within(20, "the mail is refused", lambda: desk.must("GET", path, who=COORDINATOR)["items"])

    def survey():
        texts = [sent["text"] for sent in desk.must("GET", "/_local/mail")["items"]]
        return re.findall(r"/surveys/([a-z2-7]{52})", "\n".join(texts))

    surveys = within(20, "the survey is mailed", survey)
    for name, values in {
        "tickets": [str(number) for number in range(1, 9)],
        "surveys": surveys,
        "mails": [record["id"] for record in refused],
        "days": [day],
    }.items():
        lines = "".join(f'"{value}"\n' for value in values)
        (directory / f"{name}.dict").write_text(lines)
    print(desk.api)
    print(desk.token(address))


main()
