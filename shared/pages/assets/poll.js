// A list that keeps itself current. It asks for its own page again, takes over what changed, and never moves a row under
// a pointer, a focus or a choice.

import { now, synchronise } from "./clock.js";
import { element, hour } from "./say.js";

/** Seconds between two questions, at most. */
const SLOWEST = 60;

/**
 * Seconds until the next question.
 * @param {number} base what the page asks for
 * @param {number} last what it was before
 * @param {"answered" | "failed"} outcome
 * @param {boolean} hidden whether nobody looks at this tab
 */
export function pause(base, last, outcome, hidden) {
	if (outcome === "answered" && !hidden) return base;
	return Math.min(Math.max(SLOWEST, base), Math.max(base, last) * 2);
}

/**
 * Which rows there are and in which order, under which heading: what a reader would see jump.
 * @param {ParentNode} place
 */
const order = (place) => Array.from(place.querySelectorAll("[id]"), (part) => part.id).join(" ");

/** What its reader or another module says, and no answer takes back. */
const OURS = ["open", "aria-current"];

/**
 * @param {Element} from
 * @param {Element} to
 */
function attributes(from, to) {
	for (const { name } of Array.from(from.attributes)) {
		if (!to.hasAttribute(name) && !OURS.includes(name)) from.removeAttribute(name);
	}
	for (const { name, value } of to.attributes) {
		if (!OURS.includes(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
	}
}

/**
 * Whether one node may become the other.
 * @param {Node | null} from
 * @param {Node} to
 */
function alike(from, to) {
	if (!from || from.nodeName !== to.nodeName) return false;
	return !(from instanceof Element) || from.id === /** @type {Element} */ (to).id;
}

/**
 * Makes one node say what another says. What has an id stays the node that it was, wherever it goes.
 * @param {Node} from
 * @param {Node} to
 * @param {Map<string, Element>} known
 */
function become(from, to, known) {
	if (!(from instanceof Element)) {
		if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
		return;
	}
	attributes(from, /** @type {Element} */ (to));
	let here = from.firstChild;
	for (const next of Array.from(to.childNodes)) {
		const named = next instanceof Element ? known.get(next.id) : undefined;
		if (here && (named ? named === here : alike(here, next))) {
			become(here, next, known);
			here = here.nextSibling;
			continue;
		}
		const part = named ?? document.importNode(next, false);
		from.insertBefore(part, here);
		become(part, next, known);
	}
	while (here) {
		const gone = here;
		here = here.nextSibling;
		gone.remove();
	}
}

/** @param {Element} list */
const named = (list) => new Map(Array.from(list.querySelectorAll("[id]"), (part) => [part.id, part]));

/**
 * Whether somebody aims at something in it.
 * @param {Element} list
 */
function busy(list) {
	return (
		(list.matches(":hover") && matchMedia("(hover: hover)").matches) ||
		list.contains(document.activeElement) ||
		list.querySelector("input:checked") !== null
	);
}

/** What stands elsewhere and is always taken over: counts, the title, the time. @param {Document} page */
function surroundings(page) {
	if (!document.title.startsWith("Error: ")) document.title = page.title;
	counted(page);
}

/** @param {Document} page */
function counted(page) {
	for (const count of document.querySelectorAll("[data-count], [data-live]")) {
		const name = count.hasAttribute("data-count") ? "data-count" : "data-live";
		const next = page.querySelector(`[${name}="${CSS.escape(count.getAttribute(name) ?? "")}"]`);
		if (next) become(count, next, new Map());
	}
}

/** @param {Element} list */
function watch(list) {
	const base = Number(list.getAttribute("data-poll")) || 10;
	const connection = document.getElementById("conexion");
	let seconds = base;
	let asked = performance.now();
	let lost = 0;
	let version = document.body.dataset.etag ?? "";
	/** What came while somebody aimed. @type {Element | undefined} */
	let waiting;
	/** @type {HTMLElement | undefined} */
	let offer;
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;

	/** @param {(string | Node)[]} sentence */
	function connected(...sentence) {
		connection?.replaceChildren(...sentence);
		connection?.classList.toggle("offline", sentence.length > 0);
	}

	/** @param {Element} next */
	function take(next) {
		const focused = offer?.contains(document.activeElement);
		offer?.remove();
		offer = undefined;
		waiting = undefined;
		become(list, next, named(list));
		const first = focused ? (list.querySelector("[aria-current] .c-what a") ?? list.querySelector("a")) : null;
		if (first instanceof HTMLElement) first.focus();
	}

	/** @param {Element} next */
	function offering(next) {
		waiting = next;
		if (offer) return;
		const button = element("button", { class: "linkish", type: "button" }, "Actualizar");
		button.addEventListener("click", () => waiting && take(waiting));
		offer = element("p", { class: "fresh" }, "Hay cambios. ", button);
		list.after(offer);
	}

	/** The rows that are there already, each where it is. @param {Element} next */
	function inPlace(next) {
		for (const row of list.querySelectorAll(".row[id]")) {
			const same = next.querySelector(`#${CSS.escape(row.id)}`);
			if (same) become(row, same, new Map());
		}
	}

	/**
	 * @param {Document} page
	 * @param {number} began
	 */
	function arrived(page, began) {
		const next = page.getElementById(list.id);
		if (!next) return;
		synchronise(page.body.dataset.now, began);
		surroundings(page);
		if (order(list) === order(next) || !busy(list)) {
			take(next);
		} else {
			inPlace(next);
			offering(next);
		}
		list.dispatchEvent(new Event("mesa:fresh", { bubbles: true }));
	}

	/** @param {"answered" | "failed"} outcome */
	function wait(outcome) {
		seconds = pause(base, seconds, outcome, document.hidden);
		clearTimeout(timer);
		timer = setTimeout(ask, seconds * 1000);
	}

	/** @param {string} what */
	function failed(what) {
		lost ||= now();
		connected(`${what} desde las ${hour(lost)}; los relojes siguen`);
		wait("failed");
	}

	function ask() {
		asked = performance.now();
		// The one way to a page's nodes that hands no text over to be read as markup.
		const request = new XMLHttpRequest();
		let began = asked;
		request.open("GET", location.href);
		request.responseType = "document";
		request.timeout = 20_000;
		if (version) request.setRequestHeader("If-None-Match", version);
		request.addEventListener("readystatechange", () => {
			if (request.readyState === XMLHttpRequest.HEADERS_RECEIVED) began = performance.now();
		});
		request.addEventListener("error", () => failed("Sin conexión"));
		request.addEventListener("timeout", () => failed("Sin conexión"));
		request.addEventListener("load", () => {
			if (request.status !== 304 && request.status !== 200) {
				failed("La Mesa de Ayuda no responde");
				return;
			}
			// An answer without a page says that nothing changed.
			const page = request.status === 200 ? request.response : undefined;
			if (page instanceof Document && !page.getElementById(list.id)) {
				// The address leads elsewhere now: to where one signs in.
				const link = element("a", { href: "/entrar", target: "_blank", rel: "noopener" }, "Entre en otra pestaña");
				connected("Su sesión terminó. ", link, ".");
				wait("failed");
				return;
			}
			if (lost || connection?.hasChildNodes()) connected();
			lost = 0;
			version = request.getResponseHeader("ETag") ?? version;
			if (page instanceof Document) arrived(page, began);
			wait("answered");
		});
		request.send();
	}

	document.addEventListener("mesa:changed", ask);
	document.addEventListener("visibilitychange", () => {
		if (!document.hidden && performance.now() - asked >= base * 1000) ask();
	});
	// As soon as nobody aims any more, what waited is taken.
	for (const event of ["pointerleave", "focusout", "change"]) {
		list.addEventListener(event, () =>
			setTimeout(() => {
				if (waiting && !busy(list) && !offer?.contains(document.activeElement)) take(waiting);
			}),
		);
	}
	wait("answered");
}

/** The rail of a page that another function drew: it has no counts, and the desk has. */
function fill() {
	const counts = Array.from(document.querySelectorAll(".rail [data-count]"));
	if (counts.length === 0 || counts.some((count) => count.hasChildNodes())) return;
	const request = new XMLHttpRequest();
	request.open("GET", "/solicitudes/nueva");
	request.responseType = "document";
	request.addEventListener("load", () => {
		if (request.response instanceof Document) counted(request.response);
	});
	request.send();
}

export function start() {
	fill();
	for (const list of document.querySelectorAll("[data-poll][id]")) watch(list);
}
