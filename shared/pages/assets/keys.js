// The keys of the desk. A page says with `data-key` what a part of it answers to; which keys there are, and what they do,
// is the table here, and the help is drawn from it.

import { element, tell } from "./say.js";
import { send } from "./send.js";
import { briefly, read, who, write } from "./store.js";

/**
 * @typedef {"next" | "previous" | "open" | "choose" | "search" | "send" | "leave" | "help" | "copy" | "part"} Act
 * @typedef {{ press: string, act: Act, what: string, also?: string[], whose?: string }} Key
 */

/** The title of what is done to a request, there or from a list. */
const ON_REQUESTS = "Sobre una solicitud";

/** The help shows those that do something on its page. `whose` they are is said to others. @type {Record<string, Key[]>} */
export const KEYS = {
	Moverse: [
		{ press: "j", also: ["ArrowDown"], act: "next", what: "Siguiente" },
		{ press: "k", also: ["ArrowUp"], act: "previous", what: "Anterior" },
		{ press: "Enter", act: "open", what: "Abrir" },
		{ press: "x", act: "choose", what: "Elegir la fila" },
		{ press: "/", act: "search", what: "Buscar" },
		{ press: "Control+k", act: "search", what: "Buscar, también mientras escribe" },
		{ press: "Escape", act: "leave", what: "Salir del campo, quitar, volver" },
		{ press: "?", act: "help", what: "Esta ayuda" },
	],
	[ON_REQUESTS]: [
		{ press: "a", act: "part", what: "Tomarla" },
		{ press: "Shift+A", act: "part", what: "Asignarla a alguien", whose: "la coordinación" },
		{ press: "r", act: "part", what: "Responder" },
		{ press: "n", act: "part", what: "Nota interna" },
		{ press: "h", act: "part", what: "Dejar en espera" },
		{ press: "l", act: "part", what: "Escalar" },
		{ press: "e", act: "part", what: "Resolver" },
		{ press: "Shift+E", act: "part", what: "Resolver y siguiente" },
		{ press: ".", act: "copy", what: "Copiar el número" },
	],
	"Mientras escribe": [
		{ press: "Control+Enter", act: "send", what: "Enviar" },
		{ press: "Control+Shift+Enter", act: "send", what: "Resolver y siguiente" },
		{ press: "::", act: "part", what: "Textos preparados" },
	],
	"Ir a": [
		{ press: "g c", act: "part", what: "Cola" },
		{ press: "g m", act: "part", what: "Mías" },
		{ press: "c", act: "part", what: "Registrar una llamada" },
	],
};

/** How long the second key of two may take, in milliseconds. */
const TOGETHER = 1000;

/** Keys that go on acting where single characters are switched off. */
const NAMED = /^(?:Control\+.*|Enter|Escape|Arrow.*)$/;

/**
 * What was pressed, as the table writes it; nothing, where it is not for a page.
 * @param {{ key: string, ctrlKey: boolean, altKey: boolean, metaKey: boolean, shiftKey: boolean, isComposing: boolean }} event
 */
export function pressed({ key, ctrlKey, altKey, metaKey, shiftKey, isComposing }) {
	if (isComposing || altKey || metaKey) return undefined;
	const letter = key.length === 1 && key.toLowerCase() !== key.toUpperCase();
	if (ctrlKey && shiftKey) return key === "Enter" ? "Control+Shift+Enter" : undefined;
	if (ctrlKey) return `Control+${letter ? key.toLowerCase() : key}`;
	if (!letter) return key;
	return shiftKey ? `Shift+${key.toUpperCase()}` : key.toLowerCase();
}

/**
 * The key of the table, or that another one has to follow.
 * @param {string} press
 * @param {string} before the first of two, or nothing
 * @returns {Key | "more" | undefined}
 */
export function match(press, before) {
	const all = Object.values(KEYS).flat();
	const whole = before ? `${before} ${press}` : press;
	const key = all.find((each) => each.press === whole || each.also?.includes(whole));
	if (key) return key;
	if (before) return match(press, "");
	return all.some((each) => each.press.startsWith(`${whole} `)) ? "more" : undefined;
}

/**
 * Whether it acts there.
 * @param {string} press
 * @param {{ typing: boolean, letters: boolean }} place
 */
export function acts(press, { typing, letters }) {
	if (press.endsWith("+Enter") || press === "Control+k" || press === "Escape") return true;
	return !typing && (letters || NAMED.test(press));
}

const SWITCH = () => `teclas:${who()}`;

