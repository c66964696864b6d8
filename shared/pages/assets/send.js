// Ctrl+Enter sends what is being written, on every page. The other keys are for the desk.

/**
 * Sends the form that somebody writes in, by the button of a key.
 * @param {EventTarget | null} target where it was pressed
 * @param {string} press
 */
export function send(target, press) {
	const control = target instanceof Element && target.matches("input, select, textarea, button") ? target : undefined;
	const form = control?.closest("form");
	if (form?.method !== "post") return false;
	// Where the buttons say what is asked for, one of them is the key's.
	const own = press === "Control+Enter";
	const shortcut = `[aria-keyshortcuts~="${press}"]`;
	/** @param {string} one @returns {HTMLElement | null} */
	const find = (one) => form.querySelector(one);
	const named = find(own ? `[data-meant], [name]${shortcut}` : shortcut);
	// A form of which each button says something else waits for one of them.
	const button = named ?? (own ? find("button:not([name], [type='button'])") : null);
	if (button) form.requestSubmit(button);
	return button !== null;
}

export function start() {
	document.addEventListener("keydown", (event) => {
		const { target, key, ctrlKey, shiftKey, isComposing } = event;
		if (key !== "Enter" || !ctrlKey || shiftKey || isComposing) return;
		if (send(target, "Control+Enter")) event.preventDefault();
	});
}
