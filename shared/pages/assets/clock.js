// Clocks that tick. A page says how many seconds were left at the server's time; from there on they are counted here, by
// what passes and not by the hour that this machine believes it is.

import { say } from "./say.js";

/** From here on a clock runs out soon, in seconds: as on the server. */
const SOON = 600;

/** When one is told of one's own clocks, in seconds left: soon, very soon, too late. */
const TOLD = [SOON, 180, -1];

const DAY = 86_400;

/**
 * What a glance has to tell: `40 s`, `6 min`, `2 h 5 min`, `3 días`.
 * @param {number} seconds
 */
export function amount(seconds) {
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return `${minutes} min`;
	const days = Math.floor(seconds / DAY);
	if (days > 0) return days === 1 ? "1 día" : `${days} días`;
	const rest = minutes % 60;
	return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** @param {number} left seconds; fewer than none once it is too late */
export const words = (left) => (left < 0 ? `vencida hace ${amount(-left)}` : `faltan ${amount(left)}`);

/**
 * @param {number} left
 * @returns {"run" | "soon" | "overdue"}
 */
export function state(left) {
	if (left < 0) return "overdue";
	return left <= SOON ? "soon" : "run";
}

/**
 * Whether a moment to tell of lies between these.
 * @param {number} before
 * @param {number} after
 */
export const told = (before, after) => TOLD.some((limit) => before > limit && after <= limit);

/**
 * Milliseconds that have passed, from two clocks: one that may stand still while the machine sleeps, and one that somebody
 * may set. Where the second is ahead, the machine slept.
 * @param {number} steady
 * @param {number} wall
 */
export const passed = (steady, wall) => (wall - steady > 2000 ? wall : steady);

/**
 * The title with one more that needs somebody.
 * @param {string} title
 */
export function oneMore(title) {
	const [, count, rest] = /^(?:\((\d+)\) )?(.*)$/s.exec(title) ?? [];
	return `(${Number(count ?? 0) + 1}) ${rest}`;
}

/** The server's time, in milliseconds since 1970, at a moment of both clocks here. */
const known = { server: Date.now(), steady: 0, wall: Date.now() };

/** Seconds left of each clock as it was last told, and when. @type {WeakMap<Element, { left: number, at: number }>} */
const clocks = new WeakMap();

/** Seconds left of each clock as they were last shown. @type {WeakMap<Element, number>} */
const shown = new WeakMap();

/** The server's time now, in milliseconds since 1970. */
export const now = () => known.server + passed(performance.now() - known.steady, Date.now() - known.wall);

/**
 * The server has just said what time it is.
 * @param {string | undefined} time RFC 3339
 * @param {number} steady when its answer began to arrive, by `performance.now`
 */
export function synchronise(time, steady) {
	const server = Date.parse(time ?? "");
	if (Number.isNaN(server)) return;
	known.server = server;
	known.steady = steady;
	known.wall = Date.now() - (performance.now() - steady);
}

/** @param {Element} clock */
function whose(clock) {
	const place = clock.closest(".row, .mine, .ticket, main");
	return place?.querySelector(".num")?.textContent?.trim() ?? "";
}

/** @param {string} sentence */
function notify(sentence) {
	if (!("Notification" in window) || Notification.permission !== "granted") return;
	try {
		// The same sentence of two tabs is one notification.
		new Notification("Mesa de Ayuda", { body: sentence, tag: sentence, lang: "es-CO" });
	} catch {
		// Where only a service worker may show them.
	}
}

/** @param {HTMLElement} clock */
function read(clock) {
	const left = Number.parseInt(clock.dataset.left ?? "", 10);
	const last = Number.isNaN(left) ? undefined : { left, at: known.server };
	if (last) clocks.set(clock, last);
	return last;
}

/**
 * @param {HTMLElement} clock
 * @param {number} at
 * @returns {string | undefined} what is to be told
 */
function tick(clock, at) {
	const from = clocks.get(clock) ?? read(clock);
	if (!from) return undefined;
	const left = from.left - Math.max(0, Math.floor((at - from.at) / 1000));
	const place = clock.querySelector("b time") ?? clock.querySelector("b");
	const text = words(left);
	if (place && place.textContent !== text) place.textContent = text;
	const next = state(left);
	if (clock.dataset.state !== next) {
		clock.dataset.state = next;
		clock.querySelector("use")?.setAttribute("href", `#i-${next}`);
		const bar = clock.closest(".sclock")?.querySelector(".bar");
		if (bar instanceof SVGElement) bar.dataset.state = next;
	}
	const before = shown.get(clock) ?? from.left;
	shown.set(clock, left);
	if (!("mine" in clock.dataset) || !told(before, left)) return undefined;
	const label = clock.querySelector("b")?.previousSibling?.textContent?.trim() ?? "";
	return [whose(clock), label, text].filter(Boolean).join(" ");
}

function tickAll() {
	const at = now();
	/** @type {string[]} */
	const said = [];
	for (const clock of document.querySelectorAll(".clock[data-left][data-running]")) {
		const sentence = clock instanceof HTMLElement ? tick(clock, at) : undefined;
		if (sentence) said.push(sentence);
	}
	if (said.length > 0) {
		say(said.join(". "));
		for (const sentence of said) {
			document.title = oneMore(document.title);
			notify(sentence);
		}
	}
	// On the server's second, however late this one came.
	setTimeout(tickAll, 1000 - (now() % 1000));
}

export function start() {
	const [navigation] = performance.getEntriesByType("navigation");
	const began = navigation instanceof PerformanceNavigationTiming ? navigation.responseStart : 0;
	synchronise(document.body.dataset.now, began);
	// What an answer brought is told anew, whether or not its figures are the same.
	document.addEventListener("mesa:fresh", (event) => {
		const place = event.target instanceof Element ? event.target : document.body;
		for (const clock of place.querySelectorAll(".clock[data-left]")) {
			if (clock instanceof HTMLElement) read(clock);
		}
	});
	tickAll();
}