/** As he set it up, wherever that was; as this browser remembers it, on a page that does not say. */
const letters = () => (document.body.dataset.letters ?? read(SWITCH())) !== "no";

/** @param {boolean} on */
function change(on) {
	const word = on ? "si" : "no";
	document.body.dataset.letters = word;
	write(SWITCH(), word);
	// Without a connection it holds in this browser.
	fetch("/teclas", {
		method: "POST",
		body: new URLSearchParams({ letras: word }),
		headers: { Accept: "application/json" },
	}).catch(() => {});
}

/** How the browser's notices stand. @type {Record<NotificationPermission, string>} */
const NOTICES = { default: "sin permitir", granted: "permitidos", denied: "bloqueados en los ajustes del navegador" };

/** How the notices stand, and a button to ask for them: nothing else does. */
function notices() {
	if (!("Notification" in window)) return [];
	const state = element("span", { role: "status" });
	const button = element("button", { class: "button button--s", type: "button" }, "Permitir avisos");
	const told = () => {
		state.textContent = `Avisos 10 y 3 minutos antes de que venza una suya: ${NOTICES[Notification.permission]}.`;
		button.hidden = Notification.permission !== "default";
	};
	button.addEventListener("click", () => Notification.requestPermission().then(told));
	told();
	return [element("div", { class: "keyset" }, state, button)];
}

/** @param {EventTarget | null} target */
const typing = (target) =>
	target instanceof Element &&
	target.closest(
		"textarea, select, [contenteditable], input:not([type='checkbox'], [type='radio'], [type='submit'], [type='button'])",
	) !== null;

/** @param {Element} part */
const shown = (part) => part.checkVisibility?.() !== false;

/** @param {string} selector @param {ParentNode} [place] */
const find = (selector, place = document) =>
	Array.from(place.querySelectorAll(selector)).find((part) => part instanceof HTMLElement && shown(part));

const current = () => find(".row[aria-current]");

/** Where a row leads: its title, before any clock that leads to its account. @param {Element} row */
function linkOf(row) {
	const link = row.querySelector(".c-what a") ?? row.querySelector("a");
	return link instanceof HTMLAnchorElement ? link : undefined;
}

/** The list that somebody came from: its address, and the addresses of its requests. @typedef {{ at: string, all: string[] }} Came */

const CAME = "cola";

/** For the requests that are opened from it, in this window. */
function remember() {
	const all = Array.from(document.querySelectorAll(".row"), (row) => linkOf(row)?.pathname ?? "");
	if (all.length === 0) return;
	briefly((storage) => storage.setItem(CAME, JSON.stringify({ at: location.pathname + location.search, all })));
}

/** @returns {Came | undefined} where this page is of that list */
function came() {
	/** @type {Came | undefined} */
	let list;
	briefly((storage) => {
		list = JSON.parse(storage.getItem(CAME) ?? "null") ?? undefined;
	});
	return list?.all.includes(location.pathname) ? list : undefined;
}

/** To the request beside this one. @param {1 | -1} step */
function beside(step) {
	const list = came();
	if (!list) return false;
	const to = list.all[list.all.indexOf(location.pathname) + step];
	if (to) location.assign(to);
	else tell(step === 1 ? "Es la última de la lista." : "Es la primera de la lista.");
	return true;
}

/** @param {1 | -1} step */
function move(step) {
	const rows = Array.from(document.querySelectorAll(".row")).filter(shown);
	if (rows.length === 0) return beside(step);
	const here = rows.findIndex((row) => row.hasAttribute("aria-current"));
	const focused = rows.findIndex((row) => row.contains(document.activeElement));
	const from = focused >= 0 ? focused : here;
	const to = from < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, from + step));
	rows[here]?.removeAttribute("aria-current");
	rows[to]?.setAttribute("aria-current", "true");
	if (rows[to]) linkOf(rows[to])?.focus();
	return true;
}

/**
 * Goes to what a part is for: into its first field, or onto it.
 * @param {Element} target
 */
function enter(target) {
	if (target instanceof HTMLDetailsElement) target.open = true;
	for (const meant of document.querySelectorAll("[data-meant]")) meant.removeAttribute("data-meant");
	const field = find("textarea, select, input:not([type='hidden'])", target);
	const first = field ?? (target instanceof HTMLDetailsElement ? target.querySelector("summary") : target);
	if (first instanceof HTMLElement) first.focus();
}

/** A word that says on the next page which of its parts was meant. */
const MEANT = "#tecla-";

