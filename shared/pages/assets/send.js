// Ctrl+Enter sends what is being written, on every page. The other keys are for the desk.

/**
 * Sends the form that somebody writes in, by the button of a key.
 * @param {EventTarget | null} target where it was pressed
 * @param {string} press
 */
export function send(target, press) {
	if (!(target instanceof Element) || !target.matches("input, select, textarea")) return false;
	const form = target.closest("form");
	if (form?.method !== "post") return false;
	if (press !== "Control+Enter") {
		const button = form.querySelector(`[aria-keyshortcuts~="${press}"]`);
		if (!(button instanceof HTMLElement)) return false;
		form.requestSubmit(button);
		return true;
	}
	// Where the buttons say what is asked for, one of them is the key's.
	form.requestSubmit(form.querySelector("[data-meant], [name][aria-keyshortcuts='Control+Enter']"));
	return true;
}

export function start() {
	document.addEventListener("keydown", (event) => {
		const { key, ctrlKey, altKey, metaKey, shiftKey } = event;
		const others = altKey || metaKey || shiftKey || event.isComposing || event.defaultPrevented;
		if (key !== "Enter" || !ctrlKey || others || document.querySelector("dialog[open]")) return;
		if (send(event.target, "Control+Enter")) event.preventDefault();
	});
}
