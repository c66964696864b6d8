// Fields that apply only where another one says so: they are shown then. Without scripts all of them are, each with what it
// hangs on.

/**
 * What a field of a form says; of those of which one is chosen, what that is.
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function said(form, name) {
	const field = form.elements.namedItem(name);
	if (field instanceof RadioNodeList || field instanceof HTMLSelectElement) return field.value;
	if (!(field instanceof HTMLInputElement)) return "";
	return /^(?:radio|checkbox)$/.test(field.type) && !field.checked ? "" : field.value;
}

/** @param {HTMLElement} part */
function show(part) {
	const form = part.closest("form");
	if (!form) return;
	const { when = "", is = "" } = part.dataset;
	// What is wrong with it has to be seen.
	part.hidden = !is.split(" ").includes(said(form, when)) && !part.querySelector(".field-error");
}

export function start() {
	const parts = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-when]"));
	const all = () => parts.forEach(show);
	document.addEventListener("input", all);
	all();
}