/** @param {string} press */
function part(press) {
	const row = current();
	const selector = `[data-key="${CSS.escape(press)}"]`;
	const target = (row && find(selector, row)) ?? find(selector);
	if (target instanceof HTMLFormElement || target instanceof HTMLDetailsElement) enter(target);
	else if (target instanceof HTMLElement) {
		if (target.matches("a, button, summary")) target.click();
		else target.focus();
	} else if (row && may(press)) {
		// What is done to a request is done on its page.
		const link = linkOf(row);
		if (link) location.assign(`${link.pathname}${MEANT}${encodeURIComponent(press)}`);
	} else {
		// In a part that is closed: there is something to be filled in first.
		const button = document.querySelector(selector);
		const closed = button?.closest("details:not([open])");
		if (!closed) return false;
		enter(closed);
		// Whoever came by its key sends with it.
		button?.setAttribute("data-meant", "");
	}
	return true;
}

/** Whether he may do it to some request. @param {string} press */
const may = (press) => (document.body.dataset.acts ?? "").split(" ").includes(press);

/** Whether a key does something on this page, for whoever looks. @param {Key} key */
function does({ press, act: what }) {
	const there = document.querySelector(`[data-key="${CSS.escape(press)}"]`) !== null;
	const row = find(".row") !== undefined;
	switch (what) {
		case "next":
		case "previous":
			return row || came() !== undefined;
		case "open":
			return row;
		case "choose":
			return document.querySelector(".row .pick") !== null;
		case "search":
			return find('[data-key="/"], [type="search"]') !== undefined;
		case "send":
			return document.querySelector(`[aria-keyshortcuts~="${press}"]`) !== null;
		case "copy":
			return row || document.querySelector("[data-copy]") !== null;
		case "leave":
		case "help":
			return true;
		case "part":
			return there || (row && may(press));
	}
}

/** Came here for one of its parts. An address never does anything: it only goes there. */
function meant() {
	if (!location.hash.startsWith(MEANT)) return;
	const press = decodeURIComponent(location.hash.slice(MEANT.length));
	const key = match(press, "");
	if (!part(press) && typeof key === "object") refuse(key);
	history.replaceState(null, "", location.pathname + location.search);
}

/** @param {Element} source */
async function copy(source) {
	const text = (source.getAttribute("data-copy") || source.textContent || "").trim();
	try {
		await navigator.clipboard.writeText(text);
		tell(`Copiado: ${text}`);
	} catch {
		tell("Este navegador no deja copiar.");
	}
}

/** @param {string} press `Shift+A`, `g c` */
function written(press) {
	const names = press.startsWith("Control+")
		? [
				press
					.replace("Control+", "Ctrl ")
					.replace("Shift+", "⇧ ")
					.replace(/ .$/, (letter) => letter.toUpperCase()),
			]
		: press.replace("Shift+", "⇧").split(" ");
	return names.flatMap((name, index) => [index > 0 ? " " : "", element("kbd", {}, name.replace("Escape", "Esc"))]);
}

/** The help, with the switch: of the page as it is now. */
function help() {
	document.getElementById("teclas")?.remove();
	const box = element("input", { type: "checkbox", role: "switch", "aria-describedby": "teclas-h" });
	const state = element("b", {});
	const toggle = /** @type {HTMLInputElement} */ (box);
	toggle.checked = letters();
	const told = () => {
		state.textContent = `Teclas de una sola letra: ${toggle.checked ? "encendidas" : "apagadas"}`;
	};
	told();
	toggle.addEventListener("change", () => {
		change(toggle.checked);
		told();
	});
	const hint = "Apáguelas si dicta con la voz o se le van sin querer. Quedan Ctrl, Enter, Esc y las flechas.";
	const sections = Object.entries(KEYS).flatMap(([title, list]) => {
		const lines = list
			.filter(does)
			.map(({ press, what }) => element("div", {}, element("dt", {}, ...written(press)), element("dd", {}, what)));
		return lines.length > 0 ? [element("section", {}, element("h3", {}, title), element("dl", {}, ...lines))] : [];
	});
	const close = element("button", { class: "button button--s" }, "Cerrar ", element("kbd", {}, "Esc"));
	const dialog = /** @type {HTMLDialogElement} */ (
		element(
			"dialog",
			{ class: "dialog", id: "teclas", "aria-labelledby": "teclas-t" },
			element(
				"div",
				{ class: "dialog-head" },
				element("h2", { id: "teclas-t", tabindex: "-1" }, "Teclas"),
				element("form", { method: "dialog" }, close),
			),
			element(
				"div",
				{ class: "dialog-body" },
				element(
					"div",
					{ class: "keyset" },
					element("label", { class: "switch" }, box, state, element("small", { id: "teclas-h" }, hint)),
				),
				...notices(),
				element("div", { class: "keysheet" }, ...sections),
			),
		)
	);
	document.body.append(dialog);
	return dialog;
}

