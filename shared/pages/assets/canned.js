// Canned texts. `::` in a box offers those that the page has; what is typed after it narrows them, the arrows choose, and
// Enter puts one in its place. The box stays a box of several lines: it only points at what is chosen.

import { element, say } from "./say.js";

/** @typedef {{ name: string, text: string }} Canned */

/** As it is searched: without accents and capitals. @param {string} text */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * What is looked for: what follows two colons that begin a word, up to the caret. `fe80::1` and `std::vec` are left alone.
 * @param {string} before
 */
export const asked = (before) => /(?:^|[\s(«"])::([^\n:]{0,40})$/.exec(before)?.[1];

/**
 * The texts whose names have every word.
 * @param {Canned[]} texts
 * @param {string} words
 */
export function narrowed(texts, words) {
	const all = plain(words).split(/\s+/).filter(Boolean);
	return texts.filter(({ name }) => all.every((word) => plain(name).includes(word)));
}

/** What a text says, after its greeting. @param {string} text */
const glimpse = (text) => text.replace(/^[^\n]*\n\n(?=.)/, "").replace(/\s+/g, " ");

/** @param {number} count */
export const offer = (count) => (count === 1 ? "1 texto preparado" : `${count} textos preparados`);

/** The list, while it is open. @typedef {{ box: HTMLTextAreaElement, from: number, words: string, found: Canned[], at: number }} Open */

/** @type {Open | undefined} */
let open;

/** Where the reader said that he means the colons themselves. */
let left = -1;

/** What the box says of itself while the list is there. */
const POINTS = { "aria-controls": "textos-lista", "aria-autocomplete": "list", "aria-haspopup": "listbox" };

/** The list, made once it is needed. @type {HTMLElement | undefined} */
let made;

const listed = () => {
	const whose = document.querySelector("#textos [data-whose]")?.textContent ?? "";
	made ??= element("ul", {
		class: "offers",
		role: "listbox",
		id: "textos-lista",
		"aria-label": "Textos preparados",
		"data-whose": whose,
	});
	return made;
};

function close() {
	if (!open) return;
	for (const name of [...Object.keys(POINTS), "aria-activedescendant"]) open.box.removeAttribute(name);
	open = undefined;
	listed().remove();
}

/** @param {Open} opened */
function point({ box, at }) {
	for (const [index, option] of Array.from(listed().children).entries()) {
		option.setAttribute("aria-selected", String(index === at));
		if (index !== at) continue;
		box.setAttribute("aria-activedescendant", option.id);
		option.scrollIntoView({ block: "nearest" });
	}
}

/** @param {Open} opened @param {number} index */
function take({ box, from, found }, index) {
	const { text } = found[index] ?? {};
	close();
	if (text === undefined) return;
	box.focus();
	box.setSelectionRange(from, box.selectionEnd);
	// As if it had been typed: it can be taken back, and is kept as a draft.
	document.execCommand("insertText", false, text);
}

/** @param {Open} opened */
function draw(opened) {
	const options = opened.found.map(({ name, text }, index) => {
		const option = element("li", { role: "option", id: `textos-${index}` }, element("b", {}, name), " ");
		option.append(element("small", {}, glimpse(text)));
		// A press keeps the focus where one writes.
		option.addEventListener("pointerdown", (event) => event.preventDefault());
		option.addEventListener("click", () => open && take(open, index));
		return option;
	});
	const list = listed();
	list.replaceChildren(...options);
	if (list.previousElementSibling !== opened.box) opened.box.after(list);
	for (const [name, value] of Object.entries(POINTS)) opened.box.setAttribute(name, value);
	point(opened);
	list.scrollIntoView({ block: "nearest" });
}

/**
 * Opens, narrows or closes, by what stands before the caret.
 * @param {HTMLTextAreaElement} box
 * @param {Canned[]} texts
 */
function look(box, texts) {
	const before = box.value.slice(0, box.selectionStart);
	const words = box.selectionStart === box.selectionEnd ? asked(before) : undefined;
	if (words === undefined) {
		left = -1;
		close();
		return;
	}
	const from = before.length - words.length - 2;
	if (open?.from === from && open.words === words) return;
	const found = from === left ? [] : narrowed(texts, words);
	if (found.length === 0) {
		close();
		return;
	}
	say(`${offer(found.length)}${open ? "" : ". Flechas para elegir, Enter para ponerlo, Escape para seguir."}`);
	open = { box, from, words, found, at: 0 };
	draw(open);
}

/** @param {KeyboardEvent} event */
function pressed(event) {
	if (!open || event.target !== open.box || event.isComposing) return;
	if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
	const { found } = open;
	switch (event.key) {
		case "ArrowDown":
		case "ArrowUp":
			open.at = (open.at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
			point(open);
			break;
		case "Enter":
			take(open, open.at);
			break;
		case "Escape":
			left = open.from;
			close();
			break;
		default:
			return;
	}
	event.preventDefault();
	event.stopPropagation();
}

export function start() {
	const place = document.getElementById("textos");
	const forms = (place?.dataset.forms ?? "").split(" ");
	const texts = Array.from(place?.querySelectorAll("dl > div") ?? [], (entry) => ({
		name: entry.querySelector("dt")?.textContent ?? "",
		text: entry.querySelector("dd")?.textContent ?? "",
	}));
	/** @param {EventTarget | null} target @returns {target is HTMLTextAreaElement} */
	const takes = (target) => target instanceof HTMLTextAreaElement && forms.includes(target.form?.id ?? "");
	document.addEventListener("input", ({ target }) => takes(target) && look(target, texts));
	document.addEventListener("selectionchange", () => open && look(open.box, texts));
	document.addEventListener("keydown", pressed, true);
	document.addEventListener("focusout", close);
}
