// Files that go with what is written: chosen, dropped or pasted. What uploads them comes with the first.

import { say } from "./say.js";

/**
 * Where files are chosen, and what the form sends of them.
 * @typedef {{
 *   form: HTMLFormElement, field: HTMLElement, input: HTMLInputElement, ids: HTMLInputElement, list: HTMLElement
 * }} Place
 */

/**
 * A screenshot is called by its time: browsers call each the same.
 * @param {File} file
 * @param {Date} at
 */
export function named(file, at) {
	if (file.name !== "image.png") return file;
	const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0"));
	return new File([file], `captura-${time.join("")}.png`, { type: file.type });
}

/** @param {HTMLElement} field @returns {Place | undefined} */
function placeOf(field) {
	const form = field.closest("form");
	const input = field.querySelector("input[type='file']");
	const ids = field.querySelector("input[name='attachments']");
	const list = field.querySelector("ul");
	const whole = form && list && input instanceof HTMLInputElement && ids instanceof HTMLInputElement;
	return whole ? { form, field, input, ids, list } : undefined;
}

/** @param {Place} place */
function attach(place) {
	const { form, field, input } = place;
	for (const part of field.querySelectorAll("label, .drop")) part.removeAttribute("hidden");
	field.querySelector("[data-plain]")?.remove();
	/** @type {Promise<(files: Iterable<File>) => void> | undefined} */
	let uploading;

	/** @param {File[]} files */
	async function take(files) {
		if (files.length === 0) return;
		// Nothing is sent without those that were chosen.
		field.dataset.coming = "";
		uploading ??= import("./upload.js").then(({ uploads }) => uploads(place));
		try {
			(await uploading)(files);
		} catch {
			uploading = undefined;
			say("No hay conexión: elija los archivos otra vez.");
		}
		delete field.dataset.coming;
		form.dispatchEvent(new Event("mesa:files"));
	}

	const chosen = () => {
		take(Array.from(input.files ?? []));
		input.value = "";
	};
	input.addEventListener("change", chosen);
	// Before this came, too.
	chosen();
	const drop = input.parentElement;
	form.addEventListener("dragover", (event) => {
		if (!event.dataTransfer?.types.includes("Files")) return;
		event.preventDefault();
		drop?.setAttribute("data-over", "");
	});
	for (const over of ["dragleave", "drop"]) form.addEventListener(over, () => drop?.removeAttribute("data-over"));
	form.addEventListener("drop", (event) => {
		const files = event.dataTransfer?.files;
		if (!files?.length) return;
		event.preventDefault();
		take(Array.from(files));
	});
	form.addEventListener("paste", ({ clipboardData }) => {
		// What has words, too, is text: programs put a picture of it beside it.
		if (!clipboardData || clipboardData.types.includes("text/plain")) return;
		take(Array.from(clipboardData.files, (file) => named(file, new Date())));
	});
}

export function start() {
	for (const field of document.querySelectorAll("form [data-files]")) {
		const place = field instanceof HTMLElement && placeOf(field);
		if (place) attach(place);
	}
}
