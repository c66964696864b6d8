// Mail as people of other houses have it: what the local host sent, and what they answer by SMTP.

import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { within } from "./harness.js";

/** @typedef {{ id: string, to: string[], subject: string, text: string, headers: { name: string, value: string }[] }} Mail */

/** @param {Mail} mail @param {string} name */
export const header = (mail, name) => mail.headers.find((each) => each.name === name)?.value ?? "";

/**
 * The mail to an address whose subject says so, once it has come.
 * @param {string} url
 * @param {string} to
 * @param {RegExp} subject
 * @returns {Promise<Mail>}
 */
export function received(url, to, subject) {
	return within(`${to} has mail that says ${subject}`, async () => {
		const answer = await fetch(`${url}/_local/mail`, { headers: { Accept: "application/json" } });
		const { items } = /** @type {{ items: Mail[] }} */ (await answer.json());
		return items.find((mail) => mail.to.some((each) => each.includes(to)) && subject.test(mail.subject));
	});
}

/**
 * Answers a mail, as a mail program does.
 * @param {number} port
 * @param {Mail} mail
 * @param {string} from
 * @param {string} text
 */
export async function answer(port, mail, from, text) {
	const to = header(mail, "Reply-To").replace(/^.*<|>.*$/g, "");
	const message = [
		`From: <${from}>`,
		`To: <${to}>`,
		`Subject: Re: ${header(mail, "Subject").replace(/\s+/g, " ")}`,
		`In-Reply-To: ${header(mail, "Message-ID")}`,
		`Message-ID: <${Date.now()}@${from.split("@")[1]}>`,
		`Date: ${new Date().toUTCString()}`,
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8",
		"",
		text,
		".",
	];
	const socket = connect(port, "127.0.0.1");
	const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
	/** @param {number} wanted */
	const told = async (wanted) => {
		for (;;) {
			const { value = "", done } = await lines.next();
			if (done || !value.startsWith(String(wanted))) throw new Error(`the mail was not taken: ${value}`);
			if (value[3] !== "-") return;
		}
	};
	await told(220);
	for (const [command, wanted] of /** @type {[string, number][]} */ ([
		["EHLO test.example", 250],
		[`MAIL FROM:<${from}>`, 250],
		[`RCPT TO:<${to}>`, 250],
		["DATA", 354],
		[message.join("\r\n"), 250],
		["QUIT", 221],
	])) {
		socket.write(`${command}\r\n`);
		await told(wanted);
	}
	socket.end();
}

/**
 * Writes to the desk, as any server does.
 * @param {number} port
 * @param {string} from
 * @param {string} subject
 */
export async function post(port, from, subject) {
	const socket = connect(port, "127.0.0.1");
	const text = `From: ${from}\r\nTo: soportespmic@uspec.gov.co\r\nSubject: ${subject}\r\nMessage-ID: <uno@example.com>\r\n\r\nNo puedo entrar.\r\n.`;
	const lines = ["EHLO x", `MAIL FROM:<${from}>`, "RCPT TO:<soportespmic@uspec.gov.co>", "DATA", text, "QUIT"];
	for (const line of lines) {
		await once(socket, "data");
		socket.write(`${line}\r\n`);
	}
	await once(socket, "close");
}
