// Who else is at a request. The page says what is done on it, at most every so many seconds and only while somebody looks;
// the answer is who else is there, and whether the request has gone on. Nothing moves by itself.

import { amount } from "./clock.js";
import { element, say } from "./say.js";

// In seconds: a sign holds for so long, and so does what was typed; whoever does nothing gives signs just often enough to be
// seen; whoever stays for less than the last gives none.
const LASTS = 60;
const IDLE = 45;
const DWELL = 2;

/** What a form on the page is for. @type {Record<string, string>} */
const DOING = { reply: "answering", note: "noting", resolve: "solving", report: "solving" };

/**
 * What is being done, by where something was typed last, and how many seconds ago.
 * @param {{ form: string, ago: number, text: string } | undefined} typed
 */
export function doing(typed) {
	if (!typed || typed.text.trim() === "" || typed.ago > LASTS) return "viewing";
	return DOING[typed.form] ?? "acting";
}

/**
 * Seconds until the next sign.
 * @param {number} base what the page asks for
 * @param {number} last what it was before
 * @param {"answered" | "failed"} outcome
 * @param {boolean} idle whether nothing was done since the last one
 */
export function pause(base, last, outcome, idle) {
	if (outcome === "failed") return Math.min(last * 2, 300);
	return idle ? Math.min(last + base, Math.max(IDLE, base)) : base;
}

/** @typedef {{ text: string, ago: number }} Other */

/** @param {HTMLElement} place */
function watch(place) {
	const base = Number(place.dataset.presence) || 15;
	const address = place.dataset.at ?? "";
	const version = Number(place.dataset.version);
	/** @type {{ text: string, since: number }[]} */
	let others = [];
	/** @type {{ box: HTMLTextAreaElement, at: number } | undefined} */
	let typed;
	let acted = false;
	let seconds = base;
	/** @type {"answered" | "failed"} */
	let outcome = "answered";
	/** When the last sign was given, by `performance.now`. @type {number | undefined} */
	let given;
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	let over = false;

	function show() {
		const at = performance.now();
		others = others.filter(({ since }) => at - since < LASTS * 1000);
		const lines = others.map(({ text, since }) => {
			const ago = amount(Math.max(0, Math.floor((at - since) / 1000)));
			return element(
				"p",
				{ class: "presence" },
				`${text} `,
				element("span", { "aria-hidden": "true" }, `(hace ${ago})`),
			);
		});
		place.replaceChildren(...lines);
	}

	/** @param {Other[]} next */
	function take(next) {
		const known = others.map(({ text }) => text);
		others = next.map(({ text, ago }) => ({ text, since: performance.now() - ago * 1000 }));
		const fresh = next.filter(({ text }) => !known.includes(text));
		if (fresh.length > 0) say(fresh.map(({ text }) => text).join(". "));
		show();
	}

	/** It went on: who wants to see how loads the page again. What is typed is kept as a draft. */
	function offer() {
		if (document.querySelector(".fresh")) return;
		const button = element("button", { class: "linkish", type: "button" }, "Recargar");
		button.addEventListener("click", () => location.replace(location.pathname));
		document.body.append(element("p", { class: "fresh" }, "Hay novedades en esta solicitud. ", button));
		say("Hay novedades en esta solicitud.");
	}

	/** @param {string} what @param {RequestInit} [how] */
	const send = (what, how) =>
		fetch(address, {
			method: "POST",
			body: new URLSearchParams({ doing: what }),
			headers: { Accept: "application/json" },
			...how,
		});

	async function sign() {
		clearTimeout(timer);
		if (document.hidden || over) return;
		given = performance.now();
		const idle = !acted;
		acted = false;
		const now = typed && { form: typed.box.form?.id ?? "", ago: (given - typed.at) / 1000, text: typed.box.value };
		outcome = "failed";
		try {
			const response = await send(doing(now), { signal: AbortSignal.timeout(10_000) });
			if (response.ok) {
				/** @type {{ others: Other[], version: number }} */
				const said = await response.json();
				outcome = "answered";
				take(said.others);
				if (said.version > version) offer();
			} else if (response.status < 500 && response.status !== 429) over = true;
		} catch {
			// Nobody is told then, and the line goes by itself.
		}
		wait(pause(base, seconds, outcome, idle));
	}

	/** @param {number} next */
	function wait(next) {
		seconds = next;
		clearTimeout(timer);
		timer = setTimeout(sign, seconds * 1000);
	}

	/** As soon as it may be. */
	const soon = () => wait(given === undefined ? DWELL : Math.max(0, base - (performance.now() - given) / 1000));

	for (const line of place.querySelectorAll("[data-ago]")) {
		const text = line.firstChild?.textContent?.trim() ?? "";
		others.push({ text, since: performance.now() - Number(line.getAttribute("data-ago")) * 1000 });
	}
	document.addEventListener("input", ({ target, isTrusted }) => {
		if (!(target instanceof HTMLTextAreaElement) || !isTrusted) return;
		typed = { box: target, at: performance.now() };
	});
	for (const event of ["input", "pointermove", "keydown", "scroll"]) {
		document.addEventListener(
			event,
			() => {
				if (acted) return;
				acted = true;
				// Back from doing nothing.
				if (seconds > base && outcome === "answered") soon();
			},
			{ passive: true },
		);
	}
	document.addEventListener("visibilitychange", soon);
	window.addEventListener("pagehide", () => {
		if (given === undefined || over) return;
		given = undefined;
		clearTimeout(timer);
		send("gone", { keepalive: true }).catch(() => {});
	});
	window.addEventListener("pageshow", ({ persisted }) => persisted && soon());
	setInterval(() => others.length > 0 && show(), 1000);
	soon();
}

export function start() {
	const place = document.querySelector("[data-presence]");
	if (place instanceof HTMLElement) watch(place);
}