/** Says that a key does nothing here, and who does what it is for. @param {Key} key */
function refuse({ press, what, whose }) {
	const ofRequests = KEYS[ON_REQUESTS]?.some((key) => key.press === press);
	const why = ofRequests && find("[data-why]")?.textContent;
	if (ofRequests && whose && !may(press)) tell(`${what}: lo hace ${whose}.`);
	else tell(`${what}: ${why || "ahora no se puede aquí"}.`);
}

/** Chooses one of several that have digits. @param {EventTarget | null} target @param {string} press */
function digit(target, press) {
	if (!(target instanceof HTMLInputElement) || !/^\d$/.test(press)) return;
	const choice = target.closest("[data-digits]")?.querySelectorAll("input")[(Number(press) || 10) - 1];
	choice?.focus();
	choice?.click();
}

/** Out of a field, what it says stays; elsewhere, back. @param {EventTarget | null} target */
function leave(target) {
	if (!typing(target) || !(target instanceof HTMLElement)) return part("Escape");
	// A search is emptied first, as browsers do.
	if (target instanceof HTMLInputElement && target.type === "search" && target.value !== "") return false;
	target.blur();
	return true;
}

function open() {
	const dialog = help();
	if (!dialog.open) dialog.showModal();
	return true;
}

/**
 * @param {Key} key
 * @param {KeyboardEvent} event
 * @returns {boolean} whether it did something
 */
function act(key, event) {
	const { target } = event;
	switch (key.act) {
		case "next":
		case "previous": {
			// An arrow scrolls, but where there is a list to go through.
			if (event.key.startsWith("Arrow") && (!find(".row") || typing(target) || target instanceof HTMLInputElement)) {
				return false;
			}
			return move(key.act === "next" ? 1 : -1);
		}
		case "open": {
			const row = current();
			if (target !== document.body || !row) return false;
			linkOf(row)?.click();
			return true;
		}
		case "choose": {
			const box = current()?.querySelector(".pick input");
			if (!(box instanceof HTMLElement)) return false;
			box.click();
			return true;
		}
		case "search": {
			const field = find('[data-key="/"], [type="search"]');
			if (!(field instanceof HTMLInputElement)) return false;
			field.focus();
			field.select();
			return true;
		}
		case "send":
			return send(target, key.press);
		case "leave":
			return leave(target);
		case "help":
			return open();
		case "copy": {
			const source = current()?.querySelector("[data-copy], .num") ?? find("[data-copy]");
			if (!source) return false;
			copy(source);
			return true;
		}
		case "part":
			return part(key.press);
	}
}

/** The way to the help for whoever does not know its key. */
function offer() {
	const foot = document.querySelector(".rail-foot");
	if (!foot || foot.querySelector('[data-key="?"]')) return;
	const button = element(
		"button",
		{ class: "linkish", type: "button", "data-key": "?", "aria-keyshortcuts": "?" },
		element("span", {}, "Todas las teclas"),
		" ",
		element("kbd", {}, "?"),
	);
	button.addEventListener("click", open);
	foot.prepend(button);
}

export function start() {
	const { letters: known } = document.body.dataset;
	if (known) write(SWITCH(), known);
	let before = "";
	let since = 0;
	document.addEventListener("keydown", (event) => {
		const press = pressed(event);
		digit(event.target, press ?? "");
		if (!press || event.defaultPrevented || document.querySelector("dialog[open]")) return;
		if (!acts(press, { typing: typing(event.target), letters: letters() })) return;
		const found = match(press, event.timeStamp - since < TOGETHER ? before : "");
		before = found === "more" ? press : "";
		since = event.timeStamp;
		if (!found || found === "more") return;
		if (act(found, event)) event.preventDefault();
		else if (!NAMED.test(press) || press === "Control+Shift+Enter") refuse(found);
	});
	document.addEventListener("click", ({ target }) => {
		const source = target instanceof Element ? target.closest("button[data-copy]") : null;
		if (source) copy(source);
		const way = target instanceof Element ? target.closest(".actions a[href^='#']") : null;
		const to = way && document.querySelector(way.getAttribute("href") ?? "")?.closest("details");
		if (to) enter(to);
	});
	const back = document.querySelector("a[data-back]");
	const list = came();
	if (list) back?.setAttribute("href", list.at);
	window.addEventListener("pagehide", remember);
	offer();
	meant();
}
